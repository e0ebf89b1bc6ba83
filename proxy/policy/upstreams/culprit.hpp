// Which one key most of an upstream's failure answers come from, and how its requests went: what is left is how everybody else's did.
// A vote that one candidate wins or loses, so that a hundred keys need no hundred counters. It judges nothing (outlier_detector.hpp does).
// succeeded() is for every request: a load, and one compare-and-swap more for the key in question. The rest under the owner's mutex.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "core/clock.hpp"
#include "policy/upstreams/failure_window.hpp"

namespace weir::policy {

class culprit {
public:
    /// `window`: how long it is to be remembered.
    void succeeded(std::uint32_t key, core::duration window, core::time_point now) {
        if (key != 0 && key == key_.load(std::memory_order_relaxed)) its_.add(false, window, now);
    }

    /// `key` 0: nobody's fault but the upstream's. `counted`: as a success before (its stream broke).
    void failed(std::uint32_t key, bool counted, core::duration window, core::time_point now) {
        const auto suspect = key_.load(std::memory_order_relaxed);
        if (key != 0 && key == suspect) {
            votes_ = std::min(votes_ + 1, most_votes);
            if (counted)
                its_.failed_after_all(window, now);
            else
                its_.add(true, window, now);
            return;
        }
        if (votes_ > 0 && its_.over(window, now).failed > 0) {
            --votes_;
            return;
        }
        key_.store(key, std::memory_order_relaxed);
        votes_ = key == 0 ? 0 : 1;
        its_.forget();
        if (key != 0) its_.add(true, window, now);
    }

    /// Suspects nobody any more.
    void forget() {
        key_.store(0, std::memory_order_relaxed);
        votes_ = 0;
        its_.forget();
    }

    /// The suspect; 0: none.
    [[nodiscard]] std::uint32_t key() const { return key_.load(std::memory_order_relaxed); }

    /// Of `all` in the last window, those that are not the suspect's.
    [[nodiscard]] failure_window::counts others(failure_window::counts all, core::duration window, core::time_point now) const {
        const auto its = its_.over(window, now);
        all.requests -= std::min(all.requests, its.requests);
        all.failed = std::min(all.failed - std::min(all.failed, its.failed), all.requests);
        return all;
    }

private:
    static constexpr int most_votes = 8;  // a new culprit takes over soon

    std::atomic<std::uint32_t> key_{0};
    int votes_ = 0;
    failure_window its_;
};

}  // namespace weir::policy
