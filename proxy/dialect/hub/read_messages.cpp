// Requests to /v1/messages.
#include <string>
#include <vector>

#include "dialect/hub/reading.hpp"

namespace weir::dialect::hub {
namespace {

using role = turn::role;

bool asks_citations(json::cursor at) {
    bool asked = false;
    at.members([&](std::string_view key, json::cursor& value) { asked = asked || (key == "enabled" && boolean_at(value).value_or(false)); });
    return asked;
}

class messages_reader {
public:
    messages_reader(conversation& into, notes& told) : into_(into), told_(told) {}

    bool read(json::cursor body);

private:
    void member(std::string_view key, json::cursor& at);
    void system(json::cursor& at);
    void message(json::cursor& at);
    void user(json::cursor& content);
    void block(json::cursor& at);
    void media_block(json::cursor& at, part::kind is);
    void source(json::cursor& at, part& of, std::vector<json::cursor>& pictures);
    void call(json::cursor& at);
    void result(json::cursor& at);
    void inner(json::cursor& content);
    void thought(json::cursor& at, bool redacted);
    void search_result(json::cursor& at);
    void end_user(raw_text id);
    void one_tool(json::cursor& at);
    void choice(json::cursor& at);
    void output(json::cursor& at);
    void thinking_at(json::cursor& at);
    [[nodiscard]] part& add(part::kind is);

    conversation& into_;
    notes& told_;
    bool in_result_ = false;  ///< blocks go among the parts of a result
};

bool messages_reader::read(json::cursor body) {
    into_.from = spoke::messages;
    // What stands in front comes first, wherever it is written.
    auto look = body;
    look.members([this](std::string_view key, json::cursor& at) {
        if (key == "system") system(at);
    });
    const bool is_object = body.members([this](std::string_view key, json::cursor& at) {
        if (key != "system") member(key, at);
    });
    if (!is_object) told_.refuse("", "it is no JSON object");
    return is_object;
}

void messages_reader::member(std::string_view key, json::cursor& at) {
    if (key == "model") {
        into_.model = text_at(at);
    } else if (key == "messages") {
        at.elements([this](json::cursor& each) { message(each); });
    } else if (key == "stream") {
        into_.stream = boolean_at(at).value_or(false);
    } else if (key == "max_tokens") {
        into_.cap.tokens = integer_at(at);
        if (into_.cap.tokens == 0) told_.refuse("max_tokens", "only its own provider warms a cache");
        into_.cap.name = "max_tokens";
    } else if (key == "tools") {
        at.elements([this](json::cursor& each) { one_tool(each); });
    } else if (key == "tool_choice") {
        choice(at);
    } else if (key == "output_config" || key == "output_format") {
        output(at);
    } else if (key == "thinking") {
        thinking_at(at);
    } else if (key == "stop_sequences") {
        into_.stops.name = "stop_sequences";
        at.elements([this](json::cursor& each) { into_.stops.texts.push_back(text_at(each)); });
    } else if (key == "metadata") {
        end_user(look_for_text(at, "user_id"));
        (void)at.skip();
    } else if (key == "mcp_servers" && at.peek() == '[') {
        // Tools of theirs run at the provider.
        at.elements([this](json::cursor& each) {
            auto& made = into_.tools.emplace_back();
            made.is = tool::kind::hosted;
            made.written = written(each);
        });
    } else if (key != "cache_control" && key != "anthropic_version" && key != "anthropic_beta") {
        keep_setting(at, key, into_);
    }
}

part& messages_reader::add(part::kind is) {
    if (!in_result_) return into_.add(is);
    auto& made = into_.inner.emplace_back();
    made.is = is;
    return made;
}

void messages_reader::system(json::cursor& at) {
    // Claude Code's first block differs in each request: no cache would ever hold behind it.
    constexpr std::string_view bill = "x-anthropic-billing-header:";
    if (at.peek() == '"') {
        into_.begin_turn(role::system);
        into_.add(part::kind::text).text = text_at(at);
        return;
    }
    at.elements([&](json::cursor& each) {
        if (look_for_text(each, "text").json.starts_with(bill)) return;
        into_.begin_turn(role::system);
        block(each);
    });
}

void messages_reader::message(json::cursor& at) {
    const auto who = look_for_text(at, "role");
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "content") return;
        if (!who.is("assistant") && !who.is("system")) return user(value);
        into_.begin_turn(who.is("system") ? role::system : role::assistant);
        if (value.peek() == '"')
            into_.add(part::kind::text).text = text_at(value);
        else
            value.elements([this](json::cursor& each) { block(each); });
    });
}

