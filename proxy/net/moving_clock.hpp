// The time as one event loop sees it: read once for each batch of events, and moved on by tests that do not want to wait.
#pragma once

#include "core/clock.hpp"

namespace weir::net {

class moving_clock {
public:
    /// Of the batch at hand.
    [[nodiscard]] core::time_point now() const { return now_; }
    core::time_point tick() { return now_ = moment(); }
    /// Of this moment.
    [[nodiscard]] core::time_point moment() const { return core::clock::now() + skipped_; }
    /// For tests: from now on it is so much later.
    void skip(core::duration time) { skipped_ += time; }

private:
    core::duration skipped_{};
    core::time_point now_ = core::clock::now();
};

}  // namespace weir::net
