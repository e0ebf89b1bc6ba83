// The stream of /v1/chat/completions, as it is said by OpenAI and by those who are like it. A whole answer is one event of it, with a message in
// place of a delta.
#include <string>
#include <utility>
#include <vector>

#include "dialect/hub/answer/citations.hpp"
#include "dialect/hub/answer/json_prefix.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/read/usage_report.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

class chat_stream_reader final : public answer_stream_reader {
public:
    void read(std::string_view data, answer_listener& to) override;
    void end(answer_listener& to) override;
    [[nodiscard]] const skipped_parts& skipped() const override { return skipped_; }

private:
    /// A call that has begun, by the number that its provider gave it.
    struct known_call {
        std::int64_t index = 0;
        std::string id, name;
        std::uint32_t block = 0;
        bool told = false;      ///< it has a name, without which nobody can run it
        std::string waiting{};  ///< arguments that came before its name
        json_prefix arguments{};
    };
    /// A call in a delta.
    struct call_piece {
        std::int64_t index = 0;
        bool numbered = false;
        raw_text id, name;
        embedded_json arguments;
    };

    void choice(json::cursor& at, answer_listener& to);
    void delta(json::cursor& at, answer_listener& to);
    void content(json::cursor& at, answer_listener& to);
    void say(part::kind of, raw_text text, answer_listener& to);
    void cite(json::cursor& at, answer_listener& to);
    void call(json::cursor& at, std::int64_t position, answer_listener& to);
    known_call& call_of(const call_piece& what, answer_listener& to);
    void open(known_call& call, answer_listener& to);
    void close(answer_listener& to);
    void fail(raw_text message, answer_listener& to);

    static constexpr std::uint32_t none = ~std::uint32_t{0};

    std::vector<known_call> calls_;
    std::uint32_t next_block_ = 0;
    std::uint32_t open_ = none;  ///< the block that is being said: text or thoughts
    std::uint32_t last_text_ = 0;
    part::kind open_kind_ = part::kind::text;
    bool begun_ = false, refused_ = false, failed_ = false, reported_ = false;
    finish why_ = finish::unknown;
    usage_report report_;
    skipped_parts skipped_;
};

void chat_stream_reader::read(std::string_view data, answer_listener& to) {
    if (data == "[DONE]") return;
    const auto* where = index_of(data);
    if (where == nullptr) return skipped_.add(skipped_parts::kind::unreadable);
    json::cursor at{*where};
    if (!begun_) {
        begun_ = true;
        answer_event e;
        e.is = kind::begin;
        e.id = look_for_text(at, "id");
        to.hear(e);
    }
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "usage" && value.peek() == '{') reported_ = read_usage(dialect::kind::openai, value, report_) || reported_;
        if (key == "error" && value.peek() == '{') fail(look_for_text(value, "message"), to);
        if (key != "choices") return;
        bool first = true;
        value.elements([&](json::cursor& each) {
            if (std::exchange(first, false)) choice(each, to);
        });
    });
}

void chat_stream_reader::fail(raw_text message, answer_listener& to) {
    if (std::exchange(failed_, true)) return;
    answer_event e;
    e.is = kind::error;
    e.text = message;
    to.hear(e);
}

void chat_stream_reader::choice(json::cursor& at, answer_listener& to) {
    raw_text reason, error;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "delta" || key == "message") delta(value, to);
        if (key == "finish_reason" && value.peek() == '"') reason = text_at(value);
        if (key == "error" && value.peek() == '{') error = look_for_text(value, "message");
        if (key == "usage" && value.peek() == '{') reported_ = read_usage(dialect::kind::openai, value, report_) || reported_;
    });
    if (error.said) fail(error, to);
    if (reason.empty()) return;
    why_ = finish_of_chat(reason);
    // What went wrong stands beside the choices, if anywhere, and is read later.
    if (reason.is("error")) why_ = finish::broken_call;
}

// In the order in which an answer is made, whatever the order of the members: all of it may stand in one delta.
void chat_stream_reader::delta(json::cursor& at, answer_listener& to) {
    raw_text thought, refusal;
    auto look = at;
    look.members([&](std::string_view key, json::cursor& value) {
        if ((key == "audio" || key == "images") && value.peek() != 'n') skipped_.add(skipped_parts::kind::part);
        if (value.peek() != '"') return;
        // Some say the same under both names.
        if (key == "reasoning_content" || (key == "reasoning" && thought.empty())) thought = text_at(value);
        if (key == "refusal") refusal = text_at(value);
    });
    say(part::kind::reasoning, thought, to);
    look = at;
    look.members([&](std::string_view key, json::cursor& value) {
        if (key == "content") content(value, to);
    });
    say(part::kind::refusal, refusal, to);
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "annotations") value.elements([&](json::cursor& each) { cite(each, to); });
        if (key != "tool_calls") return;
        std::int64_t position = 0;
        value.elements([&](json::cursor& each) { call(each, position++, to); });
    });
}

