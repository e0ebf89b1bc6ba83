// Requests to /v1/responses.
#include <algorithm>
#include <array>
#include <string>

#include "dialect/hub/reading.hpp"

namespace weir::dialect::hub {
namespace {

using role = turn::role;

void read_grammar(json::cursor& at, tool& into) {
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "definition") into.grammar = text_at(value);
        if (key == "syntax") into.syntax = text_at(value);
    });
}

bool says_true(json::cursor at, std::string_view name) {
    bool said = false;
    at.members([&](std::string_view key, json::cursor& value) { said = said || (key == name && boolean_at(value).value_or(false)); });
    return said;
}

class responses_reader {
public:
    responses_reader(conversation& into, notes& told) : into_(into), told_(told) {}

    bool read(json::cursor body);

private:
    void member(std::string_view key, json::cursor& at);
    void input(json::cursor& at);
    void item(json::cursor& at);
    void message(json::cursor& at);
    void content(json::cursor& at);
    void content_part(json::cursor& at, part& made);
    void call(json::cursor& at, bool custom);
    void result(json::cursor& at);
    void reasoning(json::cursor& at);
    void update(json::cursor& at);
    void tools(json::cursor& at, raw_text space);
    void one_tool(json::cursor& at, raw_text space);
    void choice(json::cursor& at);
    [[nodiscard]] raw_text full_name(raw_text space, raw_text name);
    void text_settings(json::cursor& at);
    void format(json::cursor& at);
    void thoughts(json::cursor& at);
    turn& in_turn(role who);

    conversation& into_;
    notes& told_;
};

bool responses_reader::read(json::cursor body) {
    into_.from = spoke::responses;
    // What stands in front comes first, wherever it is written.
    auto look = body;
    if (const auto said = look_for_text(look, "instructions"); said.said) {
        into_.begin_turn(role::system);
        into_.add(part::kind::text).text = said;
    }
    // Settings may be changed on the way: what the input says of them holds.
    look = body;
    const bool is_object = look.members([this](std::string_view key, json::cursor& at) {
        if (key != "instructions" && key != "input") member(key, at);
    });
    body.members([this](std::string_view key, json::cursor& at) {
        if (key == "input") input(at);
    });
    if (!is_object) told_.refuse("", "it is no JSON object");
    return is_object;
}

void responses_reader::member(std::string_view key, json::cursor& at) {
    if (key == "model") {
        into_.model = text_at(at);
    } else if (key == "stream") {
        into_.stream = boolean_at(at).value_or(false);
    } else if (key == "max_output_tokens") {
        into_.cap.tokens = integer_at(at);
        into_.cap.name = "max_output_tokens";
    } else if (key == "tools") {
        tools(at, {});
    } else if (key == "tool_choice") {
        choice(at);
    } else if (key == "parallel_tool_calls") {
        into_.choice.parallel = boolean_at(at);
    } else if (key == "text") {
        text_settings(at);
    } else if (key == "reasoning") {
        thoughts(at);
    } else {
        if (key == "prompt_cache_options" && says_true(at, "prewarm"))
            told_.refuse("prompt_cache_options.prewarm", "only its own provider warms a cache");
        keep_setting(at, key, into_);
    }
}

void responses_reader::input(json::cursor& at) {
    if (at.peek() == '"') {
        into_.begin_turn(role::user);
        into_.add(part::kind::text).text = text_at(at);
        return;
    }
    at.elements([this](json::cursor& each) { item(each); });
}

// Items of one side that follow each other are one turn.
turn& responses_reader::in_turn(role who) {
    if (into_.turns.empty() || into_.turns.back().who != who) into_.begin_turn(who);
    return into_.turns.back();
}

void responses_reader::item(json::cursor& at) {
    const auto type = look_for_text(at, "type");
    if (!type.said || type.is("message")) return message(at);
    if (type.is("function_call")) return call(at, false);
    if (type.is("custom_tool_call")) return call(at, true);
    if (type.is("function_call_output") || type.is("custom_tool_call_output")) return result(at);
    if (type.is("reasoning")) return reasoning(at);
    if (type.is("configuration_update")) return update(at);
    if (type.is("item_reference")) {
        told_.refuse("input", "an item that is kept elsewhere cannot be sent: send it whole");
        return (void)at.skip();
    }
    if (type.is("additional_tools")) {
        at.members([this](std::string_view key, json::cursor& value) {
            if (key == "tools") tools(value, {});
        });
        return;
    }
    constexpr std::array<std::string_view, 6> results{"code_interpreter_call",   "mcp_call",          "file_search_call",
                                                      "local_shell_call_output", "shell_call_output", "apply_patch_call_output"};
    (void)in_turn(role::assistant);
    auto& made = into_.add(part::kind::hosted);
    if (std::any_of(results.begin(), results.end(), [&](std::string_view each) { return type.is(each); })) made.text = readable(at, into_.kept);
    made.written = written(at);
}

