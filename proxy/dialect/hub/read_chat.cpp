// Requests to /v1/chat/completions.
#include <algorithm>
#include <array>

#include "dialect/hub/envelope.hpp"
#include "dialect/hub/reading.hpp"

namespace weir::dialect::hub {
namespace {

void cache_mark_of(json::cursor at, conversation& into) {
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "cache_control" && into.turns.back().count > 0) into.parts.back().cache = cache_control_at(value);
    });
}

/// Whether names tell speakers of one side apart, as they can be told apart nowhere else.
bool names_differ(const conversation& in) {
    std::array<raw_text, 5> first;
    return std::any_of(in.turns.begin(), in.turns.end(), [&](const turn& t) {
        auto& known = first[static_cast<std::size_t>(t.who)];
        if (!known.said && !t.name.empty()) known = t.name;
        return !t.name.empty() && known.json != t.name.json;
    });
}

class chat_reader {
public:
    chat_reader(conversation& into, notes& told) : into_(into), told_(told) {}

    bool read(json::cursor body);

private:
    void member(std::string_view key, json::cursor& at);
    void message(json::cursor& at);
    void result(json::cursor& at);
    void content(json::cursor& at);
    void content_part(json::cursor& at);
    void file(json::cursor& at);
    void audio(json::cursor& at);
    void reasoning(json::cursor& at);
    [[nodiscard]] bool detail(json::cursor& at);
    void calls(json::cursor& at);
    void call(json::cursor& at);
    void one_tool(json::cursor& at);
    void grammar(json::cursor& at, tool& into);
    void choice(json::cursor& at);
    void chosen(json::cursor& at);
    void format(json::cursor& at);
    [[nodiscard]] part& add(part::kind is);

    conversation& into_;
    notes& told_;
    bool in_result_ = false;  ///< parts go among those of a result
};

bool chat_reader::read(json::cursor body) {
    into_.from = spoke::chat;
    const bool is_object = body.members([this](std::string_view key, json::cursor& at) { member(key, at); });
    if (!is_object) told_.refuse("", "it is no JSON object");
    if (names_differ(into_)) told_.drop("messages", "messages have no names");
    return is_object;
}

void chat_reader::member(std::string_view key, json::cursor& at) {
    if (key == "model") {
        into_.model = text_at(at);
    } else if (key == "messages") {
        at.elements([this](json::cursor& each) { message(each); });
    } else if (key == "stream") {
        into_.stream = boolean_at(at).value_or(false);
    } else if (key == "tools") {
        at.elements([this](json::cursor& each) { one_tool(each); });
    } else if (key == "tool_choice") {
        choice(at);
    } else if (key == "parallel_tool_calls") {
        into_.choice.parallel = boolean_at(at);
    } else if (key == "response_format") {
        format(at);
    } else if (key == "reasoning_effort") {
        into_.thinks.how = effort_named(text_at(at));
    } else if (key == "max_completion_tokens" || key == "max_tokens") {
        // Where both are said the newer name holds.
        const auto most = integer_at(at);
        if (most && (key == "max_completion_tokens" || !into_.cap.tokens))
            into_.cap.tokens = most, into_.cap.name = into_.kept.keep(std::string{key});
    } else if (key == "stop") {
        stop_texts_at(at, into_);
    } else if (key == "web_search_options" && at.is_null()) {
        (void)at.skip();
    } else if (key == "web_search_options") {
        into_.tools.push_back({});
        into_.tools.back().is = tool::kind::web_search;
        search_settings_at(at, into_.tools.back());
        into_.tools.back().written = written(at);
    } else if ((key == "functions" || key == "function_call") && !at.is_null()) {
        told_.refuse(key, "tools are told of as `tools`");
        (void)at.skip();
    } else {
        keep_setting(at, key, into_);
    }
}

