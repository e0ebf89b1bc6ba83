// Validity of UTF-8 after table 3-7 of the Unicode Standard. Does not decode: char_class.hpp does.
#include "token/utf8.hpp"

#include <cstring>

namespace weir::token {

utf8_mender::sequence utf8_mender::inspect(const char* at, std::size_t size) {
    const auto byte = [at](std::size_t i) { return static_cast<unsigned char>(at[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {verdict::whole, 1};
    if (lead < 0xC2 || lead > 0xF4) return {verdict::broken, 1};
    const std::uint8_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    // Only the second byte's range depends on the lead: no overlong form, no surrogate, nothing above U+10FFFF.
    const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (size > 1 && (byte(1) < low || byte(1) > high)) return {verdict::broken, 1};
    for (std::uint8_t i = 2; i < length && i < size; ++i)
        if ((byte(i) & 0xC0) != 0x80) return {verdict::broken, i};
    if (size < length) return {verdict::cut, static_cast<std::uint8_t>(size)};
    return {verdict::whole, length};
}

std::size_t valid_utf8_prefix(std::string_view text) {
    constexpr std::uint64_t high_bits = 0x8080808080808080U;
    std::size_t at = 0;
    while (at < text.size()) {
        std::uint64_t eight = high_bits;
        if (text.size() - at >= sizeof eight) std::memcpy(&eight, text.data() + at, sizeof eight);
        if ((eight & high_bits) == 0) {
            at += sizeof eight;
            continue;
        }
        const auto found = utf8_mender::inspect(text.data() + at, text.size() - at);
        if (found.what != utf8_mender::verdict::whole) return at;
        at += found.length;
    }
    return at;
}

}  // namespace weir::token
