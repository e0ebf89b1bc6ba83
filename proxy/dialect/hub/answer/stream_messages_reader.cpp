// The stream of /v1/messages.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dialect/hub/answer/citations.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/read/usage_report.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

class messages_stream_reader final : public answer_stream_reader {
public:
    void read(std::string_view data, answer_listener& to) override;
    void end(answer_listener&) override {}
    [[nodiscard]] const skipped_parts& skipped() const override { return skipped_; }

private:
    /// A block that has begun and not ended.
    struct block {
        std::uint32_t index = 0;
        part::kind of = part::kind::text;
        std::uint32_t begin = 0;             ///< of a text: characters before it
        bool waits = false;                  ///< a text that says nothing yet: others have no empty ones
        std::string input{};                 ///< of a call, told where it began; deltas replace it
        std::vector<std::string> sources{};  ///< citations, whose text is the whole block
    };
    void message_start(json::cursor& at, answer_listener& to);
    void block_start(json::cursor& at, answer_listener& to);
    void block_delta(json::cursor& at, answer_listener& to);
    void block_stop(answer_listener& to);
    void message_delta(json::cursor& at, answer_listener& to);
    void say_refusal(raw_text why, answer_listener& to);
    void say(block& in, answer_event e, answer_listener& to);
    void cite(const block& in, answer_listener& to);
    void usage(json::cursor& at, answer_listener& to);
    [[nodiscard]] block* find(std::uint32_t index);

    std::uint32_t index_ = 0;  ///< of the event at hand
    std::vector<block> open_;
    bool called_ = false;
    text_measure text_;
    usage_report report_;
    skipped_parts skipped_;
};

void messages_stream_reader::read(std::string_view data, answer_listener& to) {
    const auto* where = index_of(data);
    if (where == nullptr) return skipped_.add(skipped_parts::kind::unreadable);
    json::cursor at{*where};
    const auto type = look_for_text(at, "type");
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "index") index_ = static_cast<std::uint32_t>(integer_at(value).value_or(0));
    });
    at = json::cursor{*where};
    if (type.is("content_block_delta")) return block_delta(at, to);
    if (type.is("content_block_start")) return block_start(at, to);
    if (type.is("content_block_stop")) return block_stop(to);
    if (type.is("message_start")) return message_start(at, to);
    if (type.is("message_delta")) return message_delta(at, to);
    if (type.is("ping") || type.is("message_stop")) return;
    if (!type.is("error")) return skipped_.add(skipped_parts::kind::event);
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "error") return;
        answer_event e;
        e.is = kind::error;
        e.text = look_for_text(value, "message");
        to.hear(e);
    });
}

void messages_stream_reader::message_start(json::cursor& at, answer_listener& to) {
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "message") return;
        answer_event e;
        e.is = kind::begin;
        e.id = look_for_text(value, "id");
        to.hear(e);
        value.members([&](std::string_view inside, json::cursor& of) {
            if (inside == "usage") usage(of, to);
        });
    });
}

messages_stream_reader::block* messages_stream_reader::find(std::uint32_t index) {
    for (auto& each : open_)
        if (each.index == index) return &each;
    return nullptr;
}

void messages_stream_reader::block_start(json::cursor& at, answer_listener& to) {
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "content_block") return;
        const auto type = look_for_text(value, "type");
        answer_event e;
        e.is = kind::open;
        e.block = index_;
        block made{.index = index_, .begin = text_.chars()};
        if (type.is("tool_use"))
            made.of = part::kind::call, e.id = look_for_text(value, "id"), e.name = look_for_text(value, "name");
        else if (type.is("thinking") || type.is("redacted_thinking"))
            made.of = part::kind::reasoning;
        else if (!type.is("text"))
            return skipped_.add(skipped_parts::kind::part);
        called_ = called_ || made.of == part::kind::call;
        e.of = made.of;
        made.waits = made.of == part::kind::text;
        if (!made.waits) to.hear(e);
        e = {};
        e.of = made.of;
        e.block = index_;
        if (type.is("redacted_thinking")) {
            e.is = kind::signature;
            e.opaque = {carrier::family::anthropic, look_for_text(value, "data"), 0, true};
            to.hear(e);
        }
        // Some say here what others say in deltas.
        raw_text said;
        value.members([&](std::string_view inside, json::cursor& of) {
            if (inside == "input" && of.peek() == '{') made.input = written(of);
            if ((inside == "text" || inside == "thinking") && of.peek() == '"') said = text_at(of);
        });
        open_.push_back(std::move(made));
        e.is = kind::text;
        e.text = said;
        if (!said.empty()) say(open_.back(), e, to);
    });
}

