// One batch of spans to its collector, as an OTLP/HTTP request (https://opentelemetry.io/docs/specs/otlp/#otlphttp). When, and how often, is said
// elsewhere (trace_exporter.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "pools/snapshot.hpp"
#include "telemetry/span_batch.hpp"

namespace weir::app {

/// How a collector took a batch.
struct span_answer {
    enum class verdict : std::uint8_t {
        taken,
        again,    ///< it may be sent again: 429, 502, 503, 504, or no answer at all
        refused,  ///< any other answer is final
    };
    verdict how = verdict::again;
    int rejected = 0;                     ///< spans of a batch that was taken
    std::chrono::milliseconds asked{-1};  ///< the pause that it asks for; -1: none
    std::string why;                      ///< not taken: what went wrong, as "it answered 400"
};

/// Waits for the answer, at most `limit`. The snapshot has a collector.
[[nodiscard]] span_answer post_spans(const pools::snapshot& to, const telemetry::span_batch& batch, std::chrono::milliseconds limit);

}  // namespace weir::app