void responses_reader::message(json::cursor& at) {
    const auto who = look_for_text(at, "role");
    if (who.is("assistant"))
        (void)in_turn(role::assistant);
    else
        into_.begin_turn(who.is("system") ? role::system : who.is("developer") ? role::developer : role::user);
    at.members([this](std::string_view key, json::cursor& value) {
        if (key == "content") content(value);
    });
}

void responses_reader::content(json::cursor& at) {
    if (at.peek() == '"') {
        into_.add(part::kind::text).text = text_at(at);
        return;
    }
    at.elements([this](json::cursor& each) {
        auto& made = into_.add(part::kind::text);
        content_part(each, made);
    });
}

void responses_reader::content_part(json::cursor& at, part& made) {
    const auto type = look_for_text(at, "type");
    made.is = type.is("input_image")  ? part::kind::image
              : type.is("input_file") ? part::kind::document
              : type.is("refusal")    ? part::kind::refusal
                                      : part::kind::text;
    if (type.is("input_audio")) made.is = part::kind::audio;
    if (made.is == part::kind::text && !has_member(at, "text")) into_.unknown.push_back("input.content");
    const auto begin = at.offset();
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "text" || key == "refusal") made.text = text_at(value);
        if (key == "image_url") made.source = media_of_url(text_at(value));
        if (key == "file_data") made.source = media_of_file(text_at(value));
        if (key == "file_url") made.source = {media::from::url, {}, text_at(value)};
        if (key == "file_id" && value.peek() == '"') made.source = {media::from::file, {}, text_at(value)};
        if (key == "filename") made.name = text_at(value);
        if (key == "prompt_cache_breakpoint") made.cache.set = !value.is_null();
        if (key == "input_audio") made.source = {media::from::base64, look_for_text(value, "format"), look_for_text(value, "data")};
    });
    made.written = at.since(begin);
}

void responses_reader::call(json::cursor& at, bool custom) {
    (void)in_turn(role::assistant);
    auto& made = into_.add(part::kind::call);
    made.custom = custom;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "call_id") made.id = text_at(value);
        if (key == "name") made.name = text_at(value);
        if (key == "namespace") made.space = text_at(value);
        if (key == "arguments" || key == "input") made.arguments = embedded_at(value);
    });
    made.name = full_name(made.space, made.name);
}

// Elsewhere tools have one name.
raw_text responses_reader::full_name(raw_text space, raw_text name) {
    if (space.empty()) return name;
    return raw_text{into_.kept.keep(std::string{space.json}.append("__").append(name.json))};
}

void responses_reader::result(json::cursor& at) {
    (void)in_turn(role::results);
    const auto first = static_cast<std::uint32_t>(into_.inner.size());
    part made;
    made.is = part::kind::result;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "call_id") made.id = text_at(value);
        if (key != "output") return;
        if (value.peek() == '"') {
            into_.inner.emplace_back().text = text_at(value);
            return;
        }
        value.elements([this](json::cursor& each) {
            part one;
            content_part(each, one);
            into_.inner.push_back(one);
        });
    });
    made.first = first;
    made.count = static_cast<std::uint32_t>(into_.inner.size()) - first;
    into_.add(part::kind::result) = made;
}

// The parts of a summary are one thought.
void responses_reader::reasoning(json::cursor& at) {
    (void)in_turn(role::assistant);
    std::string text;
    auto& made = into_.add(part::kind::reasoning);
    made.opaque.of = carrier::family::openai;
    const auto begin = at.offset();
    const auto take = [&](json::cursor& each) {
        const auto said = look_for_text(each, "text");
        if (!said.empty()) text.append(text.empty() ? "" : "\\n\\n").append(said.json);
    };
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "id") made.id = text_at(value);
        if (key == "encrypted_content" && value.peek() == '"') made.opaque.data = text_at(value);
        if (key == "summary") value.elements(take);
        if (key == "content") value.elements(take);
    });
    made.written = at.since(begin);
    made.text = raw_text{into_.kept.keep(std::move(text))};
}

