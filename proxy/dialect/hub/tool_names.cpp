#include "dialect/hub/tool_names.hpp"

#include <algorithm>
#include <array>

#include "dialect/hub/raw_text.hpp"

namespace weir::dialect::hub {
namespace {

constexpr std::size_t longest_id = 64;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_plain(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; }

struct rules {
    std::size_t longest;
    bool dots;    ///< and colons
    bool letter;  ///< or `_` is the first
};

rules rules_of(spoke to) {
    switch (to) {
        case spoke::messages: return {128, false, false};
        case spoke::gemini: return {128, true, true};
        default: return {64, false, false};
    }
}

bool may_stand(char c, const rules& by) { return is_plain(c) || (by.dots && (c == '.' || c == ':')); }

bool may_begin(char c, const rules& by) { return !by.letter || is_letter(c) || c == '_'; }

bool fits(std::string_view name, const rules& by) {
    return name.size() <= by.longest && !name.empty() && may_begin(name.front(), by) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return may_stand(c, by); });
}

}  // namespace

bool is_taken_everywhere(std::string_view id) { return !id.empty() && id.size() <= longest_id && std::all_of(id.begin(), id.end(), is_plain); }

bool may_repeat(std::string_view id) {
    constexpr std::array<std::string_view, 6> words{"", "call", "tool", "tool_call", "toolcall", "function"};
    constexpr std::size_t small = 4;
    auto digits = std::size_t{0};
    while (digits < id.size() && is_digit(id[id.size() - 1 - digits])) ++digits;
    if (digits == 0 || digits > small) return false;
    auto word = id.substr(0, id.size() - digits);
    while (!word.empty() && (word.back() == '_' || word.back() == '-')) word.remove_suffix(1);
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string fitting_name(std::string_view name, spoke to) {
    const auto by = rules_of(to);
    if (fits(name, by) || name.empty()) return std::string{name};
    constexpr std::size_t of_hash = 16;
    std::string out;
    if (!may_begin(name.front(), by)) out += '_';
    for (const char c : name.substr(0, by.longest - of_hash - 2)) out += may_stand(c, by) ? c : '_';
    return out.append(1, '_').append(short_hash(name), 0, of_hash);
}

void fit_names(conversation& of, spoke to) {
    const auto fit = [&](raw_text& name) {
        if (!name.said || fits(name.json, rules_of(to)) || name.empty()) return;
        name = raw_text{of.kept.keep(fitting_name(name.json, to))};
    };
    for (auto& each : of.tools)
        if (each.is == tool::kind::function || each.is == tool::kind::custom) fit(each.name);
    for (auto& each : of.choice.names) fit(each);
    for (auto& each : of.parts)
        if (each.is == part::kind::call || each.is == part::kind::result) fit(each.name);
}

}  // namespace weir::dialect::hub
