// Whether an answer names another model than the one that was asked for: for metrics, since a provider may serve what it likes.
#pragma once

#include <algorithm>
#include <string_view>

namespace weir::dialect {

/// `said` empty: the answer names none. A dated form of the model (`gpt-4o-2024-11-20`, `claude-3-7-sonnet-20250219` for `…-latest`) is the
/// model itself, and so is one with its provider in front (`openai/gpt-4o`, `models/gemini-2.5-pro`); `gpt-4o-mini` for `gpt-4o` is another.
[[nodiscard]] inline bool is_other_model(std::string_view asked, std::string_view said) {
    constexpr std::string_view latest = "-latest";
    const auto bare = [&](std::string_view name) {
        name = name.substr(name.rfind('/') + 1);
        if (name.ends_with(latest)) name.remove_suffix(latest.size());
        return name;
    };
    asked = bare(asked);
    said = bare(said);
    if (said.empty() || asked.empty()) return false;
    const auto& longer = said.size() >= asked.size() ? said : asked;
    const auto& shorter = said.size() >= asked.size() ? asked : said;
    if (!longer.starts_with(shorter)) return true;
    const auto rest = longer.substr(shorter.size());
    return !rest.empty() &&
           (rest.front() != '-' || !std::all_of(rest.begin(), rest.end(), [](char c) { return c == '-' || (c >= '0' && c <= '9'); }));
}

}  // namespace weir::dialect
