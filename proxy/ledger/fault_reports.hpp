// What is wrong with a ledger, told to who operates it, and whether it stands now. Any thread.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace weir::ledger {

class fault_reports {
public:
    explicit fault_reports(std::function<void(std::string_view)> tell) : tell_(std::move(tell)) {}

    void report(std::string_view message) const {
        if (tell_) tell_(message);
    }

    /// A fault that stands: one message, until another kind stands or it is over. The disk may stay full for hours.
    void complain(std::string_view kind, std::string_view message) {
        failing_.store(true, std::memory_order_relaxed);  // before anybody is told
        {
            const std::lock_guard lock(lock_);
            if (complained_ == kind) return;
            complained_ = kind;
        }
        report(message);
    }

    /// What was complained of is over: the next complaint is told again.
    void is_over() {
        const std::lock_guard lock(lock_);
        complained_.clear();
    }

    void set_failing(bool now) { failing_.store(now, std::memory_order_relaxed); }
    /// Lives as long as this.
    [[nodiscard]] const std::atomic<bool>& failing() const { return failing_; }

private:
    std::function<void(std::string_view)> tell_;
    std::atomic<bool> failing_{false};
    std::mutex lock_;
    std::string complained_;  // the fault that was told last and still stands
};

}  // namespace weir::ledger
