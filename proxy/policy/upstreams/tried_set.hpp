// Which upstreams of a pool one request has tried. A bit mask, with an overflow for pools beyond 64 upstreams.
// It keeps no order and no outcome.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::policy {

class tried_set {
public:
    void add(std::size_t index) {
        if (index < 64) {
            mask_ |= std::uint64_t{1} << index;
        } else if (!contains(index)) {
            beyond_.push_back(index);
        }
    }
    [[nodiscard]] bool contains(std::size_t index) const {
        if (index < 64) return (mask_ >> index & 1U) != 0;
        return std::find(beyond_.begin(), beyond_.end(), index) != beyond_.end();
    }
    [[nodiscard]] bool empty() const { return mask_ == 0 && beyond_.empty(); }
    void clear() {
        mask_ = 0;
        beyond_.clear();
    }

private:
    std::uint64_t mask_ = 0;
    std::vector<std::size_t> beyond_;
};

}  // namespace weir::policy
