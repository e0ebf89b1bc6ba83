// What requests want of a larger lease, where several weirs share a budget: how much those ask for that wait for one, how large the largest is,
// and whether anybody can be asked. It asks nobody (fleet/ does) and lends nothing (budget_window.hpp does).
// Shared by the workers: relaxed atomics.
#pragma once

#include <algorithm>
#include <atomic>

#include "usage/money.hpp"

namespace weir::policy {

class lease_demand {
public:
    /// A request that waits for a larger lease, for as long as this lives.
    class wish {
    public:
        /// `amount`: what the request is to cost, in nano-dollars.
        wish(lease_demand& of, usage::nanousd amount) : of_(of), amount_(std::max<usage::nanousd>(amount, 1)) {
            of_.awaited_.fetch_add(amount_, std::memory_order_relaxed);
        }
        ~wish() { of_.awaited_.fetch_sub(amount_, std::memory_order_relaxed); }
        wish(const wish&) = delete;
        wish& operator=(const wish&) = delete;

    private:
        lease_demand& of_;
        usage::nanousd amount_;
    };

    /// What requests that wait for a larger lease ask for, together.
    [[nodiscard]] usage::nanousd awaited() const { return awaited_.load(std::memory_order_relaxed); }
    /// For every request, whether it gets what it asks for or not.
    void asked_for(usage::nanousd amount) {
        if (amount > largest_.load(std::memory_order_relaxed)) largest_.store(amount, std::memory_order_relaxed);
    }
    /// The largest amount that was asked for at once since the last call: a lease that is smaller lets such requests wait.
    [[nodiscard]] usage::nanousd take_largest() { return largest_.exchange(0, std::memory_order_relaxed); }
    /// Whether somebody can be asked for a larger lease: else there is no use in waiting for one.
    void may_grow(bool yes) { grows_.store(yes, std::memory_order_relaxed); }
    [[nodiscard]] bool may_grow() const { return grows_.load(std::memory_order_relaxed); }

private:
    std::atomic<usage::nanousd> largest_{0}, awaited_{0};
    std::atomic<bool> grows_{false};
};

}  // namespace weir::policy
