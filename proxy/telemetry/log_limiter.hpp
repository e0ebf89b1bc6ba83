// How many operational messages may be written: a storm of failures must not fill a disk, nor hold its workers up at a slow terminal.
// Each level has its own allowance, so that many small things do not hide a great one. Any thread; the time is an argument.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "core/clock.hpp"

namespace weir::telemetry {

class log_limiter {
public:
    static constexpr std::int64_t window_s = 10;
    static constexpr std::int64_t lines_per_window = 100;

    struct verdict {
        bool write = true;
        std::int64_t left_out = 0;  ///< lines of the windows before that were not written, said once
    };

    /// Of one line that would be written now.
    [[nodiscard]] verdict judge(core::wall_time now) {
        const auto window = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count() / window_s;
        auto current = window_.load(std::memory_order_relaxed);
        // Who begins the window says what the last one left out. A line more or less in the moment of the change harms nobody.
        if (current != window && window_.compare_exchange_strong(current, window, std::memory_order_relaxed)) {
            const auto before = lines_.exchange(1, std::memory_order_relaxed);
            return {true, before > lines_per_window ? before - lines_per_window : 0};
        }
        return {lines_.fetch_add(1, std::memory_order_relaxed) < lines_per_window, 0};
    }

private:
    std::atomic<std::int64_t> window_{-1}, lines_{0};
};

}  // namespace weir::telemetry
