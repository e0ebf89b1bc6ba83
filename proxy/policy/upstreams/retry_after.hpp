// How long an upstream asks to be left alone: Retry-After (RFC 9110 §10.2.3: seconds or an HTTP date) and the
// millisecond form that OpenAI and Azure add. It reads two header values and no clock.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "core/clock.hpp"

namespace weir::policy {

/// `retry_after_ms` wins when it can be read. Fractions of a second are accepted, dates in the past are zero, and everything
/// is cut at 24 hours. Empty or unreadable values: none.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after(std::string_view value, std::string_view retry_after_ms, core::wall_time now);

/// An HTTP date in any of the three forms of RFC 9110 §5.6.7. `now` decides the century of a two-digit year.
[[nodiscard]] std::optional<core::wall_time> http_date(std::string_view text, core::wall_time now);

}  // namespace weir::policy
