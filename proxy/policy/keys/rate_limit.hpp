// So many per minute, as the generic cell rate algorithm: one number, the time at which everything taken so far is paid
// off. The whole minute's allowance may come at once; it refills evenly.
// Shared by the workers: one compare-and-swap per take, no locks. It does not know whose limit it is.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>

#include "core/clock.hpp"

namespace weir::policy {

/// What the headers x-ratelimit-limit-, -remaining- and -reset- say.
struct rate_view {
    std::int64_t limit = 0;
    std::int64_t remaining = 0;
    core::duration reset{0};  ///< until the whole allowance is there again
};

class rate_limit {
public:
    /// Takes `n` out of `per_minute` (> 0); zero: done, else how long until it would fit, and nothing was taken. More than a
    /// whole minute's allowance waits for all of it and then takes it, rather than never fitting.
    [[nodiscard]] core::duration take(std::int64_t n, std::int64_t per_minute, core::time_point now) {
        const std::int64_t cost = std::clamp<std::int64_t>(n, 0, per_minute) * each(per_minute);
        auto paid_at = paid_at_.load(std::memory_order_relaxed);
        for (;;) {
            const std::int64_t next = std::max(paid_at, ns(now)) + cost;
            const std::int64_t too_early = next - ns(now) - whole(per_minute);
            if (too_early > 0) return core::duration{too_early};
            if (paid_at_.compare_exchange_weak(paid_at, next, std::memory_order_relaxed)) return core::duration::zero();
        }
    }

    /// What `n` of take() really took: the share that counts, for adjust().
    [[nodiscard]] static std::int64_t taken(std::int64_t n, std::int64_t per_minute) { return std::clamp<std::int64_t>(n, 0, per_minute); }

    /// Corrects what was taken: positive takes more (even beyond the limit: the next ones wait), negative gives back.
    /// At most an hour's allowance at once.
    void adjust(std::int64_t n, std::int64_t per_minute) {
        constexpr std::int64_t minutes = 60;
        n = std::clamp(n, -minutes * per_minute, minutes * per_minute);
        if (n != 0) paid_at_.fetch_add(n * each(per_minute), std::memory_order_relaxed);
    }

    /// What is left of `per_minute` (> 0) now.
    [[nodiscard]] rate_view view(std::int64_t per_minute, core::time_point now) const {
        const auto owed = std::max<std::int64_t>(paid_at_.load(std::memory_order_relaxed) - ns(now), 0);
        return {per_minute, std::max<std::int64_t>(whole(per_minute) - owed, 0) / each(per_minute), core::duration{owed}};
    }

private:
    static constexpr std::int64_t minute = 60'000'000'000;

    static std::int64_t ns(core::time_point t) { return std::chrono::duration_cast<core::duration>(t.time_since_epoch()).count(); }
    static std::int64_t each(std::int64_t per_minute) { return std::max<std::int64_t>(minute / per_minute, 1); }
    // Not the minute itself: rounding `each` must neither lose nor add one at the boundary.
    static std::int64_t whole(std::int64_t per_minute) { return each(per_minute) * per_minute; }

    std::atomic<std::int64_t> paid_at_{std::numeric_limits<std::int64_t>::min() / 2};
};

}  // namespace weir::policy
