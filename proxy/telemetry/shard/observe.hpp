// A value of a request, counted in a histogram, with the request as the example of its bucket.
#pragma once

#include <cstdint>

#include "record/request_record.hpp"
#include "telemetry/shard/series_store.hpp"

namespace weir::telemetry {

/// A record's microseconds in cell units; 0 where they are not known.
[[nodiscard]] constexpr std::int64_t nanoseconds(std::int64_t us) { return us > 0 ? us * 1'000 : 0; }

/// Counts `value`, in cell units, in a histogram's series.
void observe(series& in, std::int64_t value);

/// The same, and the request is kept as what shows it. `store`: that of the series.
void observe(series_store& store, series& in, std::int64_t value, const record::request_record& shows_it);

/// Keeps the request as the example of the bucket of `value`, which was counted before. Not where the example that is there is fresh, nor where
/// nothing leads to the request.
void keep_example(series_store& store, series& in, std::int64_t value, const record::request_record& what);

}  // namespace weir::telemetry
