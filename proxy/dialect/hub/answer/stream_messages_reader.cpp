// The stream of /v1/messages.
#include <array>
#include <string_view>
#include <utility>

#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/read/usage_report.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

finish finish_named(raw_text word) {
    constexpr std::array<std::pair<std::string_view, finish>, 7> all{{{"end_turn", finish::end},
                                                                      {"stop_sequence", finish::stop_sequence},
                                                                      {"max_tokens", finish::output_cap},
                                                                      {"model_context_window_exceeded", finish::context_full},
                                                                      {"tool_use", finish::calls},
                                                                      {"refusal", finish::refused},
                                                                      {"pause_turn", finish::paused}}};
    for (const auto& [name, means] : all)
        if (word.is(name)) return means;
    return finish::end;  // a reason that is not known here is still an end
}

class messages_stream_reader final : public answer_stream_reader {
public:
    void read(std::string_view data, answer_listener& to) override;
    void end(answer_listener&) override {}
    [[nodiscard]] const skipped_parts& skipped() const override { return skipped_; }

private:
    void message_start(json::cursor& at, answer_listener& to);
    void block_start(json::cursor& at, answer_listener& to);
    void block_delta(json::cursor& at, answer_listener& to);
    void block_stop(answer_listener& to);
    void message_delta(json::cursor& at, answer_listener& to);
    void say_refusal(raw_text why, answer_listener& to);
    void usage(json::cursor& at, answer_listener& to);

    std::uint32_t block_ = 0;  ///< of the event at hand
    part::kind of_ = part::kind::text;
    bool known_ = false;  ///< the block that is open is one that others have
    bool waits_ = false;  ///< a text that has begun and says nothing: others have no empty ones
    usage_report report_;
    skipped_parts skipped_;
};

void messages_stream_reader::read(std::string_view data, answer_listener& to) {
    const auto* where = index_of(data);
    if (where == nullptr) return skipped_.add(skipped_parts::kind::unreadable);
    json::cursor at{*where};
    const auto type = look_for_text(at, "type");
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "index") block_ = static_cast<std::uint32_t>(integer_at(value).value_or(0));
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

void messages_stream_reader::block_start(json::cursor& at, answer_listener& to) {
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "content_block") return;
        const auto type = look_for_text(value, "type");
        answer_event e;
        e.is = kind::open;
        e.block = block_;
        known_ = true;
        if (type.is("text"))
            of_ = part::kind::text;
        else if (type.is("tool_use"))
            of_ = part::kind::call, e.id = look_for_text(value, "id"), e.name = look_for_text(value, "name");
        else if (type.is("thinking") || type.is("redacted_thinking"))
            of_ = part::kind::reasoning;
        else
            known_ = false;
        if (!known_) return skipped_.add(skipped_parts::kind::part);
        e.of = of_;
        waits_ = of_ == part::kind::text;
        if (!waits_) to.hear(e);
        if (!type.is("redacted_thinking")) return;
        e.is = kind::signature;
        e.opaque = {carrier::family::anthropic, look_for_text(value, "data"), 0, true};
        to.hear(e);
    });
}

void messages_stream_reader::block_delta(json::cursor& at, answer_listener& to) {
    if (!known_) return;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "delta") return;
        answer_event e;
        e.block = block_;
        e.of = of_;
        value.members([&](std::string_view inside, json::cursor& of) {
            if (inside == "text" || inside == "thinking" || inside == "partial_json") e.text = text_at(of);
            if (inside == "partial_json") e.is = kind::arguments;
            if (inside != "signature") return;
            e.is = kind::signature;
            e.opaque = {carrier::family::anthropic, text_at(of)};
        });
        if (e.is != kind::signature && e.text.empty()) return;
        if (std::exchange(waits_, false)) {
            auto opens = e;
            opens.is = kind::open;
            opens.text = {};
            to.hear(opens);
        }
        to.hear(e);
    });
}

void messages_stream_reader::block_stop(answer_listener& to) {
    if (!std::exchange(known_, false) || std::exchange(waits_, false)) return;
    answer_event e;
    e.is = kind::close;
    e.of = of_;
    e.block = block_;
    to.hear(e);
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
            if (inside == "stop_reason") e.why = finish_named(text_at(of)), ends = true;
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
    e.block = block_ + 1;
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