// The last one holds for the answer that is asked for.
void responses_reader::update(json::cursor& at) {
    at.members([this](std::string_view key, json::cursor& value) {
        if (key == "reasoning") thoughts(value);
        if (key == "text") text_settings(value);
    });
}

void responses_reader::tools(json::cursor& at, raw_text space) {
    at.elements([&](json::cursor& each) { one_tool(each, space); });
}

void responses_reader::one_tool(json::cursor& at, raw_text space) {
    const auto type = look_for_text(at, "type");
    if (type.is("namespace")) {
        const auto name = look_for_text(at, "name");
        at.members([&](std::string_view key, json::cursor& value) {
            if (key == "tools") tools(value, name);
        });
        return;
    }
    tool made;
    if (type.json.starts_with("web_search")) search_settings_at(at, made);
    const auto begin = at.offset();
    made.space = space;
    made.is = type.is("function")                   ? tool::kind::function
              : type.is("custom")                   ? tool::kind::custom
              : type.json.starts_with("web_search") ? tool::kind::web_search
                                                    : tool::kind::hosted;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "name") made.name = text_at(value);
        if (key == "description") made.description = text_at(value);
        if (key == "strict") made.strict = boolean_at(value);
        if (key == "parameters" && value.peek() == '{') made.schema = written(value);
        if (key == "format") read_grammar(value, made);
        if (key == "defer_loading") made.deferred = boolean_at(value).value_or(false);
        if (key == "async" && boolean_at(value).value_or(false)) told_.change("tools", "every call waits for its result");
    });
    made.written = at.since(begin);
    made.name = full_name(space, made.name);
    into_.tools.push_back(made);
}

void responses_reader::choice(json::cursor& at) {
    using kind = tool_choice::kind;
    auto& made = into_.choice;
    if (at.is_null()) return (void)at.skip();
    if (at.peek() == '"') {
        const auto word = text_at(at);
        made.is = word.is("none") ? kind::none : word.is("required") ? kind::any : kind::automatic;
        return;
    }
    made.is = look_for_text(at, "type").is("allowed_tools") ? kind::subset : kind::one;
    const auto name_of_tool = [this](json::cursor& one) {
        const auto name = look_for_text(one, "name");
        if (name.said) into_.choice.names.push_back(full_name(look_for_text(one, "namespace"), name));
    };
    if (made.is == kind::one) {
        name_of_tool(at);
        return (void)at.skip();
    }
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "mode") made.mode = text_at(value).is("required") ? kind::any : kind::automatic;
        if (key == "tools") value.elements(name_of_tool);
    });
}

void responses_reader::text_settings(json::cursor& at) {
    at.members([this](std::string_view key, json::cursor& value) {
        if (key == "format")
            format(value);
        else
            keep_setting(value, "text." + std::string{key}, into_);
    });
}

void responses_reader::format(json::cursor& at) {
    using kind = answer_format::kind;
    auto& made = into_.format;
    const auto type = look_for_text(at, "type");
    made.is = type.is("json_schema") ? kind::schema : type.is("json_object") ? kind::json : kind::text;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "name") made.name = text_at(value);
        if (key == "description") made.description = text_at(value);
        if (key == "strict") made.strict = boolean_at(value);
        if (key == "schema") made.schema = written(value);
    });
}

void responses_reader::thoughts(json::cursor& at) {
    at.members([this](std::string_view key, json::cursor& value) {
        if (key == "effort") into_.thinks.how = effort_named(text_at(value));
        if (key == "summary" && !value.is_null()) into_.thinks.shown = true;
        if (key == "mode" && value.peek() == '"' && !text_at(value).is("standard")) into_.unknown.push_back("reasoning.mode");
        if (key == "context" && value.peek() == '"' && !text_at(value).is("auto")) into_.unknown.push_back("reasoning.context");
    });
}

}  // namespace

bool read_responses(json::cursor body, conversation& into, notes& told) {
    if (!responses_reader{into, told}.read(body)) return false;
    mend(into, told);
    return true;
}

}  // namespace weir::dialect::hub
