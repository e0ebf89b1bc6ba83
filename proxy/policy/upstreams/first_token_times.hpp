// How long a pool's first tokens have taken lately, as quantiles: what "late" means there.
// Shared by the workers without locks and approximate by design: a bucket is an eighth of an octave wide, and a sample that comes
// while a window is emptied may be lost.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/clock.hpp"

namespace weir::policy {

class first_token_times {
public:
    static constexpr std::chrono::seconds window{60};   ///< the running one and the one before it are looked at
    static constexpr std::uint64_t least_samples = 20;  ///< fewer say nothing

    /// A request had its first token, or a unary answer its head, after so long.
    void sample(core::duration took, core::time_point now) {
        auto& into = fresh(window_of(now));
        into.counts[bucket_of(took)].fetch_add(1, std::memory_order_relaxed);
    }

    /// The time that the share `q` (0.95) of the samples did not exceed, rounded up to the end of its bucket; nothing while
    /// there are too few of them. A walk over some hundred counters: once per request, not per event.
    [[nodiscard]] std::optional<core::duration> quantile(double q, core::time_point now) const {
        const auto running = window_of(now);
        std::array<std::uint64_t, buckets> counts{};
        std::uint64_t all = 0;
        for (const auto& w : windows_) {
            const auto number = w.number.load(std::memory_order_acquire);
            if (number != running && number + 1 != running) continue;
            for (std::size_t i = 0; i < buckets; ++i) {
                const auto n = w.counts[i].load(std::memory_order_relaxed);
                counts[i] += n;
                all += n;
            }
        }
        if (all < least_samples) return std::nullopt;
        const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(all));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets; ++i) {
            seen += counts[i];
            if (seen > wanted) return end_of(i);
        }
        return end_of(buckets - 1);
    }

private:
    static constexpr unsigned steps = 8;                // per doubling
    static constexpr std::size_t buckets = 20 * steps;  // from 1 ms to 17 minutes

    struct counted_window {
        std::atomic<std::int64_t> number{-2};
        std::array<std::atomic<std::uint32_t>, buckets> counts{};
    };

    static std::int64_t window_of(core::time_point t) { return t.time_since_epoch() / window; }

    // Exact to an eighth: the exponent of the milliseconds and the three bits behind the first one.
    static std::size_t bucket_of(core::duration took) {
        const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(took / std::chrono::microseconds{1}, 1024));
        const auto exponent = static_cast<unsigned>(std::bit_width(us)) - 1;  // 10 for a millisecond
        const auto behind = static_cast<unsigned>(us >> (exponent - 3)) & (steps - 1);
        return std::min<std::size_t>((exponent - 10) * steps + behind, buckets - 1);
    }
    static core::duration end_of(std::size_t bucket) {
        const auto exponent = bucket / steps + 10;
        return std::chrono::microseconds{(std::uint64_t{steps} + bucket % steps + 1) << (exponent - 3)};
    }

    counted_window& fresh(std::int64_t number) {
        auto& w = windows_[static_cast<std::size_t>(number) % windows_.size()];
        auto seen = w.number.load(std::memory_order_acquire);
        if (seen != number && w.number.compare_exchange_strong(seen, number, std::memory_order_acq_rel))
            for (auto& c : w.counts) c.store(0, std::memory_order_relaxed);
        return w;
    }

    std::array<counted_window, 2> windows_;
};

}  // namespace weir::policy
