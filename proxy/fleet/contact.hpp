// Whether the store answers, and when it is asked again after it did not.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "core/clock.hpp"

namespace weir::fleet {

/// For one thread.
class contact {
public:
    [[nodiscard]] bool in_touch() const { return now_ == state::in_touch; }  ///< it answered when it was last asked
    [[nodiscard]] bool lost() const { return now_ == state::lost; }          ///< it did not
    [[nodiscard]] bool may_ask(core::time_point now) const { return now >= again_at_; }

    /// It answered. True: it had been lost.
    [[nodiscard]] bool answered() {
        const bool is_back = lost();
        now_ = state::in_touch;
        pause_ = {};
        return is_back;
    }

    /// It did not answer in time, or nothing useful. True: that is news.
    [[nodiscard]] bool missed(core::time_point now) {
        const bool is_news = !lost();
        now_ = state::lost;
        pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
        again_at_ = now + pause_;
        return is_news;
    }

private:
    static constexpr std::chrono::milliseconds first_pause{100}, longest_pause{1000};

    enum class state : std::uint8_t { untried, in_touch, lost };
    state now_ = state::untried;
    std::chrono::milliseconds pause_{0};  ///< between the last two attempts to reach it
    core::time_point again_at_{};
};

}  // namespace weir::fleet
