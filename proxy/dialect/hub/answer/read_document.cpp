// Whole answers, told as what they say, in the order in which a stream would say it.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "dialect/hub/answer/documents.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/read/usage_report.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

/// Tells whole blocks, numbered one after the other.
class teller {
public:
    teller(answer_listener& to, skipped_parts& skipped) : to_(to), skipped_(skipped) {}

    void begin(raw_text id) {
        answer_event e;
        e.is = kind::begin;
        e.id = id;
        to_.hear(e);
    }
    void block(part::kind of, raw_text text, carrier opaque = {}) {
        if (text.empty() && !opaque.data.said) return;
        refused_ = refused_ || of == part::kind::refusal;
        auto e = open(of, {}, {});
        if (!text.empty()) say(e, kind::text, text);
        close(e, opaque);
    }
    void call(raw_text id, raw_text name, const embedded_json& arguments, carrier opaque = {}) {
        auto e = open(part::kind::call, id, name, opaque);
        e.opaque = {};
        std::string text;
        append_as_string(text, arguments);
        if (!text.empty()) say(e, kind::arguments, raw_text{text});
        close(e, {});
        called_ = true;
    }
    void error(raw_text message) {
        answer_event e;
        e.is = kind::error;
        e.text = message;
        to_.hear(e);
    }
    void skip(skipped_parts::kind what) { skipped_.add(what); }
    [[nodiscard]] bool refused() const { return refused_; }
    void usage(endpoint of, const usage_report& report) {
        answer_event e;
        e.is = kind::usage;
        e.used = counts_of(of, report);
        to_.hear(e);
    }
    void finish(hub::finish why, raw_text sequence = {}) {
        answer_event e;
        e.is = kind::finish;
        e.why = called_ && why == hub::finish::end ? hub::finish::calls : why;
        e.text = sequence;
        to_.hear(e);
    }

private:
    answer_event open(part::kind of, raw_text id, raw_text name, carrier opaque = {}) {
        answer_event e;
        e.is = kind::open;
        e.of = of;
        e.block = next_++;
        e.id = id;
        e.name = name;
        e.opaque = opaque;
        to_.hear(e);
        return e;
    }
    void say(answer_event e, kind is, raw_text text) {
        e.is = is;
        e.text = text;
        to_.hear(e);
    }
    void close(answer_event e, carrier opaque) {
        if (opaque.data.said) {
            e.is = kind::signature;
            e.opaque = opaque;
            to_.hear(e);
        }
        e.is = kind::close;
        to_.hear(e);
    }

    answer_listener& to_;
    skipped_parts& skipped_;
    std::uint32_t next_ = 0;
    bool called_ = false, refused_ = false;
};

finish chat_finish(raw_text word) {
    if (word.is("length")) return finish::output_cap;
    if (word.is("tool_calls") || word.is("function_call")) return finish::calls;
    return word.is("content_filter") ? finish::filtered : finish::end;
}

void chat_message(json::cursor& at, teller& to) {
    raw_text thought, text, refusal;
    auto look = at;
    look.members([&](std::string_view key, json::cursor& value) {
        if ((key == "audio" || key == "images") && value.peek() != 'n') to.skip(skipped_parts::kind::part);
        if (value.peek() != '"') return;
        if (key == "reasoning_content" || key == "reasoning") thought = text_at(value);
        if (key == "content") text = text_at(value);
        if (key == "refusal") refusal = text_at(value);
    });
    if (!thought.empty()) to.block(part::kind::reasoning, thought, {carrier::family::chat, raw_text{std::string_view{}}, 0});
    to.block(part::kind::text, text);
    to.block(part::kind::refusal, refusal);
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "tool_calls") return;
        value.elements([&](json::cursor& each) {
            const auto id = look_for_text(each, "id");
            each.members([&](std::string_view inside, json::cursor& of) {
                if (inside != "function" && inside != "custom") return;
                embedded_json arguments;
                auto whole = of;
                whole.members([&](std::string_view name, json::cursor& one) {
                    if (name == "arguments" || name == "input") arguments = embedded_at(one);
                });
                to.call(id, look_for_text(of, "name"), arguments);
            });
        });
    });
}

bool read_chat_answer(json::cursor body, teller& to) {
    usage_report report;
    bool reported = false, found = false;
    auto why = finish::unknown;
    to.begin(look_for_text(body, "id"));
    body.members([&](std::string_view key, json::cursor& at) {
        if (key == "usage") reported = read_usage(dialect::kind::openai, at, report);
        if (key != "choices") return;
        at.elements([&](json::cursor& each) {
            if (std::exchange(found, true)) return;
            why = chat_finish(look_for_text(each, "finish_reason"));
            each.members([&](std::string_view inside, json::cursor& of) {
                if (inside == "message") chat_message(of, to);
            });
        });
    });
    if (reported) to.usage(endpoint::chat_completions, report);
    if (found) to.finish(to.refused() && why == finish::end ? finish::refused : why);
    return found;
}

finish messages_finish(raw_text word) {
    if (word.is("stop_sequence")) return finish::stop_sequence;
    if (word.is("max_tokens")) return finish::output_cap;
    if (word.is("model_context_window_exceeded")) return finish::context_full;
    if (word.is("tool_use")) return finish::calls;
    if (word.is("refusal")) return finish::refused;
    return word.is("pause_turn") ? finish::paused : finish::end;
}