// Results of calls are a turn of their own, before what the user says besides.
void messages_reader::user(json::cursor& content) {
    if (content.peek() == '"') {
        into_.begin_turn(role::user);
        into_.add(part::kind::text).text = text_at(content);
        return;
    }
    enum class in : std::uint8_t { nothing, results, speech } now = in::nothing;
    content.elements([&](json::cursor& each) {
        const bool is_result = look_for_text(each, "type").is("tool_result");
        const auto due = is_result ? in::results : in::speech;
        if (now != due) into_.begin_turn(is_result ? role::results : role::user);
        now = due;
        block(each);
    });
    if (now == in::nothing) into_.begin_turn(role::user);
}

void messages_reader::block(json::cursor& at) {
    const auto type = look_for_text(at, "type");
    if (type.is("image")) return media_block(at, part::kind::image);
    if (type.is("document")) return media_block(at, part::kind::document);
    if (type.is("tool_use")) return call(at);
    if (type.is("tool_result")) return result(at);
    if (type.is("thinking")) return thought(at, false);
    if (type.is("redacted_thinking")) return thought(at, true);
    if (type.is("search_result")) return search_result(at);
    const bool text = type.is("text"), reference = type.is("tool_reference");
    auto& made = add(text || reference ? part::kind::text : part::kind::hosted);
    if (type.json.ends_with("_tool_result")) made.text = readable(at, into_.kept);
    const auto begin = at.offset();
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "text" && text) made.text = text_at(value);
        if (key == "tool_name" && reference) made.text = raw_text{into_.kept.keep(std::string{text_at(value).json} + " is available")};
        if (key == "cache_control") made.cache = cache_control_at(value);
    });
    made.written = at.since(begin);
}

// Its title, where it is from, and what it says, as one text.
void messages_reader::search_result(json::cursor& at) {
    auto& made = add(part::kind::search_result);
    std::string text;
    const auto line = [&](raw_text what) {
        if (!what.blank()) text.append(text.empty() ? "" : "\\n").append(what.json);
    };
    line(look_for_text(at, "title"));
    line(look_for_text(at, "source"));
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "cache_control") made.cache = cache_control_at(value);
        if (key == "content") value.elements([&](json::cursor& each) { line(look_for_text(each, "text")); });
    });
    made.text = raw_text{into_.kept.keep(std::move(text))};
    told_.change("messages", "search results are told of as text");
}

// Claude Code packs its session into the user: what one session says again is worth caching together.
void messages_reader::end_user(raw_text id) {
    if (id.empty()) return;
    const auto keep = [this](field f, const std::string& text) { into_.setting(f) = {into_.kept.keep("\"" + text + "\""), true}; };
    constexpr std::size_t longest = 64;
    keep(field::safety_identifier, id.json.size() > longest ? short_hash(id.json) : std::string{id.json});
    const auto plain = id.decoded();
    const auto session = plain.find("session");
    if (session != std::string::npos) keep(field::prompt_cache_key, short_hash(std::string_view{plain}.substr(session)));
}

void messages_reader::media_block(json::cursor& at, part::kind is) {
    auto& made = add(is);
    std::vector<json::cursor> pictures;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "source") source(value, made, pictures);
        if (key == "title") made.name = text_at(value);
        if (key == "context") made.text = text_at(value);
        if (key == "cache_control") made.cache = cache_control_at(value);
        // No other dialect says where in a document something stands.
        if (key == "citations" && asks_citations(value)) told_.drop("messages", "answers cite no documents");
    });
    // A text has no title elsewhere.
    if (made.source.is == media::from::plain && !made.name.blank())
        made.text = raw_text{into_.kept.keep(std::string{made.name.json}.append(made.text.blank() ? "" : "\\n").append(made.text.json))};
    if (!pictures.empty()) told_.change("messages", "what a document shows stands behind it");
    for (auto& each : pictures) block(each);
}

void messages_reader::source(json::cursor& at, part& of, std::vector<json::cursor>& pictures) {
    const auto type = look_for_text(at, "type");
    auto& s = of.source;
    s.is = type.is("url") ? media::from::url : type.is("file") ? media::from::file : type.is("text") ? media::from::plain : media::from::base64;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "media_type") s.type = text_at(value);
        if (key == "content") {
            s.is = media::from::plain;
            if (value.peek() == '"') return (void)(s.data = text_at(value));
            std::string text;
            value.elements([&](json::cursor& each) {
                if (look_for_text(each, "type").is("image")) return pictures.push_back(each);
                text.append(text.empty() ? "" : "\\n").append(look_for_text(each, "text").json);
            });
            s.data = raw_text{into_.kept.keep(std::move(text))};
        }
        if (key == "data" || key == "url" || key == "file_id") s.data = text_at(value);
    });
}

