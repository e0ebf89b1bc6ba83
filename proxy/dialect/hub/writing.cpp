#include "dialect/hub/writing.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dialect/hub/efforts.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/hub/schema.hpp"

namespace weir::dialect::hub {
namespace {

constexpr std::array<client_words, spokes> words{{
    {"messages", "tools", "tool_choice", "messages", "stop", "response_format", "reasoning_effort"},
    {"input", "tools", "tool_choice", "instructions", "stop", "text.format", "reasoning"},
    {"messages", "tools", "tool_choice", "system", "stop_sequences", "output_config.format", "thinking"},
    {"contents", "tools", "toolConfig", "systemInstruction", "generationConfig.stopSequences", "generationConfig.responseJsonSchema",
     "generationConfig.thinkingConfig"},
    {"prompt", "tools", "tool_choice", "prompt", "stop", "response_format", "reasoning_effort"},
}};

constexpr std::string_view before_tagged = "<system>", after_tagged = "</system>";

bool says_no_object(std::string_view schema) {
    json::index where;
    if (schema.empty() || where.build(schema) != json::fault::none) return false;
    bool other = false;
    json::cursor{where}.members([&](std::string_view key, json::cursor& value) {
        if (key == "type") other = written(value).find("\"object\"") == std::string_view::npos;
    });
    return other;
}

}  // namespace

const client_words& words_of(spoke from) { return words[static_cast<std::size_t>(from)]; }

void write_settings(json_writer& out, const conversation& of, spoke to, std::string_view prefix, notes& told, std::uint64_t skip) {
    for (const auto& row : field_table()) {
        const auto& said = of.setting(row.id);
        if (!said.said || (skip & bit(row.id)) != 0) continue;
        const auto client = name_of(row.id, of.from);
        const auto name = name_of(row.id, to);
        // No answer brings them from one dialect into another.
        if ((row.id == field::logprobs || row.id == field::top_logprobs) && to != of.from) {
            told.drop(client, "translated answers have none");
            continue;
        }
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

std::string joined_system(const conversation& of, const turn& from) {
    std::string out;
    for (auto at = from.first; at < from.first + from.count; ++at) {
        const auto& text = of.parts[at].text;
        if (!text.blank()) out.append(out.empty() ? "" : "\\n\\n").append(text.json);
    }
    return out;
}

std::string as_tagged_user(const conversation& of, const turn& from) {
    const auto out = joined_system(of, from);
    if (out.empty()) return out;
    return std::string{before_tagged}.append("\\n").append(out).append("\\n").append(after_tagged);
}

std::vector<const tool*> tools_for(const conversation& of, const target_settings& to, tool_terms terms, notes& told) {
    std::vector<const tool*> out;
    const auto& words_said = words_of(of.from);
    const bool subset = of.choice.is == tool_choice::kind::subset && !terms.subsets;
    if (subset) told.change(words_said.choice, "it may call any tool that it is told of");
    for (const auto& t : of.tools) {
        const bool elsewhere = t.is == tool::kind::hosted || (t.is == tool::kind::web_search && !terms.searches);
        if (elsewhere && to.drops_hosted_tools) {
            told.drop(words_said.tools);
        } else if (elsewhere) {
            told.refuse(words_said.tools, "a hosted tool runs at its own provider (hosted_tools: drop leaves it out)");
        } else {
            const auto& names = of.choice.names;
            if (subset && std::none_of(names.begin(), names.end(), [&](const raw_text& n) { return n.json == t.name.json; })) continue;
            if (t.deferred) told.change(words_said.tools, "all tools are sent from the start");
            if (says_no_object(t.schema)) told.refuse(words_said.tools, "what a tool takes is an object: name its one argument in one");
            out.push_back(&t);
        }
    }
    return out;
}

tool_choice choice_for(const conversation& of, const std::vector<const tool*>& sent, notes& told) {
    using kind = tool_choice::kind;
    auto out = of.choice;
    const auto is_sent = [&](const raw_text& name) {
        return std::any_of(sent.begin(), sent.end(), [&](const tool* t) { return t->name.said && t->name.json == name.json; });
    };
    if (sent.empty()) {
        if (out.is == kind::any || out.is == kind::one) told.drop(words_of(of.from).choice, "there is no tool to call");
        return {};
    }
    std::erase_if(out.names, [&](const raw_text& name) { return !is_sent(name); });
    if ((out.is == kind::one || out.is == kind::subset) && out.names.empty()) {
        out.is = out.is == kind::subset ? out.mode : kind::automatic;
        told.change(words_of(of.from).choice, "the tool is not sent");
    }
    return out;
}

std::string description_of(const tool& t) {
    std::string out{t.description.json};
    if (t.grammar.empty()) return out;
    out.append(out.empty() ? "" : "\\n\\n").append("The input keeps to this grammar (").append(t.syntax.json).append("):\\n");
    return out.append(t.grammar.json);
}

std::size_t stops_of(const conversation& of) {
    const auto& texts = of.stops.texts;
    return static_cast<std::size_t>(std::count_if(texts.begin(), texts.end(), [](const raw_text& each) { return !each.empty(); }));
}

std::string parameters_of(const tool& t, object_terms terms, std::string_view path, notes& told) {
    json::index where;
    const auto schema = t.schema;
    if (schema.empty() || where.build(schema) != json::fault::none || json::cursor{where}.peek() != '{') return std::string{any_object};
    bool typed = false, named = !terms.members, one = true;
    json::cursor{where}.members([&](std::string_view key, json::cursor& value) {
        const bool choice = key == "anyOf" || key == "oneOf" || key == "allOf";
        typed = typed || key == "type";
        named = named || key == "properties" || key == "$ref" || choice;
        one = one && (key != "type" || value.peek() == '"') && !(terms.flat && (choice || key == "enum" || key == "const" || key == "not"));
    });
    if (!one) {
        bool looser = false;
        auto out = flat_schema(schema, looser);
        if (looser) told.change(path, "what a tool takes is one object there");
        return out;
    }
    if (typed && named) return std::string{schema};
    auto out = std::string{typed ? "{" : R"({"type":"object")"};
    if (!named) out.append(out.size() > 1 ? "," : "").append(R"("properties":{})");
    const auto rest = schema.substr(schema.find('{') + 1);
    // By the text: what a name with a broken escape says is not told.
    const auto first = rest.find_first_not_of(" \t\r\n");
    const bool empty = first == std::string_view::npos || rest[first] == '}';
    return out.append(empty ? "" : ",").append(rest);
}

std::string with_type(std::string_view location) {
    if (location.find("\"type\"") != std::string_view::npos || location.size() < 2) return std::string{location};
    const auto rest = location.substr(1);
    const bool empty = rest.find('"') == std::string_view::npos;
    return std::string{R"({"type":"approximate")"}.append(empty ? "" : ",").append(rest);
}

raw_text type_of(const media& m) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> beginnings{{{"iVBORw0KGgo", "image/png"},
                                                                                       {"/9j/", "image/jpeg"},
                                                                                       {"\\/9j\\/", "image/jpeg"},
                                                                                       {"R0lGOD", "image/gif"},
                                                                                       {"UklGR", "image/webp"},
                                                                                       {"JVBERi0", "application/pdf"}}};
    const bool riff_of_sound = m.type.json.starts_with("audio") || m.type.json.starts_with("video");
    for (const auto& [begins, type] : beginnings)
        if (!riff_of_sound && m.is == media::from::base64 && m.data.json.starts_with(begins)) return raw_text{type};
    return m.type.is("image/jpg") ? raw_text{"image/jpeg"} : m.type;
}

void append_text_input(std::string& out, const embedded_json& text) {
    out += "{\"input\":\"";
    append_as_string(out, text);
    out += "\"}";
}

std::string_view tier_for(const conversation& of, spoke to, notes& told) {
    const auto is = [](std::string_view json, std::string_view word) {
        return json.size() == word.size() + 2 && json.substr(1, word.size()) == word;
    };
    const auto& said = of.setting(field::service_tier).json;
    const auto& speed = of.setting(field::speed).json;
    const bool openai = to == spoke::chat || to == spoke::responses;
    if (is(speed, "fast") || is(said, "fast")) {
        if (openai || to == spoke::messages) return "fast";
        told.drop(name_of(is(speed, "fast") ? field::speed : field::service_tier, of.from));
        return {};
    }
    for (const std::string_view word : {"flex", "priority"}) {
        if (!is(said, word)) continue;
        if (to != spoke::messages) return word;
        told.drop(name_of(field::service_tier, of.from));
        return {};
    }
    const bool usual = is(said, "default") || is(said, "standard") || is(said, "standard_only");
    if (usual) return openai ? "default" : to == spoke::gemini ? "standard" : is(said, "standard_only") ? "standard_only" : std::string_view{};
    if (openai && (of.from == spoke::chat || of.from == spoke::responses) && said.size() > 2 && is(said, "scale")) return "scale";
    if (!said.empty() && !is(said, "auto") && !is(said, "unspecified")) told.drop(name_of(field::service_tier, of.from));
    return {};
}

std::uint64_t refused_sampling(const conversation& of, const target_settings& to, notes& told) {
    const auto want = wanted(of.thinks);
    const bool thinks = to.can.developer_role && to.can.thinks == capabilities::reasoning::effort && want != thinking::effort::unsaid &&
                        want != thinking::effort::none;
    std::uint64_t out = 0;
    if (to.can.sampling && !thinks) return out;
    for (const auto f : {field::temperature, field::top_p, field::top_logprobs, field::logprobs}) {
        const auto& said = of.setting(f);
        if (!said.said) continue;
        out |= bit(f);
        // They sample at 1 anyway.
        if (said.json != "1" && said.json != "1.0") told.drop(name_of(f, of.from), "the model takes no sampling");
    }
    return out;
}

// Chat has names, the others media types.
std::string_view sound_format(const media& of) {
    const auto type = of.type.decoded();
    const std::string_view name = std::string_view{type}.substr(type.starts_with("audio/") ? 6 : 0);
    if (name == "wav" || name == "x-wav" || name == "wave") return "wav";
    return name == "mp3" || name == "mpeg" ? "mp3" : std::string_view{};
}

void write_openai_schema(json_writer& out, const conversation& of, notes& told) {
    const auto& f = of.format;
    if (says_no_object(f.schema)) told.refuse(words_of(of.from).format, "the answer is an object there");
    out.text_member("name", f.name.said ? f.name : raw_text{"structured_output"});
    if (f.description.said) out.text_member("description", f.description);
    out.member("schema", f.schema.empty() ? any_object : f.schema);
    out.member("strict", strict_for_openai(of, f.strict, f.schema, words_of(of.from).format, told) ? "true" : "false");
}

std::optional<std::int64_t> output_limit(const conversation& of, const target_settings& to, notes& told) {
    // A model that nothing is known of may give more than this.
    constexpr auto unknown = capabilities{}.max_output;
    if (!of.cap.tokens || *of.cap.tokens <= to.can.max_output || to.can.max_output == unknown) return of.cap.tokens;
    told.change(of.cap.name, "the model gives fewer tokens");
    return to.can.max_output;
}

bool strict_for_openai(const conversation& of, std::optional<bool> strict, std::string_view schema, std::string_view path, notes& told) {
    if (!strict.value_or(false)) return false;
    const bool same_rules = of.from == spoke::chat || of.from == spoke::responses;
    if (same_rules || is_strict(schema)) return true;
    told.change(path, "not every schema can be strict there");
    return false;
}

}  // namespace weir::dialect::hub
