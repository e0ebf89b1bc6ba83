// weir's own operational messages, for people: one line each to stderr, "2026-01-31T12:00:00.000Z warn message".
// Never on the hot path: a call is a write(2).
#pragma once

#include <string_view>

#include "telemetry/settings.hpp"

namespace weir::telemetry {

/// Messages below this level are not written. Thread-safe; the default is info.
void set_level(level lowest);

/// Writes one line, whole also when several threads write. Line breaks and control characters in `message` become spaces.
void log(level severity, std::string_view message);

[[nodiscard]] std::string_view name_of(level severity);

}  // namespace weir::telemetry
