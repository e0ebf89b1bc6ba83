// Which text format a scraper wants, by its Accept header.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::telemetry {

enum class exposition : std::uint8_t {
    text,               ///< the classic format of Prometheus, 0.0.4
    openmetrics_0_0_1,  ///< what Prometheus asked for before OpenMetrics had a version of its own; the same text as
    openmetrics_1_0_0,
};

/// RFC 9110 section 12.5.1. OpenMetrics only for who names it: wildcards, an empty or a malformed value get the classic text, as does who
/// accepts neither, since an answer in another format helps more than a refusal.
[[nodiscard]] exposition choose_exposition(std::string_view accept);

/// The value of Content-Type, with version and charset.
[[nodiscard]] std::string_view content_type_of(exposition format);

}  // namespace weir::telemetry
