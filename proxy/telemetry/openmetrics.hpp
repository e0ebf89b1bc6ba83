// OpenMetrics 1.0.0 where it differs from the classic text format: heads, numbers of bounds, values that live elsewhere.
// https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::telemetry {

/// TYPE, UNIT and HELP of a family, `name` as the classic format has it: a counter's _total and an _info belong to its samples only.
void openmetrics_head(std::string& out, std::string_view name, std::string_view help, std::string_view type);

/// value / 10^decimals as a bound is written, so that it is the same series whoever writes it: 1.0, 0.025, 2.5e-05, 1.048576e+06.
[[nodiscard]] std::string canonical_number(std::int64_t value, int decimals);

/// A family of counters or gauges, whole.
void append_openmetrics(std::string& out, const prometheus::MetricFamily& family);

}  // namespace weir::telemetry
