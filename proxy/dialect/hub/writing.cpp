#include "dialect/hub/writing.hpp"

#include <array>

namespace weir::dialect::hub {
namespace {

constexpr std::array<client_words, spokes> words{{
    {"messages", "tools", "tool_choice", "messages", "stop", "response_format", "reasoning_effort"},
    {"input", "tools", "tool_choice", "instructions", "stop", "text.format", "reasoning"},
    {"messages", "tools", "tool_choice", "system", "stop_sequences", "output_config.format", "thinking"},
    {"contents", "tools", "toolConfig", "systemInstruction", "generationConfig.stopSequences", "generationConfig.responseJsonSchema",
     "generationConfig.thinkingConfig"},
}};

constexpr std::string_view before_tagged = "<system>", after_tagged = "</system>";

}  // namespace

const client_words& words_of(spoke from) { return words[static_cast<std::size_t>(from)]; }

void write_settings(json_writer& out, const conversation& of, spoke to, std::string_view prefix, notes& told, std::uint64_t skip) {
    for (const auto& row : field_table()) {
        const auto& said = of.setting(row.id);
        if (!said.said || (skip & bit(row.id)) != 0) continue;
        const auto client = name_of(row.id, of.from);
        const auto name = name_of(row.id, to);
        if (!name.empty()) {
            if (name.starts_with(prefix) && name.find('.', prefix.size()) == std::string_view::npos)
                out.member(name.substr(prefix.size()), said.json);
            continue;
        }
        if (row.when_missing == lost::refused)
            told.refuse(client, row.why);
        else if (row.when_missing == lost::told)
            told.drop(client);
    }
}

std::string as_tagged_user(const conversation& of, const turn& from) {
    std::string out;
    for (auto at = from.first; at < from.first + from.count; ++at) {
        const auto& text = of.parts[at].text;
        if (text.blank()) continue;
        out.append(out.empty() ? "" : "\\n\\n").append(text.json);
    }
    if (out.empty()) return out;
    return std::string{before_tagged}.append("\\n").append(out).append("\\n").append(after_tagged);
}

}  // namespace weir::dialect::hub
