// Requests that their own dialect refuses: a value of another kind than its provider takes, a turn of nobody, a result of no call. Read as if nothing
// were wrong they would become something that nobody has said. What providers merely ignore, or what can be mended without a guess, is let pass.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "dialect/hub/reading.hpp"

namespace weir::dialect::hub {
namespace {

enum kinds : unsigned { text = 1, number = 2, boolean = 4, list = 8, object = 16, null = 32, anything = 63 };

unsigned kind_at(const json::cursor& at) {
    switch (at.peek()) {
        case '"': return text;
        case 't':
        case 'f': return boolean;
        case 'n': return null;
        case '[': return list;
        case '{': return object;
        default: return number;
    }
}

struct shape;

/// A member of an object, or of each object of a list.
struct member {
    std::string_view name;
    unsigned takes = anything;
    bool required = false;
    const shape* (*inside)(json::cursor) = nullptr;  ///< what an object there looks like; null: nothing is known
    std::string_view words = {};                     ///< that a text may be, separated by blanks; empty: any
};

struct shape {
    std::span<const member> members;
};

constexpr member one_type[]{{"type", text, true}};
constexpr shape typed{one_type};
const shape* typed_part(json::cursor) { return &typed; }

// --- chat ---

constexpr member chat_text_part[]{{"type", text, true}, {"text", text, true}};
constexpr member chat_image_part[]{{"type", text, true}, {"image_url", text | object, true}};
constexpr shape chat_text{chat_text_part}, chat_image{chat_image_part};
const shape* chat_part(json::cursor at) {
    const auto type = look_for_text(at, "type");
    return type.is("text") ? &chat_text : type.is("image_url") ? &chat_image : &typed;
}

constexpr member called[]{{"name", text, true}};
constexpr shape chat_called{called};
const shape* chat_function(json::cursor) { return &chat_called; }
constexpr member chat_call_members[]{{"id", text | null}, {"function", object, false, chat_function}, {"custom", object, false, chat_function}};
constexpr shape chat_call_shape{chat_call_members};
const shape* chat_call(json::cursor) { return &chat_call_shape; }

constexpr std::string_view chat_roles = "system developer user assistant tool function", item_roles = "user assistant system developer",
                           messages_roles = "user assistant system";
constexpr member said_by_user[]{{"role", text, true, nullptr, chat_roles}, {"content", text | list, true, chat_part}, {"name", text | null}};
constexpr member said_by_tool[]{{"role", text, true}, {"content", text | list, true, chat_part}, {"tool_call_id", text, true}};
constexpr member said_by_assistant[]{{"role", text, true},
                                     {"content", text | list | null, false, chat_part},
                                     {"tool_calls", list | null, false, chat_call},
                                     {"function_call", object | null},
                                     {"refusal", text | null}};
constexpr shape chat_user{said_by_user}, chat_tool{said_by_tool}, chat_assistant{said_by_assistant};
const shape* chat_message(json::cursor at) {
    const auto role = look_for_text(at, "role");
    return role.is("tool") ? &chat_tool : role.is("assistant") || role.is("function") ? &chat_assistant : &chat_user;
}

constexpr member function_members[]{{"name", text, true}, {"description", text | null}, {"parameters", object | null}, {"strict", boolean | null}};
constexpr shape function_shape{function_members};
const shape* chat_tool_function(json::cursor) { return &function_shape; }
constexpr member chat_function_tool[]{{"type", text, true}, {"function", object, true, chat_tool_function}};
constexpr shape chat_function_shape{chat_function_tool};
const shape* chat_tool_of(json::cursor at) { return look_for_text(at, "type").is("function") ? &chat_function_shape : &typed; }

constexpr member chat_root[]{{"messages", list, true, chat_message},
                             {"tools", list | null, false, chat_tool_of},
                             {"tool_choice", text | object | null},
                             {"parallel_tool_calls", boolean | null},
                             {"response_format", object | null, false, typed_part},
                             {"reasoning_effort", text | null},
                             {"max_tokens", number | null},
                             {"max_completion_tokens", number | null},
                             {"stop", text | list | null},
                             {"temperature", number | null},
                             {"top_p", number | null},
                             {"seed", number | null}};

// --- responses ---

constexpr member said_item[]{{"role", text, true, nullptr, item_roles}, {"content", text | list, true, typed_part}};
constexpr member call_item[]{{"call_id", text, true}, {"name", text, true}, {"arguments", text | object, true}};
constexpr member result_item[]{{"call_id", text | null}, {"output", text | list, true, typed_part}};
constexpr shape said_shape{said_item}, call_shape{call_item}, result_shape{result_item};
const shape* responses_item(json::cursor at) {
    const auto type = look_for_text(at, "type");
    if (type.is("function_call")) return &call_shape;
    if (type.is("function_call_output")) return &result_shape;
    // Of items that nobody here knows it is enough that they say so.
    const bool is_message = type.said ? type.is("message") : has_member(at, "role") || has_member(at, "content");
    return is_message ? &said_shape : &typed;
}
constexpr member responses_function[]{{"type", text, true}, {"name", text, true}, {"parameters", object | null}, {"strict", boolean | null}};
constexpr shape responses_function_shape{responses_function};
const shape* responses_tool(json::cursor at) { return look_for_text(at, "type").is("function") ? &responses_function_shape : &typed; }

constexpr member responses_root[]{{"input", text | list | null, false, responses_item},
                                  {"instructions", text | null},
                                  {"tools", list | null, false, responses_tool},
                                  {"tool_choice", text | object | null},
                                  {"parallel_tool_calls", boolean | null},
                                  {"text", object | null},
                                  {"reasoning", object | null},
                                  {"max_output_tokens", number | null},
                                  {"temperature", number | null},
                                  {"top_p", number | null}};

// --- messages ---

constexpr member text_block[]{{"type", text, true}, {"text", text, true}};
constexpr member source_block[]{{"type", text, true}, {"source", object, true, typed_part}};
constexpr member use_block[]{{"id", text, true}, {"name", text, true}, {"input", anything, true}};
constexpr member thinking_block[]{{"thinking", text, true}};
constexpr shape text_shape{text_block}, source_shape{source_block}, use_shape{use_block}, thinking_shape{thinking_block};
// Of a result: it holds no other calls and results, and is not looked at any deeper.
const shape* messages_shown(json::cursor at) {
    const auto type = look_for_text(at, "type");
    if (type.is("text")) return &text_shape;
    return type.is("image") || type.is("document") ? &source_shape : &typed;
}
constexpr member messages_result[]{{"tool_use_id", text, true}, {"content", text | list | null, false, messages_shown}, {"is_error", boolean | null}};
constexpr shape messages_result_shape{messages_result};
const shape* messages_block(json::cursor at) {
    const auto type = look_for_text(at, "type");
    if (type.is("tool_use")) return &use_shape;
    if (type.is("thinking")) return &thinking_shape;
    return type.is("tool_result") ? &messages_result_shape : messages_shown(at);
}
constexpr member messages_turn_members[]{{"role", text, true, nullptr, messages_roles}, {"content", text | list, true, messages_block}};
constexpr shape messages_turn_shape{messages_turn_members};
const shape* messages_turn(json::cursor) { return &messages_turn_shape; }
constexpr member messages_tool_members[]{{"name", text, true}, {"description", text | null}, {"input_schema", object | null}};
constexpr shape messages_tool_shape{messages_tool_members};
const shape* messages_tool(json::cursor) { return &messages_tool_shape; }

constexpr member messages_root[]{{"messages", list, true, messages_turn},
                                 {"system", text | list | null, false, messages_block},
                                 {"tools", list | null, false, messages_tool},
                                 {"tool_choice", object | null, false, typed_part},
                                 {"thinking", object | null, false, typed_part},
                                 {"output_config", object | null},
                                 {"max_tokens", number | null},
                                 {"stop_sequences", list | null},
                                 {"metadata", object | null},
                                 {"temperature", number | null},
                                 {"top_p", number | null},
                                 {"top_k", number | null}};

// --- gemini: its names have two forms, its numbers may stand in quotes, and one element may stand for a list of it ---

constexpr member gemini_data[]{{"data", text}, {"mimeType", text}, {"mime_type", text}, {"fileUri", text}, {"file_uri", text}};
constexpr member gemini_call_members[]{{"name", text | null}, {"args", object | null}, {"id", text | null}};
constexpr member gemini_result_members[]{{"name", text | null}, {"response", object | null}, {"id", text | null}};
constexpr shape gemini_data_shape{gemini_data}, gemini_call_shape{gemini_call_members}, gemini_result_shape{gemini_result_members};
const shape* gemini_blob(json::cursor) { return &gemini_data_shape; }
const shape* gemini_call(json::cursor) { return &gemini_call_shape; }
const shape* gemini_result(json::cursor) { return &gemini_result_shape; }
constexpr member gemini_part_members[]{{"text", text | null},
                                       {"thought", boolean | null},
                                       {"inlineData", object | null, false, gemini_blob},
                                       {"inline_data", object | null, false, gemini_blob},
                                       {"fileData", object | null, false, gemini_blob},
                                       {"file_data", object | null, false, gemini_blob},
                                       {"functionCall", object | null, false, gemini_call},
                                       {"function_call", object | null, false, gemini_call},
                                       {"functionResponse", object | null, false, gemini_result},
                                       {"function_response", object | null, false, gemini_result}};
constexpr shape gemini_part_shape{gemini_part_members};
const shape* gemini_part(json::cursor) { return &gemini_part_shape; }
constexpr member gemini_content_members[]{{"role", text | null}, {"parts", list | object | null, false, gemini_part}};
constexpr shape gemini_content_shape{gemini_content_members};
const shape* gemini_content(json::cursor) { return &gemini_content_shape; }
constexpr member gemini_settings_members[]{{"temperature", number | null},
                                           {"maxOutputTokens", number | text | null},
                                           {"stopSequences", list | text | null},
                                           {"thinkingConfig", object | null}};
constexpr shape gemini_settings_shape{gemini_settings_members};
const shape* gemini_settings(json::cursor) { return &gemini_settings_shape; }

constexpr member gemini_root[]{{"contents", list | object | null, false, gemini_content},
                               {"systemInstruction", object | null, false, gemini_content},
                               {"system_instruction", object | null, false, gemini_content},
                               {"tools", list | object | null},
                               {"toolConfig", object | null},
                               {"tool_config", object | null},
                               {"generationConfig", object | null, false, gemini_settings},
                               {"generation_config", object | null, false, gemini_settings}};

/// What is wrong, and where: the path from the inside out.
struct fault {
    std::string path, why;
};

std::string words_for(unsigned takes) {
    constexpr std::array<std::string_view, 5> words{"a text", "a number", "true or false", "a list", "an object"};
    std::string out = "it must be ";
    bool first = true;
    for (unsigned i = 0; i < words.size(); ++i) {
        if ((takes >> i & 1U) == 0) continue;
        out.append(std::exchange(first, false) ? "" : " or ").append(words[i]);
    }
    return out;
}

void step_out(fault& of, std::string_view name) {
    const bool joins = !of.path.empty() && of.path.front() != '[';
    of.path.insert(0, std::string{name}.append(joins ? "." : ""));
}

std::optional<fault> check(json::cursor at, const shape& as);

std::optional<fault> check_inside(json::cursor at, const member& of) {
    if (of.inside == nullptr) return std::nullopt;
    if (at.peek() == '{') return check(at, *of.inside(at));
    std::optional<fault> found;
    std::size_t i = 0;
    at.elements([&](json::cursor& each) {
        if (!found) {
            found = each.peek() == '{' ? check(each, *of.inside(each)) : fault{"", words_for(object)};
            if (found) step_out(*found, "[" + std::to_string(i) + "]");
        }
        ++i;
    });
    return found;
}

bool is_one_of(raw_text said, std::string_view words) {
    while (!words.empty()) {
        const auto end = std::min(words.find(' '), words.size());
        if (said.is(words.substr(0, end))) return true;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return false;
}

std::optional<fault> check_value(json::cursor at, const member& of) {
    if ((kind_at(at) & of.takes) == 0) return fault{"", words_for(of.takes)};
    if (of.words.empty() || at.peek() != '"') return check_inside(at, of);
    if (is_one_of(text_at(at), of.words)) return std::nullopt;
    return fault{"", "it is none of: " + std::string{of.words}};
}

std::optional<fault> check(json::cursor at, const shape& as) {
    std::optional<fault> found;
    std::uint64_t seen = 0;
    at.members([&](std::string_view key, json::cursor& value) {
        if (found) return;
        for (std::size_t i = 0; i < as.members.size(); ++i) {
            const auto& one = as.members[i];
            if (one.name != key) continue;
            seen |= std::uint64_t{1} << i;
            found = check_value(value, one);
            if (found) step_out(*found, key);
            return;
        }
    });
    for (std::size_t i = 0; i < as.members.size() && !found; ++i)
        if (as.members[i].required && (seen >> i & 1U) == 0) found = fault{std::string{as.members[i].name}, "it is missing"};
    return found;
}

}  // namespace

void refuse_broken(spoke from, json::cursor body, notes& told) {
    if (from == spoke::completions) return;  // its reader says itself what it cannot be
    constexpr std::array<shape, upstream_spokes> roots{shape{chat_root}, shape{responses_root}, shape{messages_root}, shape{gemini_root}};
    if (const auto found = check(body, roots[static_cast<std::size_t>(from)])) told.refuse(found->path, found->why);
}

}  // namespace weir::dialect::hub
