// Keeps retries from becoming the load that keeps an upstream down: of the last ten seconds' requests, N % may be retries.
// Shared by the workers without locks and approximate by design: two retries at the same instant may both be the last one.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "core/clock.hpp"

namespace weir::policy {

class retry_budget {
public:
    static constexpr std::uint32_t window_s = 10;
    static constexpr std::uint32_t least_per_second = 3;  ///< always allowed, so that a quiet pool can retry at all

    /// A request (its first attempt) has begun. One read-modify-write.
    void request_started(core::time_point now) { add(slots_[second(now) % window_s].requests, second(now)); }

    /// Takes one retry out of the budget; false: there is none left.
    [[nodiscard]] bool try_retry(int percent, core::time_point now) {
        const std::uint32_t at = second(now);
        auto& this_second = slots_[at % window_s].retries;
        if (count(this_second, at, at) >= least_per_second && !within_share(percent, at)) return false;
        add(this_second, at);
        return true;
    }

private:
    // Upper half: the second that is counted; lower half: the count. A slot of an older second counts as empty.
    using cell = std::atomic<std::uint64_t>;
    struct alignas(64) slot {
        cell requests{0};
        cell retries{0};
    };

    static std::uint32_t second(core::time_point now) {
        return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
    }
    static std::uint64_t fresh(std::uint32_t at) { return std::uint64_t{at} << 32U; }
    static std::uint32_t count(const cell& from, std::uint32_t oldest, std::uint32_t newest) {
        const auto seen = from.load(std::memory_order_relaxed);
        const auto at = static_cast<std::uint32_t>(seen >> 32U);
        return at - oldest <= newest - oldest ? static_cast<std::uint32_t>(seen) : 0;
    }
    static void add(cell& to, std::uint32_t at) {
        auto seen = to.load(std::memory_order_relaxed);
        for (;;) {
            const bool stale = static_cast<std::uint32_t>(seen >> 32U) != at;
            const std::uint64_t next = (stale ? fresh(at) : seen) + 1;
            if (to.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return;
        }
    }
    [[nodiscard]] bool within_share(int percent, std::uint32_t at) const {
        std::uint64_t requests = 0, retries = 0;
        for (const auto& s : slots_) {
            requests += count(s.requests, at - (window_s - 1), at);
            retries += count(s.retries, at - (window_s - 1), at);
        }
        return percent > 0 && (retries + 1) * 100 <= requests * static_cast<std::uint64_t>(percent);
    }

    std::array<slot, window_s> slots_{};
};

}  // namespace weir::policy
