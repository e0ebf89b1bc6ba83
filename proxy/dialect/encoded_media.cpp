#include "dialect/encoded_media.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace weir::dialect {
namespace {

// Both alphabets of RFC 4648, and the backslash of writers that escape slashes.
constexpr std::array<bool, 256> encoding = [] {
    std::array<bool, 256> all{};
    for (const char c : std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=\\"})
        all[static_cast<unsigned char>(c)] = true;
    return all;
}();

bool has_other_bytes(std::string_view text) {
    return !std::all_of(text.begin(), text.end(), [](char c) { return encoding[static_cast<unsigned char>(c)]; });
}

// A few places tell: prose has spaces, code has brackets, and a wrong guess is an estimate that the report puts right.
bool looks_encoded(std::string_view text) {
    constexpr std::size_t places = 16, each = 64, longest_prefix = 128;
    if (text.starts_with("data:") && text.substr(0, longest_prefix).find(";base64,") != std::string_view::npos) return true;
    for (std::size_t i = 0; i < places; ++i)
        if (has_other_bytes(text.substr(text.size() / places * i, each))) return false;
    return true;
}

}  // namespace

std::size_t encoded_media_bytes(const json::index& where) {
    const auto text = where.text();
    if (text.size() < shortest_media) return 0;
    std::size_t sum = 0;
    for (std::uint32_t i = 0; i < where.size(); ++i) {
        const std::size_t begin = where[i], next = where[i + 1];
        if (next - begin < shortest_media || text[begin] != '"') continue;
        // What follows the string, white space and all, is part of the distance: from its end backwards to the quote.
        const auto end = text.substr(0, next).rfind('"');
        if (end > begin && looks_encoded(text.substr(begin + 1, end - begin - 1))) sum += end - begin - 1;
    }
    return sum;
}

}  // namespace weir::dialect