// A text, or parts of one.
void chat_stream_reader::content(json::cursor& at, answer_listener& to) {
    if (at.peek() == '"') return say(part::kind::text, text_at(at), to);
    at.elements([&](json::cursor& each) {
        const auto text = look_for_text(each, "text");
        if (text.said)
            say(part::kind::text, text, to);
        else
            skipped_.add(skipped_parts::kind::part);
    });
}

void chat_stream_reader::say(part::kind of, raw_text text, answer_listener& to) {
    if (text.empty()) return;
    refused_ = refused_ || of == part::kind::refusal;
    answer_event e;
    e.of = of;
    if (open_ == none || open_kind_ != of) {
        close(to);
        open_ = next_block_++;
        open_kind_ = of;
        if (of == part::kind::text) last_text_ = open_;
        e.is = kind::open;
        e.block = open_;
        to.hear(e);
    }
    e.is = kind::text;
    e.block = open_;
    e.text = text;
    to.hear(e);
}

void chat_stream_reader::cite(json::cursor& at, answer_listener& to) {
    answer_event e;
    if (!read_annotation(at, e)) return skipped_.add(skipped_parts::kind::citation);
    e.block = last_text_;
    to.hear(e);
}

void chat_stream_reader::close(answer_listener& to) {
    if (open_ == none) return;
    answer_event e;
    e.of = open_kind_;
    e.block = open_;
    open_ = none;
    if (e.of == part::kind::reasoning) {
        // Nothing is signed here, but some models want back what they thought.
        e.is = kind::signature;
        e.opaque = {carrier::family::chat, raw_text{std::string_view{}}, 0};
        to.hear(e);
        e.opaque = {};
    }
    e.is = kind::close;
    to.hear(e);
}

// Some number every call 0, some none, and some give them no ids: another id under the same number is another call, and so is another name, or one
// behind arguments that are whole.
chat_stream_reader::known_call& chat_stream_reader::call_of(const call_piece& what, answer_listener& to) {
    for (auto known = calls_.rbegin(); known != calls_.rend(); ++known) {
        if (known->index != what.index) continue;
        const bool same_id = what.id.empty() || known->id.empty() || known->id == what.id.json;
        const bool named_anew =
            what.id.empty() && !what.name.empty() && !known->name.empty() && (known->name != what.name.json || known->arguments.whole());
        if (!same_id) continue;
        if (named_anew) break;
        if (known->id.empty()) known->id = what.id.json;
        return *known;
    }
    close(to);
    calls_.push_back({.index = what.index, .id = std::string{what.id.json}, .name = {}, .block = next_block_++});
    return calls_.back();
}

void chat_stream_reader::open(known_call& call, answer_listener& to) {
    call.told = true;
    answer_event e;
    e.is = kind::open;
    e.of = part::kind::call;
    e.block = call.block;
    e.id = raw_text{call.id};
    e.name = raw_text{call.name};
    to.hear(e);
    if (call.waiting.empty()) return;
    e.is = kind::arguments;
    e.text = raw_text{call.waiting};
    to.hear(e);
    call.waiting.clear();
}

void chat_stream_reader::call(json::cursor& at, std::int64_t position, answer_listener& to) {
    call_piece what;
    what.index = position;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "index") what.index = integer_at(value).value_or(position);
        if (key == "id" && value.peek() == '"') what.id = text_at(value);
        if (key != "function" && key != "custom") return;
        value.members([&](std::string_view inside, json::cursor& of) {
            if (inside == "name" && of.peek() == '"') what.name = text_at(of);
            if ((inside == "arguments" || inside == "input") && !of.is_null()) what.arguments = embedded_at(of);
        });
    });
    std::string piece;
    append_as_string(piece, what.arguments);
    auto& known = call_of(what, to);
    if (known.name.empty()) known.name = what.name.json;
    known.arguments.read(piece);
    if (!known.told && !known.name.empty()) open(known, to);
    if (piece.empty()) return;
    if (!known.told) {
        known.waiting += piece;
        return;
    }
    answer_event e;
    e.is = kind::arguments;
    e.of = part::kind::call;
    e.block = known.block;
    e.text = raw_text{piece};
    to.hear(e);
}

// The report comes last, so that the end waits for it.
void chat_stream_reader::end(answer_listener& to) {
    close(to);
    answer_event e;
    e.of = part::kind::call;
    e.is = kind::close;
    bool called = false;
    for (const auto& each : calls_) {
        if (!each.told) skipped_.add(skipped_parts::kind::cut_call);
        if (!each.told) continue;
        called = true;
        e.block = each.block;
        to.hear(e);
    }
    if (why_ == finish::broken_call) return fail(raw_text{std::string_view{"it ended with an error"}}, to);
    if (reported_) {
        e.is = kind::usage;
        e.used = counts_of(endpoint::chat_completions, report_);
        to.hear(e);
    }
    if (!begun_) return;
    e.is = kind::finish;
    e.why = settled(why_, called, refused_);
    to.hear(e);
}

}  // namespace

std::unique_ptr<answer_stream_reader> read_chat_stream() { return std::make_unique<chat_stream_reader>(); }

}  // namespace weir::dialect::hub