void chat_reader::message(json::cursor& at) {
    const auto role = look_for_text(at, "role");
    if (role.is("tool") || role.is("function")) return result(at);
    auto who = turn::role::user;
    if (role.is("system")) who = turn::role::system;
    if (role.is("developer")) who = turn::role::developer;
    if (role.is("assistant")) who = turn::role::assistant;
    into_.begin_turn(who);
    // Whatever the order of the members: what was thought, what was said, what was called.
    if (who == turn::role::assistant) {
        auto look = at;
        reasoning(look);
    }
    {
        auto look = at;
        look.members([this](std::string_view key, json::cursor& value) {
            if (key == "content")
                content(value);
            else if (key == "name")
                into_.turns.back().name = text_at(value);
        });
        // A mark on the message stands behind its last part.
        cache_mark_of(at, into_);
    }
    const bool is_object = at.members([this](std::string_view key, json::cursor& value) {
        if (key == "tool_calls") calls(value);
        if (key == "function_call") call(value);
        if (key == "refusal" && !value.is_null()) into_.add(part::kind::refusal).text = text_at(value);
    });
    if (!is_object) (void)at.skip();
}

// The field's name depends on who serves the model.
void chat_reader::reasoning(json::cursor& at) {
    raw_text thought;
    bool detailed = false;
    at.members([&](std::string_view key, json::cursor& value) {
        if ((key == "reasoning_content" || key == "reasoning") && value.peek() == '"') thought = text_at(value);
        if (key != "reasoning_details") return;
        value.elements([&](json::cursor& each) { detailed = detail(each) || detailed; });
    });
    // Its details say the same, and whose it is.
    if (!thought.said || detailed) return;
    auto& made = into_.add(part::kind::reasoning);
    made.text = thought;
    made.opaque.of = carrier::family::chat;
}

// True: it is one that this gateway has written.
bool chat_reader::detail(json::cursor& at) {
    part made;
    made.is = part::kind::reasoning;
    const bool is_object = at.members([&](std::string_view key, json::cursor& value) {
        if (key == "text") made.text = text_at(value);
        if ((key == "signature" || key == "data") && value.peek() == '"') made.opaque.data = text_at(value);
    });
    if (!is_object) (void)at.skip();
    if (!is_envelope(made.opaque.data)) return false;
    into_.add(part::kind::reasoning) = made;
    return true;
}

void chat_reader::result(json::cursor& at) {
    if (into_.turns.empty() || into_.turns.back().who != turn::role::results) into_.begin_turn(turn::role::results);
    part made;
    made.is = part::kind::result;
    made.first = static_cast<std::uint32_t>(into_.inner.size());
    in_result_ = true;
    const bool is_object = at.members([&](std::string_view key, json::cursor& value) {
        if (key == "tool_call_id") made.id = text_at(value);
        if (key == "name") made.name = text_at(value);
        if (key == "cache_control") made.cache = cache_control_at(value);
        if (key == "content") content(value);
    });
    in_result_ = false;
    if (!is_object) (void)at.skip();
    made.count = static_cast<std::uint32_t>(into_.inner.size()) - made.first;
    ++into_.turns.back().count;
    into_.parts.push_back(made);
}

part& chat_reader::add(part::kind is) {
    if (!in_result_) return into_.add(is);
    auto& made = into_.inner.emplace_back();
    made.is = is;
    return made;
}

void chat_reader::content(json::cursor& at) {
    if (at.peek() == '"') {
        add(part::kind::text).text = text_at(at);
        return;
    }
    at.elements([this](json::cursor& each) { content_part(each); });
}

void chat_reader::content_part(json::cursor& at) {
    const auto type = look_for_text(at, "type");
    if (type.is("file")) return file(at);
    if (type.is("input_audio")) return audio(at);
    auto is = part::kind::text;
    if (type.is("image_url")) is = part::kind::image;
    if (type.is("refusal")) is = part::kind::refusal;
    if (!type.said || (is == part::kind::text && !type.is("text"))) {
        into_.unknown.push_back("messages.content");
        return (void)at.skip();
    }
    auto& made = add(is);
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "text" || key == "refusal") made.text = text_at(value);
        if (key == "cache_control") made.cache = cache_control_at(value);
        if (key == "prompt_cache_breakpoint") made.cache.set = made.cache.set || !value.is_null();
        if (key != "image_url") return;
        const auto url = value.peek() == '"' ? text_at(value) : look_for_text(value, "url");
        made.source = media_of_url(url);
    });
}

void chat_reader::file(json::cursor& at) {
    auto& made = add(part::kind::document);
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "cache_control") made.cache = cache_control_at(value);
        if (key == "prompt_cache_breakpoint") made.cache.set = made.cache.set || !value.is_null();
        if (key != "file") return;
        value.members([&](std::string_view name, json::cursor& inner) {
            if (name == "filename") made.name = text_at(inner);
            if (name == "file_data") made.source = media_of_file(text_at(inner));
            if (name == "file_id") made.source = {media::from::file, {}, text_at(inner)};
        });
    });
}

