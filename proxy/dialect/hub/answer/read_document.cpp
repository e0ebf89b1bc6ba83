// Whole answers, told as what they say, in the order in which a stream would say it.
#include <string>
#include <utility>

#include "dialect/hub/answer/citations.hpp"
#include "dialect/hub/answer/documents.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/read/usage_report.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

/// Tells whole blocks of messages, numbered one after the other; the other dialects' answers are events of their streams.
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
        auto e = open(of, {}, {});
        if (!text.empty()) say(e, kind::text, text);
        close(e, opaque);
    }
    /// With what it goes by.
    void text(json::cursor& at) {
        const auto said = look_for_text(at, "text");
        if (said.empty()) return;
        const auto e = open(part::kind::text, {}, {});
        say(e, kind::text, said);
        const auto begin = text_.chars();
        text_.add(said);
        at.members([&](std::string_view key, json::cursor& value) {
            if (key == "citations") value.elements([&](json::cursor& each) { cite(each, begin, e); });
        });
        close(e, {});
    }
    void call(raw_text id, raw_text name, const embedded_json& arguments) {
        const auto e = open(part::kind::call, id, name);
        std::string text;
        append_as_string(text, arguments);
        if (!text.empty()) say(e, kind::arguments, raw_text{text});
        close(e, {});
        called_ = true;
    }
    void skip(skipped_parts::kind what) { skipped_.add(what); }
    void usage(endpoint of, const usage_report& report) {
        answer_event e;
        e.is = kind::usage;
        e.used = counts_of(of, report);
        to_.hear(e);
    }
    void finish(hub::finish why, raw_text sequence = {}) {
        answer_event e;
        e.is = kind::finish;
        e.why = settled(why, called_, false);
        e.text = sequence;
        to_.hear(e);
    }

private:
    answer_event open(part::kind of, raw_text id, raw_text name) {
        answer_event e;
        e.is = kind::open;
        e.of = of;
        e.block = next_++;
        e.id = id;
        e.name = name;
        to_.hear(e);
        return e;
    }
    void say(answer_event e, kind is, raw_text text) {
        e.is = is;
        e.text = text;
        to_.hear(e);
    }
    void cite(json::cursor& at, std::uint32_t begin, const answer_event& in) {
        answer_event e;
        if (!read_citation_of_messages(at, e)) return skip(skipped_parts::kind::citation);
        e.block = in.block;
        e.of = in.of;
        e.from = begin;
        e.to = text_.chars();
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
    text_measure text_;
    std::uint32_t next_ = 0;
    bool called_ = false;
};

void messages_block(json::cursor& at, teller& to) {
    const auto type = look_for_text(at, "type");
    if (type.is("text")) return to.text(at);
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
    if (finish_of_messages(why) == finish::refused) to.block(part::kind::refusal, refusal);
    if (reported) to.usage(endpoint::messages, report);
    if (found) to.finish(finish_of_messages(why), sequence);
    return found;
}

/// Reads a whole answer as events of a stream.
void read_as_event(answer_stream_reader& reader, std::string text, answer_listener& to, skipped_parts& skipped) {
    constexpr std::size_t padding = 64;
    text.append(padding, '\0');
    reader.read(std::string_view{text}.substr(0, text.size() - padding), to);
    reader.end(to);
    skipped.add(reader.skipped());
}

/// What a document is seen to be on one way through it.
struct recognised {
    bool known = false;     ///< an answer of that dialect
    bool answered = false;  ///< and one that says something, were it only why there is nothing
};

/// `at` stands behind the document afterwards.
recognised look_over(spoke from, json::cursor& at) {
    recognised out;
    const bool whole = at.members([&](std::string_view key, json::cursor& value) {
        const bool list = value.peek() == '[';
        if (from == spoke::chat && key == "choices" && list)
            value.elements([&](json::cursor&) { out.known = out.answered = true; });
        else if (from == spoke::responses && key == "output" && list)
            out.known = out.answered = true;
        else if (from == spoke::gemini && (key == "candidates" || key == "promptFeedback"))
            out.known = out.answered = true;
        else if (from == spoke::gemini && (key == "usageMetadata" || key == "error"))
            out.known = true;
    });
    out.known = out.known && whole;
    return out;
}

/// The last event of the stream that the answer could have been.
std::string last_event(json::cursor body, std::string_view whole) {
    const auto status = look_for_text(body, "status");
    bool cut = false, failed = status.is("failed") || status.is("cancelled");
    body.members([&](std::string_view key, json::cursor& value) {
        if (key == "incomplete_details") cut = value.peek() == '{';
        if (key == "error") failed = failed || value.peek() == '{';
    });
    std::string out = R"({"type":"response.)";
    out.append(failed ? "failed" : cut || status.is("incomplete") ? "incomplete" : "completed").append(R"(","response":)");
    return out.append(whole).append(1, '}');
}

}  // namespace

bool read_document(spoke from, json::cursor body, answer_listener& to) {
    skipped_parts nowhere;
    return read_document(from, body, to, nowhere);
}

bool read_document(spoke from, json::cursor body, answer_listener& to, skipped_parts& skipped) {
    if (from == spoke::completions) return false;  // no request becomes one
    if (from == spoke::messages) {
        teller tells{to, skipped};
        return read_messages_answer(body, tells);
    }
    const auto begin = body.offset();
    auto end = body;
    const auto seen = look_over(from, end);
    if (!seen.known) return false;
    const auto whole = end.since(begin);
    // Nothing is read of the body behind this: a reader takes the thread's index.
    const auto reader = read_stream_of(from);
    read_as_event(*reader, from == spoke::responses ? last_event(body, whole) : std::string{whole}, to, skipped);
    return seen.answered;
}

}  // namespace weir::dialect::hub
