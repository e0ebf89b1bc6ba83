// What is wrong with a ledger, told to who operates it, and whether it stands now. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace weir::ledger {

class fault_reports {
public:
    enum class kind : std::uint8_t {
        move,  ///< rows cannot be moved into the database
        room,  ///< journals have no room for more
        late,  ///< usage that came late cannot be charged
    };

    explicit fault_reports(std::function<void(std::string_view)> tell) : tell_(std::move(tell)) {}

    void report(std::string_view message) const {
        if (tell_) tell_(message);
    }

    /// A fault that stands: one message of each kind, until it is over. The disk may stay full for hours.
    void complain(kind what, std::string_view message) {
        failing_.store(true, std::memory_order_relaxed);  // before anybody is told
        if ((standing_.fetch_or(bit(what)) & bit(what)) == 0) report(message);
    }

    /// The next complaint of this kind is told again.
    void is_over(kind what) { standing_.fetch_and(static_cast<std::uint8_t>(~bit(what))); }

    void set_failing(bool now) { failing_.store(now, std::memory_order_relaxed); }
    /// Lives as long as this.
    [[nodiscard]] const std::atomic<bool>& failing() const { return failing_; }

private:
    static constexpr std::uint8_t bit(kind what) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(what)); }

    std::function<void(std::string_view)> tell_;
    std::atomic<bool> failing_{false};
    std::atomic<std::uint8_t> standing_{0};  ///< a bit for each kind that was told and is not over
};

}  // namespace weir::ledger
