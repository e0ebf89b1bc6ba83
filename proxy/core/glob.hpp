// Model name patterns: `*` stands for any run of characters, `?` for one; everything else for itself.
#pragma once

#include <string_view>

namespace weir::core {

/// Whether the whole of `text` fits `pattern`. Linear in the text for each `*` (no recursion).
[[nodiscard]] constexpr bool glob_match(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] != '*' && pattern[p] == text[t]))) {
            ++p, ++t;
        } else if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

/// Whether `pattern` has a wildcard at all.
[[nodiscard]] constexpr bool is_glob(std::string_view pattern) { return pattern.find_first_of("*?") != std::string_view::npos; }

}  // namespace weir::core
