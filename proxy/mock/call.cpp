#include "mock/call.hpp"

#include <algorithm>

namespace weir::mock {

bool same_name(std::string_view a, std::string_view b) {
    const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return low(x) == low(y); });
}

std::string received::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (same_name(key, name)) return value;
    return {};
}

std::string credential_of(const received& what) {
    const auto bearer = what.header("authorization");
    if (bearer.size() > 7 && same_name(bearer.substr(0, 7), "bearer ")) return bearer.substr(7);
    for (const char* name : {"x-api-key", "api-key", "x-goog-api-key"})
        if (auto value = what.header(name); !value.empty()) return value;
    return {};
}

}  // namespace weir::mock
