// Numbers with and without units, exactly: no value goes through a floating-point type. It knows no file and no key.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::config {

/// A value, or what is wrong with the text (without quoting it) and perhaps what was meant.
template <class T>
struct parsed {
    std::optional<T> value = std::nullopt;
    std::string problem = {};
    std::string suggestion = {};
};

/// A whole number in `[low, high]`, digits only.
[[nodiscard]] parsed<std::int64_t> parse_integer(std::string_view text, std::int64_t low, std::int64_t high);

/// A decimal that is not negative, times 10^`places`: ("2.5", 6) -> 2500000. More digits than `places` are a fault.
[[nodiscard]] parsed<std::int64_t> parse_decimal(std::string_view text, int places);

/// `512KiB`, `64MiB`, `1GiB`, `1.5KB` or plain bytes.
[[nodiscard]] parsed<std::uint64_t> parse_size(std::string_view text);

/// `250ms`, `1.5s`, `15m`, `1h`, `30d`, or 0. Words like `off` are the caller's.
[[nodiscard]] parsed<std::chrono::milliseconds> parse_duration(std::string_view text);

/// `50%`, 0 to 100.
[[nodiscard]] parsed<int> parse_percent(std::string_view text);

/// true/false, on/off, yes/no, in any case.
[[nodiscard]] parsed<bool> parse_flag(std::string_view text);

/// `2027-01-01` (its first instant in UTC) or an RFC 3339 time: `2027-01-01T12:00:00Z`, `…+08:00`.
[[nodiscard]] parsed<std::chrono::system_clock::time_point> parse_time(std::string_view text);

/// `200-299` or `429`: an inclusive range of HTTP statuses.
[[nodiscard]] parsed<std::pair<int, int>> parse_statuses(std::string_view text);

/// Exactly 64 hexadecimal digits.
[[nodiscard]] parsed<std::string> parse_hex_sha256(std::string_view text);

/// A size as people write it: 67108864 -> "64MiB".
[[nodiscard]] std::string size_string(std::uint64_t bytes);

}  // namespace weir::config
