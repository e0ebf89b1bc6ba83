// Decoding for char_class.hpp, kept out of line: it must not be in the way of ASCII. Does not check what it decodes.
#include "token/char_class.hpp"

namespace weir::token {

character read_wide_character(const char* at) {
    const auto byte = [at](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(at[i])); };
    const std::uint32_t lead = byte(0);
    if (lead < 0xE0) return {class_of((lead & 0x1F) << 6 | (byte(1) & 0x3F)), 2};
    if (lead < 0xF0) return {class_of((lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F)), 3};
    const std::uint32_t tail = (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    return {class_of((lead & 0x07) << 18 | tail), 4};
}

}  // namespace weir::token
