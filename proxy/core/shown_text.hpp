// What a client chose, cut for where weir shows or keeps it: nobody makes an answer, a page or a log long by a long name.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::core {

/// Of a model's name that a client chose.
inline constexpr std::size_t longest_shown_name = 100;
/// Of a path that a client asked for.
inline constexpr std::size_t longest_shown_path = 1024;

/// The text's first `most` bytes, or fewer: it is not cut inside a UTF-8 sequence.
[[nodiscard]] constexpr std::string_view shown(std::string_view text, std::size_t most = longest_shown_name) {
    if (text.size() <= most) return text;
    std::size_t end = most;
    // A sequence has three such bytes at most; more of them are none.
    for (int i = 0; i < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U; ++i) --end;
    return text.substr(0, end);
}

}  // namespace weir::core
