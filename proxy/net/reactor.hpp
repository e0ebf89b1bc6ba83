// One worker's event loop: edge-triggered epoll, one wait for all sockets, deadlines, and work posted by other threads.
// Asio's public waits cost an epoll_ctl or a failed read per event; this costs neither (bench/net shows both).
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "net/loop_delay.hpp"
#include "net/mailbox.hpp"
#include "net/moving_clock.hpp"
#include "net/timer_wheel.hpp"
#include "net/turns.hpp"

namespace weir::net {

/// What is known of a descriptor since the last edge. Sticky until a short read or write clears it.
enum ready : std::uint8_t {
    can_read = 1,
    can_write = 2,
    hung_up = 4,  ///< the peer has ended or reset it; there may still be bytes to read
    at_end = 8,   ///< everything was read up to the end
};

/// A registered descriptor.
class channel {
public:
    channel() = default;
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;
    virtual ~channel() = default;
    /// Called on the worker's thread after `flags` grew.
    virtual void on_ready() = 0;

    int fd = -1;
    std::uint8_t flags = 0;
};

class reactor {
public:
    reactor();
    ~reactor();
    reactor(const reactor&) = delete;
    reactor& operator=(const reactor&) = delete;

    /// Registers for reading, writing and hang-up, edge-triggered. False with errno when the kernel refuses.
    [[nodiscard]] bool add(channel& c);
    /// Registers a listening socket: level-triggered and exclusive, so that one connection wakes one worker.
    [[nodiscard]] bool add_listener(channel& c);
    /// Before the descriptor is closed. Events of the current batch for this channel are dropped.
    void remove(channel& c);

    /// Turns until stop().
    void run();
    /// One batch of events, waited for, and what is due by then.
    void turn();
    void stop();  ///< thread-safe
    [[nodiscard]] bool stopped() const { return stop_.load(std::memory_order_relaxed); }

    /// Runs `work` on this reactor's thread. Thread-safe; may lock, so not for the hot path.
    void post(std::function<void()> work);

    /// The time of the current batch. Refresh with tick() after long work.
    [[nodiscard]] core::time_point now() const { return clock_.now(); }
    core::time_point tick() { return clock_.tick(); }
    moving_clock& clock() { return clock_; }

    timer_wheel& timers() { return timers_; }

    /// How long an event may wait to be served before overloaded() says so; 0: for ever. On the loop's thread.
    void limit_delay(core::duration limit) { delay_limit_ = limit; }
    /// What is taken on now would wait behind a queue that stands.
    [[nodiscard]] bool overloaded() const { return delay_.late() && delay_.overloaded(core::clock::now(), delay_limit_); }
    /// The longest wait since the last call.
    [[nodiscard]] core::duration take_longest_delay() { return delay_.take_longest(); }

    /// Told by sockets and sleepers; it fails where a loop does neither.
    [[no_unique_address]] turn_counter turns;

    /// Resumes `h` after the events at hand have been served, before the next sleep.
    void resume_soon(std::coroutine_handle<> h) { yielded_.push_back(h); }

private:
    void dispatch(int count);

    int epoll_ = -1;
    int wake_ = -1;
    moving_clock clock_;
    timer_wheel timers_;
    loop_delay delay_;
    core::duration delay_limit_{};
    std::vector<epoll_event> batch_;
    int batch_at_ = 0, batch_size_ = 0;
    std::vector<std::coroutine_handle<>> yielded_, resuming_;
    std::atomic<bool> stop_{false};
    mailbox posted_;
};

enum class woken : std::uint8_t { event, deadline, interrupted };

/// The one place where a coroutine sleeps: any event on its sockets, its deadline or an interruption resumes it. The sockets' flags say what
/// happened.
class waiter final : public timer_node {
public:
    explicit waiter(reactor& r) : reactor_(r) {}

    struct awaiter {
        waiter& self;
        core::time_point deadline;
        bool await_ready() const noexcept { return self.interrupted_; }
        void await_suspend(std::coroutine_handle<> h) {
            self.handle_ = h;
            self.reactor_.turns.slept();
            self.reactor_.timers().arm(self, deadline);
        }
        woken await_resume() noexcept {
            if (self.interrupted_) {
                self.interrupted_ = false;
                return woken::interrupted;
            }
            return self.why_;
        }
    };
    /// Sleeps until something happens.
    [[nodiscard]] awaiter wait(core::time_point deadline) { return {*this, deadline}; }

    /// Lets others run first; for loops that could go on for long without ever having to wait.
    struct yielder {
        reactor& loop;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) {
            loop.turns.slept();
            loop.resume_soon(h);
        }
        void await_resume() const noexcept {}
    };
    [[nodiscard]] yielder yield() { return {reactor_}; }

    /// From on_ready() of its sockets. Does nothing when the coroutine is not asleep: it looks at the flags before it sleeps.
    void wake(woken why = woken::event) {
        if (!handle_) return;
        why_ = why;
        reactor_.timers().disarm(*this);
        std::exchange(handle_, nullptr).resume();
    }
    /// Wakes it now, or lets its next wait return at once.
    void interrupt() {
        interrupted_ = true;
        wake(woken::interrupted);
    }
    void on_deadline() override { wake(woken::deadline); }
    reactor& loop() { return reactor_; }

private:
    reactor& reactor_;
    std::coroutine_handle<> handle_;
    woken why_ = woken::event;
    bool interrupted_ = false;
};

}  // namespace weir::net
