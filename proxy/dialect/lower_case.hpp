// Letters without their case, as ASCII has it: whatever the locale, bytes outside ASCII stay.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace weir::dialect {

[[nodiscard]] constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

[[nodiscard]] inline std::string lowered(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

}  // namespace weir::dialect
