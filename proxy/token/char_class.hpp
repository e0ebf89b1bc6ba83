// Which kind of character the pre-tokenisers see in a code point, after Unicode 16.0 general categories.
// Knows nothing of UTF-8 validity: its text is valid and whole.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::token {

// One bit each, so that a set of classes is a mask.
namespace char_class {
inline constexpr std::uint8_t upper = 1 << 0;    // Lu, Lt
inline constexpr std::uint8_t lower = 1 << 1;    // Ll
inline constexpr std::uint8_t letter = 1 << 2;   // Lm, Lo: letters without case
inline constexpr std::uint8_t mark = 1 << 3;     // Mn, Mc, Me
inline constexpr std::uint8_t number = 1 << 4;   // Nd, Nl, No
inline constexpr std::uint8_t space = 1 << 5;    // White_Space but CR and LF
inline constexpr std::uint8_t newline = 1 << 6;  // CR, LF
inline constexpr std::uint8_t other = 1 << 7;    // everything else, unassigned code points too
}  // namespace char_class

namespace detail {
extern const std::uint8_t ascii_classes[128];
extern const std::uint8_t class_block_of[2048];
extern const std::uint64_t class_blocks[];
}  // namespace detail

// The class of a code point at or above U+0080.
[[nodiscard]] inline std::uint8_t class_of(std::uint32_t code_point) {
    if (code_point >= 0x40000) {
        const bool variation_selector = code_point >= 0xE0100 && code_point <= 0xE01EF;
        return variation_selector ? char_class::mark : char_class::other;
    }
    const std::size_t word = detail::class_block_of[code_point / 128] * std::size_t{8} + code_point % 128 / 16;
    return static_cast<std::uint8_t>(1U << (detail::class_blocks[word] >> (code_point % 16 * 4) & 15U));
}

// One character of valid UTF-8: its class and its length in bytes. Class 0 stands for the end of the text.
struct character {
    std::uint8_t what;
    std::uint8_t length;
};

// The character at `at`, which must be the first byte of a whole, valid one, when that is not ASCII.
[[nodiscard]] character read_wide_character(const char* at);

// The character at `at`, which must be the first byte of a whole, valid one.
[[nodiscard]] inline character read_character(const char* at) {
    const auto lead = static_cast<unsigned char>(*at);
    if (lead < 0x80) return {detail::ascii_classes[lead], 1};
    return read_wide_character(at);
}

}  // namespace weir::token
