// One request's part of the memory that bodies may take up together (limits.buffered_bodies). It counts and owns no memory itself.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include "telemetry/shard/shard.hpp"

namespace weir::exchange {

/// Who shares it: every worker counts into `total`, at most up to `most`; `shown` is this worker's gauge.
struct shared_memory {
    std::atomic<std::size_t>& total;
    telemetry::gauge& shown;
    std::size_t most;
};

/// What it counts is given back when it ends.
class memory_share {
public:
    memory_share() = default;
    ~memory_share() { release(); }
    memory_share(const memory_share&) = delete;
    memory_share& operator=(const memory_share&) = delete;

    /// From now on this request has `size` bytes in all; a smaller size than before changes nothing. False: everybody together would have more than
    /// they may, and nothing changes.
    [[nodiscard]] bool grow_to(std::size_t size, const shared_memory& of) {
        if (size <= size_) return true;
        const auto more = size - size_;
        if (of.total.fetch_add(more, std::memory_order_relaxed) + more > of.most) {
            of.total.fetch_sub(more, std::memory_order_relaxed);
            return false;
        }
        of.shown.add(static_cast<std::int64_t>(more));
        total_ = &of.total;
        shown_ = &of.shown;
        size_ = size;
        return true;
    }
    /// For a body that was written at once. Small ones are not counted, as those of clients are not.
    [[nodiscard]] bool hold(std::size_t size, const shared_memory& of) {
        constexpr std::size_t small = std::size_t{32} << 10;
        return size <= small || grow_to(size, of);
    }
    void release() {
        if (size_ == 0) return;
        total_->fetch_sub(size_, std::memory_order_relaxed);
        shown_->add(-static_cast<std::int64_t>(size_));
        size_ = 0;
    }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    std::atomic<std::size_t>* total_ = nullptr;
    telemetry::gauge* shown_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace weir::exchange
