// How long a worker's events wait before they are served, and whether that has become a standing queue.
// It reads no clock: time is an argument.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "core/clock.hpp"

namespace weir::net {

class loop_delay {
public:
    /// A batch of events was taken from the kernel at `now`. `full`: there may be more that did not fit.
    void taken(core::time_point now, bool full) {
        // The loop slept: what it serves now came just now. Otherwise it may have come right after the batch before was taken, and, where that was
        // full, have been left behind by it.
        if (now - served_at_ > slept)
            since_ = now;
        else if (!was_full_)
            since_ = taken_at_;
        taken_at_ = now;
        was_full_ = full;
    }

    /// All of that batch was served by `now`. `limit`: how long an event may wait; 0: for ever.
    void served(core::time_point now, core::duration limit) {
        served_at_ = now;
        const auto waited = now - since_;
        longest_ = std::max(longest_, waited);
        if (limit == core::duration::zero() || waited <= limit)
            late_since_.reset();
        else if (!late_since_)
            late_since_ = now;
    }

    /// Events have waited for longer than `limit`, and have done so for that long: one long step in the loop is no overload, a queue that stays is.
    [[nodiscard]] bool overloaded(core::time_point now, core::duration limit) const {
        return late_since_ && limit > core::duration::zero() && now - *late_since_ >= limit;
    }

    /// False: overloaded() needs no clock to say no.
    [[nodiscard]] bool late() const { return late_since_.has_value(); }

    /// The longest wait since this was last asked.
    [[nodiscard]] core::duration take_longest() { return std::exchange(longest_, core::duration::zero()); }

private:
    static constexpr core::duration slept = std::chrono::milliseconds{1};
    core::time_point since_{};  ///< since when the events that are being served may have been waiting
    core::time_point taken_at_{}, served_at_{};
    std::optional<core::time_point> late_since_;
    core::duration longest_{};
    bool was_full_ = false;
};

}  // namespace weir::net
