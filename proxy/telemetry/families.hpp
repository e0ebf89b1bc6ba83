// The list of metric families: name, help, labels, unit and buckets, in the order they are shown.
// It holds no values (shard.hpp does).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir::telemetry {

/// Families whose values live in the cells of the workers' shards.
enum class family : std::uint8_t {
    requests,
    request_duration,
    first_token,
    inter_token,
    overhead,
    upstream_requests,
    upstream_failures,
    retries,
    fallbacks,
    tokens,
    spend,
    unpriced,
    meter_divergence,
    upstream_divergence,
    rejections,
    streams_interrupted,
    client_disconnects,
    connections,
    active_streams,
    buffered_body,
    queue_wait,
    hedges,
    tunnels_unread,
    other_models,
    translation_skipped,
    client_timeouts,
    gateway_timeouts,
    requests_ended,
    // OpenTelemetry's names for what is above, as far as it has any (conf: metrics.otel_names).
    otel_token_usage,
    otel_operation_duration,
    otel_request_duration,
    otel_first_token,
    otel_per_output_token,
};
inline constexpr std::size_t family_count = 33;
inline constexpr family first_otel_family = family::otel_token_usage;  ///< shown only when they have series
inline constexpr std::size_t max_labels = 6;

enum class metric_kind : std::uint8_t { counter, gauge, histogram };
[[nodiscard]] std::string_view name_of(metric_kind kind);

struct family_info {
    std::string_view name;
    std::string_view help;
    metric_kind kind = metric_kind::counter;
    std::span<const std::string_view> labels;
    int decimals = 0;                      ///< cells hold the value times 10^decimals, so sums are exact
    std::span<const std::int64_t> bounds;  ///< histogram: upper bounds, inclusive, in cell units, ascending
};

[[nodiscard]] const family_info& info_of(family which);

/// Cells that one series of the family takes: 1, or a histogram's buckets, its overflow bucket and its sum.
[[nodiscard]] std::size_t cells_of(const family_info& info);

/// Families whose values come from elsewhere (metrics::add_source); their names are there from the first scrape.
struct outside_family {
    std::string_view name;
    std::string_view help;
    metric_kind kind;
};
[[nodiscard]] std::span<const outside_family> outside_families();

}  // namespace weir::telemetry
