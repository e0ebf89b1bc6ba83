// The stream of Gemini's streamGenerateContent: each event is a whole answer's shape.
#include <array>
#include <string>
#include <utility>

#include "dialect/hub/answer/citations.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/read/usage_report.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

finish finish_named(raw_text word) {
    constexpr std::array<std::string_view, 16> filtered{"SAFETY",
                                                        "RECITATION",
                                                        "BLOCKLIST",
                                                        "PROHIBITED_CONTENT",
                                                        "SPII",
                                                        "IMAGE_SAFETY",
                                                        "LANGUAGE",
                                                        "MODEL_ARMOR",
                                                        "ESCALATION",
                                                        "PUP_LIMITED_DISABLED",
                                                        "IMAGE_OTHER",
                                                        "IMAGE_RECITATION",
                                                        "IMAGE_PROHIBITED_CONTENT",
                                                        "NO_IMAGE",
                                                        "FINISH_REASON_SAFETY",
                                                        "CONTENT_FILTER"};
    constexpr std::array<std::string_view, 5> broken{"MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS",
                                                     "MISSING_THOUGHT_SIGNATURE"};
    if (word.is("STOP")) return finish::end;
    if (word.is("MAX_TOKENS") || word.is("CONTINUATION")) return finish::output_cap;
    for (const auto name : filtered)
        if (word.is(name)) return finish::filtered;
    for (const auto name : broken)
        if (word.is(name)) return finish::broken_call;
    return finish::unknown;
}

class gemini_stream_reader final : public answer_stream_reader {
public:
    void read(std::string_view data, answer_listener& to) override;
    void end(answer_listener& to) override;
    [[nodiscard]] const skipped_parts& skipped() const override { return skipped_; }

private:
    void candidate(json::cursor& at, answer_listener& to);
    void one_part(json::cursor& at, answer_listener& to);
    void call(json::cursor& at, raw_text signature, answer_listener& to);
    void say(part::kind of, raw_text text, answer_listener& to);
    void close(answer_listener& to);
    void cite(answer_listener& to);
    void seal(std::uint32_t block, part::kind of, raw_text signature, answer_listener& to);

    static constexpr std::uint32_t none = ~std::uint32_t{0};

    std::uint32_t next_ = 0, open_ = none, last_text_ = 0;
    part::kind open_kind_ = part::kind::text;
    bool begun_ = false, called_ = false, ended_ = false;
    finish why_ = finish::unknown;
    usage_report report_;
    bool reported_ = false;
    std::string answer_id_;
    std::uint32_t calls_ = 0;
    text_measure text_;
    std::array<std::string, 2> sources_;  ///< what the text goes by: the last that was said holds
    skipped_parts skipped_;
};

void gemini_stream_reader::read(std::string_view data, answer_listener& to) {
    const auto* where = index_of(data);
    if (where == nullptr) return skipped_.add(skipped_parts::kind::unreadable);
    json::cursor at{*where};
    if (!std::exchange(begun_, true)) {
        answer_event e;
        e.is = kind::begin;
        e.id = look_for_text(at, "responseId");
        answer_id_ = e.id.json;
        to.hear(e);
    }
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "usageMetadata") reported_ = read_usage(dialect::kind::gemini, value, report_) || reported_;
        if (key == "promptFeedback" && look_for_text(value, "blockReason").said) why_ = finish::filtered, ended_ = true;
        if (key == "error") {
            answer_event e;
            e.is = kind::error;
            e.text = look_for_text(value, "message");
            to.hear(e);
        }
        if (key != "candidates") return;
        bool first = true;
        value.elements([&](json::cursor& each) {
            if (std::exchange(first, false)) candidate(each, to);
        });
    });
}

void gemini_stream_reader::candidate(json::cursor& at, answer_listener& to) {
    raw_text reason;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "finishReason" && value.peek() == '"') reason = text_at(value);
        if (key == "groundingMetadata" && value.peek() == '{') sources_[0] = written(value);
        if (key == "citationMetadata" && value.peek() == '{') sources_[1] = written(value);
        if (key != "content") return;
        value.members([&](std::string_view inside, json::cursor& parts) {
            if (inside == "parts") parts.elements([&](json::cursor& each) { one_part(each, to); });
        });
    });
    if (!reason.said) return;
    why_ = finish_named(reason);
    ended_ = true;
}

