// What one weir may still take of a rate that several weirs share, leased in advance. fleet/ fills it, the workers take from
// it; nobody waits. Without a fleet it lets everything pass.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>

namespace weir::policy {

class rate_lease {
public:
    /// Takes `n` if the lease, or the slack beyond it, reaches. What does not fit into any lease is let in while something is
    /// left, and leaves a debt: else a request that is larger than a slice would never get in.
    [[nodiscard]] bool take(std::int64_t n) {
        const auto slack = slack_.load(std::memory_order_relaxed);
        if (slack == off) return true;
        auto left = left_.load(std::memory_order_relaxed);
        for (;;) {
            if (left <= -slack) return false;
            if (left_.compare_exchange_weak(left, left - n, std::memory_order_relaxed)) return true;
        }
    }

    /// Back (or, below zero, more) of what was taken.
    void give_back(std::int64_t n) {
        if (slack_.load(std::memory_order_relaxed) != off) left_.fetch_add(n, std::memory_order_relaxed);
    }

    /// The rate that this weir keeps for itself: its share of `per_minute` while the others cannot be heard, else all of it.
    [[nodiscard]] std::int64_t own_rate(std::int64_t per_minute) const {
        return std::max<std::int64_t>(per_minute / shared_by_.load(std::memory_order_relaxed), 1);
    }

    /// What the whole fleet had left when it was last asked, and what is leased here.
    [[nodiscard]] std::int64_t remaining() const {
        if (slack_.load(std::memory_order_relaxed) == off) return std::numeric_limits<std::int64_t>::max();
        return std::max<std::int64_t>(fleet_left_.load(std::memory_order_relaxed) + left(), 0);
    }

    // ---- for fleet/

    /// What is leased and not taken; below zero: slack that was used, or a debt.
    [[nodiscard]] std::int64_t left() const { return left_.load(std::memory_order_relaxed); }
    /// More to take, with so much slack beyond it.
    void lend(std::int64_t more, std::int64_t slack, std::int64_t fleet_left) {
        left_.fetch_add(more, std::memory_order_relaxed);
        fleet_left_.store(fleet_left, std::memory_order_relaxed);
        slack_.store(slack, std::memory_order_relaxed);
        shared_by_.store(1, std::memory_order_relaxed);
    }
    /// Nobody can be asked: every weir keeps an equal share of the rate for itself.
    void go_alone(int weirs) {
        shared_by_.store(std::max(weirs, 1), std::memory_order_relaxed);
        slack_.store(off, std::memory_order_relaxed);
    }
    /// Nobody can be asked: only what was leased before is let in.
    void use_up() {
        shared_by_.store(1, std::memory_order_relaxed);
        slack_.store(0, std::memory_order_relaxed);
    }
    /// Nothing is leased here: there is no fleet, or it was told to go_alone().
    [[nodiscard]] bool alone() const { return slack_.load(std::memory_order_relaxed) == off; }
    /// Forgets what was leased: before going back to leases.
    void forget() { left_.store(0, std::memory_order_relaxed); }

private:
    static constexpr std::int64_t off = std::numeric_limits<std::int64_t>::max();

    std::atomic<std::int64_t> left_{0};
    std::atomic<std::int64_t> slack_{off};
    std::atomic<std::int64_t> fleet_left_{0};
    std::atomic<int> shared_by_{1};
};

}  // namespace weir::policy
