// Whether an upstream lately served another key than a given one: the two keys that it served last, each with its time.
// Shared by the workers without locks: at most two relaxed stores per request, and none while one key is served many times in a row.
// Two successes in the same moment may lose one of them; the next one heals that.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/clock.hpp"

namespace weir::policy {

class key_successes {
public:
    /// This key was served.
    void note(std::uint32_t key, core::time_point now) {
        if (key == 0) return;  // without keys there is no other one
        const auto fresh = packed(key, now);
        const auto seen = last_.load(std::memory_order_relaxed);
        if (seen == fresh || before_.load(std::memory_order_relaxed) == fresh) return;
        if (key_of(seen) != key) before_.store(seen, std::memory_order_relaxed);
        last_.store(fresh, std::memory_order_relaxed);
    }

    /// Within the last `window`.
    [[nodiscard]] bool of_another_than(std::uint32_t key, core::duration window, core::time_point now) const {
        if (key == 0) return false;
        const auto counts = [&](std::uint64_t seen) {
            return key_of(seen) != 0 && key_of(seen) != key && tick_of(now) - static_cast<std::uint32_t>(seen) <= ticks(window);
        };
        return counts(last_.load(std::memory_order_relaxed)) || counts(before_.load(std::memory_order_relaxed));
    }

private:
    // A tick is 2^24 ns, about 17 ms: 32 bits of them last for two years.
    static constexpr int tick_bits = 24;
    static std::uint32_t ticks(core::duration d) { return static_cast<std::uint32_t>(static_cast<std::uint64_t>(d.count()) >> tick_bits); }
    static std::uint32_t tick_of(core::time_point t) { return ticks(t.time_since_epoch()); }
    static std::uint64_t packed(std::uint32_t key, core::time_point now) { return std::uint64_t{key} << 32U | tick_of(now); }
    static std::uint32_t key_of(std::uint64_t seen) { return static_cast<std::uint32_t>(seen >> 32U); }

    std::atomic<std::uint64_t> last_{0};
    std::atomic<std::uint64_t> before_{0};  // of another key than last_
};

}  // namespace weir::policy