void gemini_stream_reader::one_part(json::cursor& at, answer_listener& to) {
    raw_text text, signature = look_for_text(at, "thoughtSignature");
    bool thought = false, known = false;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "text") text = text_at(value), known = true;
        if (key == "thought") thought = boolean_at(value).value_or(false);
        if (key == "functionCall") call(value, signature, to), signature = {}, known = true;
    });
    if (!known && !signature.said) skipped_.add(skipped_parts::kind::part);
    if (text.said) say(thought ? part::kind::reasoning : part::kind::text, text, to);
    if (!signature.said || open_ == none) return;
    seal(open_, open_kind_, signature, to);
    close(to);  // what comes behind it is not what was signed
}

void gemini_stream_reader::seal(std::uint32_t block, part::kind of, raw_text signature, answer_listener& to) {
    answer_event e;
    e.is = kind::signature;
    e.of = of;
    e.block = block;
    e.opaque = {carrier::family::gemini, signature};
    to.hear(e);
}

void gemini_stream_reader::say(part::kind of, raw_text text, answer_listener& to) {
    if (text.empty()) return;
    answer_event e;
    e.of = of;
    if (open_ == none || open_kind_ != of) {
        close(to);
        open_ = next_++;
        open_kind_ = of;
        if (of == part::kind::text) last_text_ = open_;
        e.is = kind::open;
        e.block = open_;
        to.hear(e);
    }
    if (of == part::kind::text) text_.add(text);
    e.is = kind::text;
    e.block = open_;
    e.text = text;
    to.hear(e);
}

// At the end: the places are counted over all of the text.
void gemini_stream_reader::cite(answer_listener& to) {
    for (const auto& each : sources_) {
        thread_local json::index where;
        if (!each.empty() && where.build(each) == json::fault::none) tell_grounding(json::cursor{where}, text_, last_text_, to);
    }
}

void gemini_stream_reader::close(answer_listener& to) {
    if (open_ == none) return;
    answer_event e;
    e.is = kind::close;
    e.of = open_kind_;
    e.block = std::exchange(open_, none);
    to.hear(e);
}

// A call comes whole. Ids that it lacks, or that repeat from answer to answer, are made of the answer's own.
void gemini_stream_reader::call(json::cursor& at, raw_text signature, answer_listener& to) {
    close(to);
    answer_event e;
    e.is = kind::open;
    e.of = part::kind::call;
    e.block = next_++;
    std::string minted, arguments = "{}";
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "id" && value.peek() == '"') e.id = text_at(value);
        if (key == "name") e.name = text_at(value);
        if (key == "args" && value.peek() == '{') {
            arguments.clear();
            append_escaped(arguments, written(value));
        }
    });
    if (e.id.empty()) {
        minted = "call_" + answer_id_ + "_" + std::to_string(calls_);
        e.id = raw_text{minted};
    }
    ++calls_;
    called_ = true;
    if (signature.said) e.opaque = {carrier::family::gemini, signature};
    to.hear(e);
    e.opaque = {};
    e.is = kind::arguments;
    e.text = raw_text{arguments};
    to.hear(e);
    e.is = kind::close;
    e.text = {};
    to.hear(e);
}

void gemini_stream_reader::end(answer_listener& to) {
    cite(to);
    close(to);
    answer_event e;
    if (reported_) {
        e.is = kind::usage;
        e.used = counts_of(endpoint::gemini_stream_generate, report_);
        to.hear(e);
    }
    if (!ended_) return;
    // An answer of nothing: better asked for elsewhere than taken for a success.
    if (next_ == 0 && (why_ == finish::broken_call || why_ == finish::end || why_ == finish::unknown)) {
        e.is = kind::error;
        e.text = raw_text{std::string_view{why_ != finish::broken_call ? "it said nothing" : "the model's call was malformed"}};
        return to.hear(e);
    }
    e.is = kind::finish;
    e.why = settled(why_, called_, false);
    to.hear(e);
}

}  // namespace

std::unique_ptr<answer_stream_reader> read_gemini_stream() { return std::make_unique<gemini_stream_reader>(); }

}  // namespace weir::dialect::hub