void messages_stream_reader::say(block& in, answer_event e, answer_listener& to) {
    if (std::exchange(in.waits, false)) {
        auto opens = e;
        opens.is = kind::open;
        opens.text = {};
        to.hear(opens);
    }
    if (in.of == part::kind::text) text_.add(e.text);
    in.input.clear();
    to.hear(e);
}

// Of a block that is over, or of another type, a delta is none.
void messages_stream_reader::block_delta(json::cursor& at, answer_listener& to) {
    auto* in = find(index_);
    if (in == nullptr) return;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "delta") return;
        answer_event e;
        e.block = index_;
        e.of = in->of;
        value.members([&](std::string_view inside, json::cursor& of) {
            const bool fits = (inside == "text" && in->of == part::kind::text) || (inside == "thinking" && in->of == part::kind::reasoning) ||
                              (inside == "partial_json" && in->of == part::kind::call);
            if (fits) e.text = text_at(of);
            if (inside == "citation") in->sources.emplace_back(written(of));
            if (inside != "signature" || in->of != part::kind::reasoning) return;
            e.is = kind::signature;
            e.opaque = {carrier::family::anthropic, text_at(of)};
        });
        if (e.is == kind::signature) return to.hear(e);
        if (in->of == part::kind::call) e.is = kind::arguments;
        if (!e.text.empty()) say(*in, e, to);
    });
}

void messages_stream_reader::block_stop(answer_listener& to) {
    auto* in = find(index_);
    if (in == nullptr) return;
    answer_event e;
    e.of = in->of;
    e.block = index_;
    std::string input;
    if (!in->input.empty() && in->input != "{}") {
        append_escaped(input, in->input);
        e.is = kind::arguments;
        e.text = raw_text{input};
        to.hear(e);
        e.text = {};
    }
    cite(*in, to);
    e.is = kind::close;
    if (!in->waits) to.hear(e);
    open_.erase(open_.begin() + (in - open_.data()));
}

void messages_stream_reader::cite(const block& in, answer_listener& to) {
    for (const auto& each : in.sources) {
        answer_event e;
        thread_local json::index where;
        const bool known = !in.waits && where.build(each) == json::fault::none && read_citation_of_messages(json::cursor{where}, e);
        if (!known) skipped_.add(skipped_parts::kind::citation);
        if (!known) continue;
        e.block = in.index;
        e.of = in.of;
        e.from = in.begin;
        e.to = text_.chars();
        to.hear(e);
    }
}

void messages_stream_reader::usage(json::cursor& at, answer_listener& to) {
    if (!read_usage(dialect::kind::anthropic, at, report_)) return;
    answer_event e;
    e.is = kind::usage;
    e.used = counts_of(endpoint::messages, report_);
    to.hear(e);
}

// The report stands beside the reason and comes first.
void messages_stream_reader::message_delta(json::cursor& at, answer_listener& to) {
    answer_event e;
    e.is = kind::finish;
    bool ends = false;
    raw_text why;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "usage") usage(value, to);
        if (key != "delta") return;
        value.members([&](std::string_view inside, json::cursor& of) {
            if (inside == "stop_details" && of.peek() == '{') why = look_for_text(of, "explanation");
            if (of.peek() != '"') return;
            if (inside == "stop_reason") e.why = settled(finish_of_messages(text_at(of)), called_, false), ends = true;
            if (inside == "stop_sequence") e.text = text_at(of);
        });
    });
    if (ends && e.why == finish::refused) say_refusal(why, to);
    if (ends) to.hear(e);
}

// What the model has to say to that stands apart; some clients take an answer without any for an empty one.
void messages_stream_reader::say_refusal(raw_text why, answer_listener& to) {
    answer_event e;
    e.is = kind::open;
    e.of = part::kind::refusal;
    e.block = index_ + 1;
    to.hear(e);
    e.is = kind::text;
    e.text = why.empty() ? raw_text{std::string_view{"The model refused to answer."}} : why;
    to.hear(e);
    e.is = kind::close;
    e.text = {};
    to.hear(e);
}

}  // namespace

std::unique_ptr<answer_stream_reader> read_messages_stream() { return std::make_unique<messages_stream_reader>(); }

}  // namespace weir::dialect::hub
