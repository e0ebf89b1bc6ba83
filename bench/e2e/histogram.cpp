// A log-linear histogram: the top bits of a value name its cell.
#include "histogram.hpp"

#include <bit>
#include <cstdio>

namespace weir::bench {

void histogram::add(std::int64_t nanoseconds) noexcept {
    const std::uint64_t value = nanoseconds < 0 ? 0 : static_cast<std::uint64_t>(nanoseconds);
    const int shift = std::bit_width(value | (steps - 1)) - step_bits;
    cells_[static_cast<std::size_t>(shift) * steps / 2 + (value >> shift)] += 1;
    count_ += 1;
    sum_ += value;
    if (value > largest_) largest_ = value;
}

void histogram::clear() noexcept { *this = histogram{}; }

double histogram::percentile(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
        seen += cells_[cell];
        if (seen <= wanted && seen != count_) continue;
        if (cell < steps) return static_cast<double>(cell);
        const std::size_t shift = cell / (steps / 2) - 1;
        const std::size_t top = cell - shift * steps / 2;
        return (static_cast<double>(top) + 0.5) * static_cast<double>(std::uint64_t{1} << shift);
    }
    return 0;
}

std::string histogram::json() const {
    const double mean = count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
    char text[256];
    std::snprintf(text, sizeof text, R"({"count":%llu,"mean_us":%.2f,"p50_us":%.2f,"p90_us":%.2f,"p99_us":%.2f,"max_us":%.2f})",
                  static_cast<unsigned long long>(count_), mean / 1e3, percentile(0.50) / 1e3, percentile(0.90) / 1e3, percentile(0.99) / 1e3,
                  static_cast<double>(largest_) / 1e3);
    return text;
}

}  // namespace weir::bench
