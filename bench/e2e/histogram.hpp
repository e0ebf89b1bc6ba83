// Percentiles of durations in constant memory: 128 steps per power of two, so a value is off by less than 0.8 %.
// Does not keep the order in which values came.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace weir::bench {

class histogram {
public:
    /// Negative durations count as 0.
    void add(std::int64_t nanoseconds) noexcept;
    void clear() noexcept;
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    /// The middle of the step in which the share (0..1) of all values is reached; 0 when empty.
    [[nodiscard]] double percentile(double share) const noexcept;
    /// `{"count":…,"mean_us":…,"p50_us":…,"p90_us":…,"p99_us":…,"max_us":…}`
    [[nodiscard]] std::string json() const;

private:
    static constexpr int step_bits = 7;
    static constexpr std::size_t steps = std::size_t{1} << step_bits;

    std::array<std::uint64_t, steps * (64 - step_bits)> cells_{};
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t largest_ = 0;
};

}  // namespace weir::bench
