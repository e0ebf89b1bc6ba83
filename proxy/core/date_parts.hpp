// The parts of a written point in time (RFC 3339 section 5.6).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace weir::core {

/// The number that exactly `count` digits, nine at most, make up at `at`; nothing where the text ends before or one is no digit.
[[nodiscard]] constexpr std::optional<int> digits_at(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

/// `Z`, `+08:00` or `-05:30`, and nothing else, to the offset from UTC.
[[nodiscard]] constexpr std::optional<std::chrono::minutes> utc_offset(std::string_view text) {
    if (text == "Z" || text == "z") return std::chrono::minutes{0};
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
    const auto hours = digits_at(text, 1, 2), minutes = digits_at(text, 4, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    const std::chrono::minutes offset{*hours * 60 + *minutes};
    return text[0] == '-' ? -offset : offset;
}

}  // namespace weir::core
