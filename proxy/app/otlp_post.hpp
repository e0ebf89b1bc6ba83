// One batch of spans, or of log records, to its collector, as an OTLP/HTTP request (https://opentelemetry.io/docs/specs/otlp/#otlphttp). When, and
// how often, is said elsewhere (otlp_exporter.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "pools/snapshot.hpp"
#include "telemetry/export_batch.hpp"
#include "telemetry/otlp_attributes.hpp"

namespace weir::app {

/// What is exported, and in which words.
struct otlp_signal {
    std::string_view concern;  ///< in the event log: `tracing`
    std::string_view items;    ///< `spans`
    std::string_view path;     ///< where the collector's URL has none
    std::string (*request)(std::string_view items, const telemetry::otlp_resource& resource);
    std::unique_ptr<const pools::upstream_runtime> pools::snapshot::* collector;  ///< null: nothing of the kind is exported
    const char *exported, *dropped;                                               ///< names of metrics
};
[[nodiscard]] const otlp_signal& traces_signal();
[[nodiscard]] const otlp_signal& logs_signal();

/// How a collector took a batch.
struct otlp_answer {
    enum class verdict : std::uint8_t {
        taken,
        again,    ///< it may be sent again: 429, 502, 503, 504, or no answer at all
        refused,  ///< any other answer is final
    };
    verdict how = verdict::again;
    int rejected = 0;                     ///< items of a batch that was taken
    std::chrono::milliseconds asked{-1};  ///< the pause that it asks for; -1: none
    std::string why;                      ///< not taken: what went wrong, as "it answered 400"
};

/// Waits for the answer, at most `limit`. The snapshot has the signal's collector.
[[nodiscard]] otlp_answer post_batch(const otlp_signal& of, const pools::snapshot& to, const telemetry::export_batch& batch,
                                     std::chrono::milliseconds limit);

}  // namespace weir::app