void messages_reader::call(json::cursor& at) {
    auto& made = add(part::kind::call);
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "id") made.id = text_at(value);
        if (key == "name") made.name = text_at(value);
        if (key == "input") made.arguments = {written(value), false};
        if (key == "cache_control") made.cache = cache_control_at(value);
    });
}

void messages_reader::result(json::cursor& at) {
    const auto first = static_cast<std::uint32_t>(into_.inner.size());
    part made;
    made.is = part::kind::result;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "tool_use_id") made.id = text_at(value);
        if (key == "is_error") made.failed = boolean_at(value).value_or(false);
        if (key == "cache_control") made.cache = cache_control_at(value);
        if (key == "content") inner(value);
    });
    made.first = first;
    made.count = static_cast<std::uint32_t>(into_.inner.size()) - first;
    into_.add(part::kind::result) = made;
}

void messages_reader::inner(json::cursor& content) {
    in_result_ = true;
    if (content.peek() == '"')
        add(part::kind::text).text = text_at(content);
    else
        content.elements([this](json::cursor& each) { block(each); });
    in_result_ = false;
}

void messages_reader::thought(json::cursor& at, bool redacted) {
    auto& made = add(part::kind::reasoning);
    made.redacted = redacted;
    made.opaque.of = carrier::family::anthropic;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "thinking") made.text = text_at(value);
        if (key == "signature" || key == "data") made.opaque.data = text_at(value);
    });
}

void messages_reader::one_tool(json::cursor& at) {
    const auto type = look_for_text(at, "type");
    into_.tools.push_back({});
    auto& made = into_.tools.back();
    const auto begin = at.offset();
    if (type.said && !type.is("custom")) made.is = type.json.starts_with("web_search") ? tool::kind::web_search : tool::kind::hosted;
    if (made.is == tool::kind::web_search) search_settings_at(at, made);
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "name") made.name = text_at(value);
        if (key == "description") made.description = text_at(value);
        if (key == "input_schema" && value.peek() == '{') made.schema = written(value);
        if (key == "strict") made.strict = boolean_at(value);
        if (key == "defer_loading") made.deferred = boolean_at(value).value_or(false);
        if (key == "cache_control") made.cache = cache_control_at(value);
    });
    made.written = at.since(begin);
}

void messages_reader::choice(json::cursor& at) {
    using kind = tool_choice::kind;
    auto& made = into_.choice;
    const auto type = look_for_text(at, "type");
    made.is = type.is("any") ? kind::any : type.is("tool") ? kind::one : type.is("none") ? kind::none : kind::automatic;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "name") made.names.push_back(text_at(value));
        if (key == "disable_parallel_tool_use")
            if (const auto alone = boolean_at(value)) made.parallel = !*alone;
    });
}

void messages_reader::output(json::cursor& at) {
    const auto format_at = [this](json::cursor& one) {
        if (!look_for_text(one, "type").is("json_schema")) return;
        into_.format.is = answer_format::kind::schema;
        into_.format.strict = true;  // there is no other kind
        one.members([this](std::string_view key, json::cursor& value) {
            if (key == "schema") into_.format.schema = written(value);
        });
    };
    auto look = at;
    format_at(look);  // its older name held the format itself
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "effort") into_.thinks.how = effort_named(text_at(value));
        if (key == "format") format_at(value);
    });
}

void messages_reader::thinking_at(json::cursor& at) {
    using mode = thinking::mode;
    auto& t = into_.thinks;
    const auto type = look_for_text(at, "type");
    t.is = type.is("enabled") ? mode::budget : type.is("adaptive") ? mode::adaptive : type.is("between_tools") ? mode::between_tools : mode::off;
    t.shown = t.is != mode::off;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "budget_tokens") t.tokens = integer_at(value).value_or(0);
        if (key == "display") t.shown = !text_at(value).is("omitted");
    });
}

}  // namespace

bool read_messages(json::cursor body, conversation& into, notes& told) {
    if (!messages_reader{into, told}.read(body)) return false;
    mend(into, told);
    return true;
}

}  // namespace weir::dialect::hub
