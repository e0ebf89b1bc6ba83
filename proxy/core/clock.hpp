// The clocks. Decisions take a time_point as an argument; only net/ and app/ read a clock.
#pragma once

#include <chrono>

namespace weir::core {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration = std::chrono::nanoseconds;
using wall_clock = std::chrono::system_clock;
using wall_time = wall_clock::time_point;

inline constexpr time_point never = time_point::max();

/// Writes `t` as an HTTP date (RFC 9110 section 5.6.7), 29 characters: `Sun, 06 Nov 1994 08:49:37 GMT`.
void write_http_date(char* to, wall_time t);

/// The end of a limit that begins now; a limit of zero is none.
[[nodiscard]] inline time_point after(time_point now, duration limit) { return limit.count() > 0 ? now + limit : never; }

}  // namespace weir::core
