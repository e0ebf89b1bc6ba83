// JSON read by the reader of YAML, which knows the line of everything: checked as JSON first, and made palatable.
#include "dialect/json/json_index.hpp"
#include "import/source_text.hpp"

namespace weir::import {
namespace {

/// What is wrong with a text as JSON; empty: nothing.
std::string fault_in_json(std::string_view text) {
    dialect::json::index tokens;
    if (const auto fault = tokens.build(text); fault != dialect::json::fault::none) return std::string{dialect::json::words_of(fault)};
    dialect::json::cursor at{tokens};
    if (!at.skip()) return std::string{dialect::json::words_of(at.why())};
    if (!at.at_end()) return std::string{dialect::json::words_of(dialect::json::fault::trailing)};
    return tokens.escapes_are_legal() ? std::string{} : "has an escape that JSON does not know";
}

}  // namespace

std::string json_as_yaml(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    bool inside = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (c == '"') inside = !inside;
        if (!inside) {
            out += c == '\t' ? ' ' : c;
            continue;
        }
        constexpr std::size_t pair = 12;  // \uD83D\uDE00
        if (c != '\\' || i + 1 >= json.size()) {
            out += c;
        } else if (json.substr(i).starts_with("\\uD") || json.substr(i).starts_with("\\ud")) {
            const auto escaped = json.substr(i, pair);
            std::string character;
            (void)dialect::json::unescape(escaped, character);
            const bool is_pair = character.size() == 4;
            const bool is_half = character.starts_with("\xEF\xBF\xBD");
            if (is_pair || is_half) out += is_pair ? character : "\xEF\xBF\xBD";
            if (!is_pair && !is_half) out += json.substr(i, 6);
            i += is_pair ? pair - 1 : 5;
        } else {
            out += c;
            out += json[++i];
        }
    }
    return out;
}

parsed_source parse_json_source(std::string_view text, const std::string& name, remarks& notes) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (text.size() > largest_source) return {std::nullopt, name + ":1:1: the file is larger than 16 MiB"};
    if (const auto fault = fault_in_json(text); !fault.empty()) return {std::nullopt, name + ":1:1: this is no JSON: the text " + fault};
    return parse_source(json_as_yaml(text), name, notes);
}

}  // namespace weir::import
