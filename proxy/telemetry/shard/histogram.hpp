// A histogram of one series: which of its buckets a value falls into, and how it is counted there.
// It remembers no single value (observe.hpp keeps a bucket's latest request).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "telemetry/shard/series_store.hpp"

namespace weir::telemetry {

/// The bucket of `value`: the number of bounds below it. There is at least one bound.
// By halving without branches, since the values follow no pattern.
[[nodiscard]] inline std::size_t bucket_of(std::span<const std::int64_t> bounds, std::int64_t value) {
    const std::int64_t* at = bounds.data();
    std::size_t left = bounds.size();
    while (left > 1) {
        const std::size_t half = left / 2;
        at += at[half - 1] < value ? half : 0;
        left -= half;
    }
    return static_cast<std::size_t>(at - bounds.data()) + (*at < value);
}

/// A histogram whose labels were resolved once. Valid as long as its series' store; a default one observes nothing. For the store's writer.
class histogram_ref {
public:
    histogram_ref() = default;
    /// `bounds` of the family, in cell units; a value in the base unit times `scale` is one in cell units.
    histogram_ref(cell* cells, std::span<const std::int64_t> bounds, double scale) : cells_(cells), bounds_(bounds), scale_(scale) {}

    /// `value` in the family's base unit (seconds). Negative and NaN count as 0.
    void observe(double value) {
        if (cells_ == nullptr) return;
        const double scaled = value * scale_;
        observe_scaled(scaled > 0 ? (scaled < 9e18 ? static_cast<std::int64_t>(scaled) : INT64_MAX / 2) : 0);
    }

    /// `value` in cell units (nanoseconds for times).
    void observe_scaled(std::int64_t value) {
        if (cells_ == nullptr) return;
        cells_[bucket_of(bounds_, value)].add(1);
        cells_[bounds_.size() + 1].add(value);
    }

private:
    cell* cells_ = nullptr;
    std::span<const std::int64_t> bounds_;
    double scale_ = 1;
};

/// Of a histogram's series.
[[nodiscard]] histogram_ref histogram_of(const series& which);

}  // namespace weir::telemetry
