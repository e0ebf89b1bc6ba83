// When the windows of one length begin and end. They are fixed and aligned to the Unix epoch (a `1d` window is a UTC day), so that every process
// and every restart agrees. It counts nothing (budget_window.hpp does).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "core/clock.hpp"

namespace weir::policy {

class window_calendar {
public:
    /// `every` zero or less: one window that never ends. More than a hundred years are a hundred: the wall clock ends in 2262.
    explicit window_calendar(std::chrono::seconds every) : every_(std::min<std::chrono::seconds>(every, longest)) {}

    [[nodiscard]] std::chrono::seconds every() const { return every_; }
    /// The number of the window that `now` is in; below zero before 1970.
    [[nodiscard]] std::int64_t window_at(core::wall_time now) const {
        if (every_.count() <= 0) return 0;
        const auto s = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
        return s >= 0 ? s / every_.count() : (s + 1) / every_.count() - 1;
    }
    /// The first moment of a window; of one that never ends, 1970.
    [[nodiscard]] core::wall_time begins(std::int64_t window) const { return core::wall_time{} + std::max(every_, std::chrono::seconds{0}) * window; }
    /// The first moment of the next one; wall_time::max() when the window never ends.
    [[nodiscard]] core::wall_time ends(std::int64_t window) const { return every_.count() <= 0 ? core::wall_time::max() : begins(window + 1); }

private:
    static constexpr std::chrono::seconds longest = std::chrono::hours{24 * 365 * 100};

    std::chrono::seconds every_;
};

}  // namespace weir::policy
