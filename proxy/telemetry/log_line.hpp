// One request as one line of JSON, formatted without allocation.
// It does not write anywhere (access_log.hpp does).
#pragma once

#include <cstddef>

#include "core/clock.hpp"
#include "record/request_record.hpp"

namespace weir::telemetry {

inline constexpr std::size_t timestamp_size = 24;  ///< 2026-01-31T12:00:00.000Z

/// RFC 3339 in UTC with milliseconds; writes `timestamp_size` characters. Years 1970 to 9999.
void write_timestamp(char* out, core::wall_time when);

/// Longer strings of a record are cut, so that a line has a known largest size.
inline constexpr std::size_t longest_logged_string = 512;
inline constexpr std::size_t longest_line = 160 * 1024;

/// Writes the line with its line feed to `out`, which has `longest_line` bytes; returns its size. Empty strings become null,
/// invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::size_t format_line(char* out, const record::request_record& what);

}  // namespace weir::telemetry
