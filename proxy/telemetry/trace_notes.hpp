// What a trace says of a request beyond its record; it exists only while tracing is on. And which requests are kept.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/trace_context.hpp"
#include "record/request_record.hpp"

namespace weir::telemetry {

struct attempt_note {
    std::uint64_t span = 0;
    std::int64_t began_us = 0;    ///< after the request's own begin
    std::string_view host, port;  ///< of the upstream's URL
    std::string_view model;       ///< that was sent there
};

struct trace_notes {
    core::trace_context caller;  ///< the trace; its span is the client's, 0 where weir began the trace
    std::uint64_t span = 0;      ///< of the request
    bool sampled = false;        ///< decided at its begin; what is sent to upstreams says so
    std::string state;           ///< the client's tracestate
    std::string method;
    std::array<attempt_note, record::max_attempts_recorded> attempts;
};

/// Why a request's spans are sent.
enum class kept : std::uint8_t { no, sampled, error, slow };
[[nodiscard]] std::string_view name_of(kept why);

/// The choice for a trace that begins here: the same for every weir that sees the trace, since it goes by the trace's id. `percent`: 0 to 100.
[[nodiscard]] bool is_sampled(core::trace_id id, int percent);

/// At the request's end: what was not sampled is kept when it failed or took `slow` or longer (0: never for that). What weir's own rules
/// refused before any upstream was asked is no failure.
[[nodiscard]] kept reason_to_keep(const record::request_record& what, const trace_notes& notes, std::chrono::milliseconds slow);

}  // namespace weir::telemetry