void chat_reader::audio(json::cursor& at) {
    auto& made = add(part::kind::audio);
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "input_audio") return;
        value.members([&](std::string_view name, json::cursor& inner) {
            if (name == "data") made.source.data = text_at(inner);
            if (name == "format") made.source.type = text_at(inner);
        });
    });
}

void chat_reader::calls(json::cursor& at) {
    at.elements([this](json::cursor& each) { call(each); });
}

void chat_reader::call(json::cursor& at) {
    if (at.peek() != '{') return (void)at.skip();
    auto& made = into_.add(part::kind::call);
    const auto inside = [&](std::string_view name, json::cursor& value) {
        if (name == "name") made.name = text_at(value);
        if (name == "arguments" || name == "input") made.arguments = embedded_at(value);
    };
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "id") made.id = text_at(value);
        made.custom = made.custom || key == "custom";
        if (key == "function" || key == "custom")
            value.members(inside);
        else
            inside(key, value);  // `function_call`, as it was before there were several
    });
}

void chat_reader::one_tool(json::cursor& at) {
    const auto type = look_for_text(at, "type");
    into_.tools.push_back({});
    auto& made = into_.tools.back();
    const auto begin = at.offset();
    made.is = type.is("function") ? tool::kind::function : type.is("custom") ? tool::kind::custom : tool::kind::hosted;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "cache_control") made.cache = cache_control_at(value);
        if (key != "function" && key != "custom") return;
        value.members([&](std::string_view name, json::cursor& inner) {
            if (name == "name") made.name = text_at(inner);
            if (name == "description") made.description = text_at(inner);
            if (name == "strict") made.strict = boolean_at(inner);
            if (name == "parameters" && inner.peek() == '{') made.schema = written(inner);
            if (name == "format") grammar(inner, made);
        });
    });
    made.written = at.since(begin);
}

// What it says of a grammar stands one level deeper than in responses.
void chat_reader::grammar(json::cursor& at, tool& into) {
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "grammar") return;
        into.grammar = look_for_text(value, "definition");
        into.syntax = look_for_text(value, "syntax");
    });
}

void chat_reader::choice(json::cursor& at) {
    using kind = tool_choice::kind;
    if (at.is_null()) return (void)at.skip();
    if (at.peek() != '"') return chosen(at);
    const auto word = text_at(at);
    into_.choice.is = word.is("none") ? kind::none : word.is("required") ? kind::any : kind::automatic;
}

void chat_reader::chosen(json::cursor& at) {
    using kind = tool_choice::kind;
    auto& made = into_.choice;
    const auto type = look_for_text(at, "type");
    made.is = type.is("allowed_tools") ? kind::subset : kind::one;
    const auto name_of_tool = [&](json::cursor& one) {
        one.members([&](std::string_view key, json::cursor& value) {
            if (key == "function" || key == "custom") made.names.push_back(look_for_text(value, "name"));
        });
    };
    if (made.is == kind::one) return name_of_tool(at);
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "allowed_tools") return;
        value.members([&](std::string_view name, json::cursor& inner) {
            if (name == "mode") made.mode = text_at(inner).is("required") ? kind::any : kind::automatic;
            if (name == "tools") inner.elements(name_of_tool);
        });
    });
}

void chat_reader::format(json::cursor& at) {
    using kind = answer_format::kind;
    auto& made = into_.format;
    const auto type = look_for_text(at, "type");
    made.is = type.is("json_schema") ? kind::schema : type.is("json_object") ? kind::json : kind::text;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "json_schema") return;
        value.members([&](std::string_view name, json::cursor& inner) {
            if (name == "name") made.name = text_at(inner);
            if (name == "description") made.description = text_at(inner);
            if (name == "strict") made.strict = boolean_at(inner);
            if (name == "schema") made.schema = written(inner);
        });
    });
}

}  // namespace

bool read_chat(json::cursor body, conversation& into, notes& told) {
    if (!chat_reader{into, told}.read(body)) return false;
    mend(into, told);
    return true;
}

}  // namespace weir::dialect::hub
