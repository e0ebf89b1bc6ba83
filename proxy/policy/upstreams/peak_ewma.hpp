// How long an upstream takes to its first byte: quick to believe a slow answer, slow to forget it.
// One 64-bit word, shared by the workers with relaxed loads and stores: two samples at the same instant may cost one of
// them, which an average can bear. It does not weigh load or configured weight (balancer.hpp does).
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>

#include "core/clock.hpp"

namespace weir::policy {

class peak_ewma {
public:
    static constexpr double decay_s = 10.0;  ///< τ

    /// A sample r: E = r when r > E, else βE + (1-β)r with β = e^(-Δ/τ).
    void sample(core::duration latency, core::time_point now) {
        const double r = seconds(latency);
        const auto old = cell_.load(std::memory_order_relaxed);
        const double e = value_of(old);
        const double beta = old == 0 ? 0.0 : std::exp(-age(old, now) / decay_s);
        store(r > e ? r : beta * e + (1.0 - beta) * r, now);
    }

    /// A failed request counts only if it was slower than what is known: failing fast must not look attractive.
    void sample_if_slower(core::duration latency, core::time_point now) {
        const auto old = cell_.load(std::memory_order_relaxed);
        if (old != 0 && seconds(latency) > value_of(old)) store(seconds(latency), now);
    }

    /// Seconds, decayed towards 0 while nothing is heard so that a once slow upstream is tried again; none: no sample yet.
    [[nodiscard]] std::optional<double> at(core::time_point now) const {
        const auto cell = cell_.load(std::memory_order_relaxed);
        if (cell == 0) return std::nullopt;
        return std::max(value_of(cell) * std::exp(-age(cell, now) / decay_s), least_s);
    }

    /// The last value, not decayed: for status pages.
    [[nodiscard]] std::optional<double> last() const {
        const auto cell = cell_.load(std::memory_order_relaxed);
        if (cell == 0) return std::nullopt;
        return value_of(cell);
    }

private:
    // Upper half: the value as float bits; lower half: when, in ticks of 2^20 ns (about a millisecond) that wrap in 52 days.
    static constexpr double least_s = 1e-6;
    static constexpr double tick_s = 1048576e-9;

    static double seconds(core::duration d) { return std::max(std::chrono::duration<double>(d).count(), least_s); }
    static double value_of(std::uint64_t cell) { return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(cell >> 32U))); }
    static std::uint32_t tick(core::time_point now) {
        return static_cast<std::uint32_t>(static_cast<std::uint64_t>(now.time_since_epoch().count()) >> 20U);
    }
    static double age(std::uint64_t cell, core::time_point now) {
        const std::uint32_t ticks = tick(now) - static_cast<std::uint32_t>(cell);
        return ticks > 0x8000'0000U ? 0.0 : ticks * tick_s;  // another worker's clock reading may be a little later
    }
    void store(double value, core::time_point now) {
        const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
        cell_.store(std::uint64_t{bits} << 32U | tick(now), std::memory_order_relaxed);
    }

    std::atomic<std::uint64_t> cell_{0};
};

}  // namespace weir::policy
