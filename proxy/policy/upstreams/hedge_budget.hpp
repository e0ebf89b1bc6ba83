// Keeps second attempts a small share of all: each request earns a part of one, and a second attempt spends a whole one.
// Shared by the workers: one read-modify-write per request, no locks.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace weir::policy {

class hedge_budget {
public:
    static constexpr std::int64_t most_saved = 10;  ///< second attempts at once after a quiet time

    /// A request that may get a second attempt has begun. `percent`: of all requests.
    void request_started(int percent) {
        const auto now = hundredths_.fetch_add(percent, std::memory_order_relaxed) + percent;
        if (now > most_saved * whole) hundredths_.fetch_sub(std::min<std::int64_t>(percent, now - most_saved * whole), std::memory_order_relaxed);
    }
    /// Takes one second attempt out of the budget; false: there is none left.
    [[nodiscard]] bool try_hedge() {
        auto seen = hundredths_.load(std::memory_order_relaxed);
        while (seen >= whole)
            if (hundredths_.compare_exchange_weak(seen, seen - whole, std::memory_order_relaxed)) return true;
        return false;
    }
    /// It was not made after all.
    void give_back() { hundredths_.fetch_add(whole, std::memory_order_relaxed); }

private:
    static constexpr std::int64_t whole = 100;
    std::atomic<std::int64_t> hundredths_{whole};  // one to begin with, so that a quiet pool can make its first
};

}  // namespace weir::policy
