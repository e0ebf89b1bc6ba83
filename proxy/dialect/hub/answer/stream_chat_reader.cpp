// The stream of /v1/chat/completions, as it is said by OpenAI and by those who are like it.
#include <vector>

#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/read/usage_report.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

finish finish_named(raw_text word) {
    if (word.is("stop")) return finish::end;
    if (word.is("length")) return finish::output_cap;
    if (word.is("tool_calls") || word.is("function_call")) return finish::calls;
    if (word.is("content_filter")) return finish::filtered;
    return finish::unknown;
}

class chat_stream_reader final : public answer_stream_reader {
public:
    void read(std::string_view data, answer_listener& to) override;
    void end(answer_listener& to) override;
    [[nodiscard]] const skipped_parts& skipped() const override { return skipped_; }

private:
    void choice(json::cursor& at, answer_listener& to);
    void delta(json::cursor& at, answer_listener& to);
    void say(part::kind of, raw_text text, answer_listener& to);
    void call(json::cursor& at, answer_listener& to);
    std::uint32_t block_of_call(std::int64_t index, raw_text id, answer_listener& to, raw_text name);
    void close(answer_listener& to);
    void usage(json::cursor& at);

    static constexpr std::uint32_t none = ~std::uint32_t{0};

    /// A call that has begun, by the number that its provider gave it.
    struct known_call {
        std::int64_t index;
        std::string id;
        std::uint32_t block;
    };
    std::vector<known_call> calls_;
    std::uint32_t next_block_ = 0;
    std::uint32_t open_ = none;  ///< the block that is being said: text or thoughts
    part::kind open_kind_ = part::kind::text;
    bool begun_ = false, refused_ = false;
    finish why_ = finish::unknown;
    usage_report report_;
    bool reported_ = false;
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
        if (key == "usage" && value.peek() == '{') usage(value);
        if (key == "error" && value.peek() == '{') {
            answer_event e;
            e.is = kind::error;
            e.text = look_for_text(value, "message");
            to.hear(e);
        }
        if (key != "choices") return;
        bool first = true;
        value.elements([&](json::cursor& each) {
            if (std::exchange(first, false)) choice(each, to);
        });
    });
}

void chat_stream_reader::usage(json::cursor& at) { reported_ = read_usage(dialect::kind::openai, at, report_) || reported_; }

void chat_stream_reader::choice(json::cursor& at, answer_listener& to) {
    raw_text reason;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "delta") delta(value, to);
        if (key == "finish_reason" && value.peek() == '"') reason = text_at(value);
        if (key == "usage" && value.peek() == '{') usage(value);
    });
    if (reason.said) why_ = finish_named(reason);
}

void chat_stream_reader::delta(json::cursor& at, answer_listener& to) {
    at.members([&](std::string_view key, json::cursor& value) {
        const bool is_text = value.peek() == '"';
        if ((key == "audio" || key == "images") && value.peek() != 'n') skipped_.add(skipped_parts::kind::part);
        if ((key == "reasoning_content" || key == "reasoning") && is_text) say(part::kind::reasoning, text_at(value), to);
        if (key == "content" && is_text) say(part::kind::text, text_at(value), to);
        if (key == "refusal" && is_text) say(part::kind::refusal, text_at(value), to);
        if (key == "tool_calls") value.elements([&](json::cursor& each) { call(each, to); });
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
        e.is = kind::open;
        e.block = open_;
        to.hear(e);
    }
    e.is = kind::text;
    e.block = open_;
    e.text = text;
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

// Some number every call 0, some none: another id under the same number is another call.
std::uint32_t chat_stream_reader::block_of_call(std::int64_t index, raw_text id, answer_listener& to, raw_text name) {
    for (auto known = calls_.rbegin(); known != calls_.rend(); ++known)
        if (known->index == index && (id.empty() || known->id == id.json)) return known->block;
    close(to);
    calls_.push_back({index, std::string{id.json}, next_block_++});
    answer_event e;
    e.is = kind::open;
    e.of = part::kind::call;
    e.block = calls_.back().block;
    e.id = id;
    e.name = name;
    to.hear(e);
    return e.block;
}

void chat_stream_reader::call(json::cursor& at, answer_listener& to) {
    std::int64_t index = 0;
    raw_text id, name, piece;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "index") index = integer_at(value).value_or(0);
        if (key == "id" && value.peek() == '"') id = text_at(value);
        if (key != "function" && key != "custom") return;
        value.members([&](std::string_view inside, json::cursor& of) {
            if (inside == "name" && of.peek() == '"') name = text_at(of);
            if ((inside == "arguments" || inside == "input") && of.peek() == '"') piece = text_at(of);
        });
    });
    answer_event e;
    e.is = kind::arguments;
    e.of = part::kind::call;
    e.block = block_of_call(index, id, to, name);
    e.text = piece;
    if (!piece.empty()) to.hear(e);
}

// The report comes last, so that the end waits for it.
void chat_stream_reader::end(answer_listener& to) {
    close(to);
    answer_event e;
    e.of = part::kind::call;
    for (const auto& each : calls_) {
        e.is = kind::close;
        e.block = each.block;
        to.hear(e);
    }
    if (reported_) {
        e.is = kind::usage;
        e.used = counts_of(endpoint::chat_completions, report_);
        to.hear(e);
    }
    if (why_ == finish::unknown) return;
    e.is = kind::finish;
    // Whether tools were called is seen by what was said: some say `stop` then.
    e.why = why_ != finish::end ? why_ : !calls_.empty() ? finish::calls : refused_ ? finish::refused : why_;
    to.hear(e);
}

}  // namespace

std::unique_ptr<answer_stream_reader> read_chat_stream() { return std::make_unique<chat_stream_reader>(); }

}  // namespace weir::dialect::hub
