// Whether upstreams report the tokens that weir counts. Where a model's vocabulary is public the two agree; an upstream whose
// median leaves the tolerance bills something else than it sends, or serves another model. It reads metrics and changes nothing.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "telemetry/metrics.hpp"

namespace weir::admin {

struct audited {
    std::string pool, upstream, model;
    double median = 1;         ///< reported output ÷ own count, of the last look that had enough answers
    std::int64_t answers = 0;  ///< that the median is of
    bool off = false;          ///< the median lies outside 0.98 to 1.02
};

class meter_audit {
public:
    explicit meter_audit(std::function<void(std::string_view)> warn) : warn_(std::move(warn)) {}

    /// Judges every upstream and model with enough answers since it was last judged. One thread.
    void look(const telemetry::metrics& from, core::time_point now);

    /// What was judged so far; any thread.
    [[nodiscard]] std::vector<audited> verdicts() const;

private:
    using counts = std::vector<std::int64_t>;
    using who = std::array<std::string, 3>;  ///< pool, upstream, model
    struct history {
        counts judged;  ///< what was there when it was last judged
        core::time_point warned_at = core::time_point::min();
    };

    std::function<void(std::string_view)> warn_;
    std::map<who, history> histories_;
    mutable std::mutex lock_;
    std::map<who, audited> verdicts_;
};

/// The median of a histogram with these upper bounds; `cells` has one more for what lies above all. Inside a bucket the
/// observations count as spread evenly. Nothing observed: 0.
[[nodiscard]] double median_of(const std::vector<std::int64_t>& cells, std::span<const std::int64_t> bounds);

}  // namespace weir::admin
