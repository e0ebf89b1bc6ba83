// Deadlines of one worker: a wheel of coarse slots. Moving a deadline later is one store; nothing is allocated.
// It reads no clock: time is an argument.
#pragma once

#include <array>
#include <cstdint>

#include "core/clock.hpp"

namespace weir::net {

/// Something with a deadline. Intrusive: lives in what waits.
class timer_node {
public:
    timer_node() = default;
    timer_node(const timer_node&) = delete;
    timer_node& operator=(const timer_node&) = delete;
    virtual ~timer_node() { unlink(); }
    /// Called on the worker's thread once `deadline()` has passed; the node is no longer linked then.
    virtual void on_deadline() = 0;
    [[nodiscard]] core::time_point deadline() const { return deadline_; }

private:
    friend class timer_wheel;
    void unlink() {
        if (!next_) return;
        next_->prev_ = prev_;
        prev_->next_ = next_;
        next_ = prev_ = nullptr;
    }
    timer_node* next_ = nullptr;
    timer_node* prev_ = nullptr;
    core::time_point deadline_ = core::never;
    std::uint64_t due_tick_ = 0;
};

class timer_wheel {
public:
    static constexpr std::size_t slots = 1024;
    static constexpr auto tick = std::chrono::milliseconds{8};

    explicit timer_wheel(core::time_point start);
    ~timer_wheel();

    /// Sets (or moves) the deadline. Later than before: one store, the node is looked at again when its old slot comes up.
    void arm(timer_node& node, core::time_point deadline);
    void disarm(timer_node& node) { node.deadline_ = core::never; }

    /// Runs everything that is due.
    void advance(core::time_point now);

    /// How long the poller may sleep, in milliseconds; -1: nothing is armed.
    [[nodiscard]] int sleep_ms(core::time_point now) const;

private:
    struct anchor final : timer_node {
        void on_deadline() override {}
    };
    [[nodiscard]] std::uint64_t tick_of(core::time_point t) const;
    void link(timer_node& node, std::uint64_t due);
    /// The first used slot at or after `from`, going round once; `slots` when there is none.
    [[nodiscard]] std::size_t next_used(std::size_t from) const;

    std::array<anchor, slots> heads_;
    std::array<std::uint64_t, slots / 64> used_{};  ///< a bit for each slot that may hold nodes
    core::time_point start_;
    std::uint64_t current_ = 0;  ///< the last tick that was run
};

}  // namespace weir::net
