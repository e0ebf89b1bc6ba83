// How long a request takes, and how much of that is waiting for others.
#pragma once

#include <coroutine>

#include "core/clock.hpp"
#include "net/reactor.hpp"

namespace weir::exchange {

class stopwatch {
public:
    explicit stopwatch(net::waiter& sleeper) : sleeper_(sleeper) {}

    void start() { began_ = sleeper_.loop().now(); }
    [[nodiscard]] core::time_point began() const { return began_; }
    /// What has passed between `when` and now was spent waiting for others.
    void waited_since(core::time_point when) { waited_ += sleeper_.loop().tick() - when; }
    [[nodiscard]] core::duration waited() const { return waited_; }

    /// Waits on the sleeper's sockets and counts the time as waited.
    struct awaiter {
        stopwatch* self;  ///< null: it is not counted
        net::waiter::awaiter inner;
        core::time_point slept_at{};
        bool await_ready() const noexcept { return inner.await_ready(); }
        void await_suspend(std::coroutine_handle<> h) {
            if (self) slept_at = self->sleeper_.loop().clock().moment();
            inner.await_suspend(h);
        }
        net::woken await_resume() {
            const auto why = inner.await_resume();
            if (self && slept_at != core::time_point{}) self->waited_ += self->sleeper_.loop().now() - slept_at;
            return why;
        }
    };
    [[nodiscard]] awaiter sleep_until(core::time_point deadline) { return {this, sleeper_.wait(deadline)}; }
    /// On another sleeper, beside the one whose time is counted.
    [[nodiscard]] static awaiter sleep_uncounted(net::waiter& on, core::time_point deadline) { return {nullptr, on.wait(deadline)}; }

private:
    net::waiter& sleeper_;
    core::time_point began_{};
    core::duration waited_{0};
};

}  // namespace weir::exchange