void messages_block(json::cursor& at, teller& to) {
    const auto type = look_for_text(at, "type");
    if (type.is("text")) return to.block(part::kind::text, look_for_text(at, "text"));
    if (type.is("thinking"))
        return to.block(part::kind::reasoning, look_for_text(at, "thinking"), {carrier::family::anthropic, look_for_text(at, "signature")});
    if (type.is("redacted_thinking")) return to.block(part::kind::reasoning, {}, {carrier::family::anthropic, look_for_text(at, "data"), 0, true});
    if (!type.is("tool_use")) return to.skip(skipped_parts::kind::part);
    embedded_json input;
    auto look = at;
    look.members([&](std::string_view key, json::cursor& value) {
        if (key == "input") input = {written(value), false};
    });
    to.call(look_for_text(at, "id"), look_for_text(at, "name"), input);
}

raw_text refusal_of(json::cursor body) {
    raw_text why;
    body.members([&](std::string_view key, json::cursor& at) {
        if (key == "stop_details" && at.peek() == '{') why = look_for_text(at, "explanation");
    });
    return why.empty() ? raw_text{std::string_view{"The model refused to answer."}} : why;
}

bool read_messages_answer(json::cursor body, teller& to) {
    usage_report report;
    bool reported = false, found = false;
    const auto why = look_for_text(body, "stop_reason"), sequence = look_for_text(body, "stop_sequence"), refusal = refusal_of(body);
    to.begin(look_for_text(body, "id"));
    body.members([&](std::string_view key, json::cursor& at) {
        if (key == "usage") reported = read_usage(dialect::kind::anthropic, at, report);
        if (key != "content") return;
        found = at.peek() == '[';
        at.elements([&](json::cursor& each) { messages_block(each, to); });
    });
    if (messages_finish(why) == finish::refused) to.block(part::kind::refusal, refusal);
    if (reported) to.usage(endpoint::messages, report);
    if (found) to.finish(messages_finish(why), sequence);
    return found;
}

void responses_item(json::cursor& at, teller& to) {
    const auto type = look_for_text(at, "type");
    if (type.is("function_call") || type.is("custom_tool_call")) {
        embedded_json arguments;
        auto look = at;
        look.members([&](std::string_view key, json::cursor& value) {
            if (key == "arguments" || key == "input") arguments = embedded_at(value);
        });
        return to.call(look_for_text(at, "call_id"), look_for_text(at, "name"), arguments);
    }
    if (type.is("reasoning")) {
        std::string text;
        auto look = at;
        look.members([&](std::string_view key, json::cursor& value) {
            if (key != "summary") return;
            value.elements([&](json::cursor& each) { text.append(text.empty() ? "" : "\\n\\n").append(look_for_text(each, "text").json); });
        });
        return to.block(part::kind::reasoning, raw_text{text}, {carrier::family::openai, look_for_text(at, "encrypted_content")});
    }
    if (!type.is("message")) return to.skip(skipped_parts::kind::item);
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "content") return;
        value.elements([&](json::cursor& each) {
            const bool refusal = look_for_text(each, "type").is("refusal");
            to.block(refusal ? part::kind::refusal : part::kind::text, look_for_text(each, refusal ? "refusal" : "text"));
        });
    });
}

bool read_responses_answer(json::cursor body, teller& to) {
    usage_report report;
    bool reported = false, found = false;
    raw_text why;
    to.begin(look_for_text(body, "id"));
    body.members([&](std::string_view key, json::cursor& at) {
        if (key == "usage") reported = read_usage(dialect::kind::openai, at, report);
        if (key == "incomplete_details") why = look_for_text(at, "reason");
        if (key == "error" && at.peek() == '{') to.error(look_for_text(at, "message"));
        if (key != "output") return;
        found = at.peek() == '[';
        at.elements([&](json::cursor& each) { responses_item(each, to); });
    });
    if (reported) to.usage(endpoint::responses, report);
    if (found) to.finish(!why.said ? to.refused() ? finish::refused : finish::end : why.is("content_filter") ? finish::filtered : finish::output_cap);
    return found;
}

}  // namespace

bool read_document(spoke from, json::cursor body, answer_listener& to) {
    skipped_parts nowhere;
    return read_document(from, body, to, nowhere);
}

bool read_document(spoke from, json::cursor body, answer_listener& to, skipped_parts& skipped) {
    teller tells{to, skipped};
    switch (from) {
        case spoke::chat: return read_chat_answer(body, tells);
        case spoke::messages: return read_messages_answer(body, tells);
        case spoke::responses: return read_responses_answer(body, tells);
        case spoke::completions: return false;  // no request becomes one
        case spoke::gemini: break;
    }
    constexpr std::array<std::string_view, 4> members{"candidates", "promptFeedback", "usageMetadata", "error"};
    if (std::none_of(members.begin(), members.end(), [&](std::string_view name) { return has_member(body, name); })) return false;
    // One of its events is a whole answer's shape.
    const auto reader = read_gemini_stream();
    const auto begin = body.offset();
    auto whole = body;
    if (!whole.skip()) return false;
    const auto text = std::string{whole.since(begin)}.append(64, '\0');
    reader->read(std::string_view{text}.substr(0, text.size() - 64), to);
    reader->end(to);
    skipped = reader->skipped();
    return has_member(body, "candidates") || has_member(body, "promptFeedback");
}

}  // namespace weir::dialect::hub
