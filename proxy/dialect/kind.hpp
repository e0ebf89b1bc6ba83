// The wire formats that endpoints speak.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::dialect {

enum class kind : std::uint8_t { openai, anthropic, gemini };

[[nodiscard]] constexpr std::string_view name_of(kind k) {
    switch (k) {
        case kind::openai: return "openai";
        case kind::anthropic: return "anthropic";
        case kind::gemini: return "gemini";
    }
    return "openai";
}

}  // namespace weir::dialect
