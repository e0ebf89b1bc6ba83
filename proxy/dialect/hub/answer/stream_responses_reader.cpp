// The stream of /v1/responses. A whole answer is the last event of it.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "dialect/hub/answer/citations.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/reading.hpp"
#include "dialect/read/usage_report.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

class responses_stream_reader final : public answer_stream_reader {
public:
    void read(std::string_view data, answer_listener& to) override;
    void end(answer_listener&) override {}
    [[nodiscard]] const skipped_parts& skipped() const override { return skipped_; }

private:
    /// Thoughts are told in a summary or as they are, and once.
    enum class voice : std::uint8_t { none, summary, thought };

    /// An item of the output, by its number; a message is one block for each of its parts.
    struct item {
        std::int64_t output = 0, part = 0;
        std::uint32_t block = 0;
        part::kind of = part::kind::text;
        std::string call_id{};
        std::uint32_t start = 0;      ///< of a text: characters before it
        bool said = false;            ///< something of it came before its end
        voice by = voice::none;       ///< of a thought
        std::int64_t piece = 0;       ///< of a thought: the number of its part
        std::uint32_t citations = 0;  ///< that have been told
        bool open = true;
    };
    /// What an event is about.
    struct place {
        std::int64_t output = 0, part = 0, piece = 0;
        part::kind of = part::kind::text;
        voice by = voice::none;
        [[nodiscard]] bool is_item() const { return of == part::kind::call || of == part::kind::reasoning; }
    };

    void added(json::cursor& at, answer_listener& to);
    void say(raw_text type, json::cursor& at, answer_listener& to);
    void say(const place& where, raw_text text, bool whole, answer_listener& to);
    [[nodiscard]] raw_text new_of(std::int64_t output, raw_text piece);
    void cite(json::cursor& at, answer_listener& to);
    void cite(item& of, json::cursor& all, answer_listener& to);
    void done(json::cursor& at, answer_listener& to);
    void done(std::int64_t output, json::cursor& at, answer_listener& to);
    void message_done(std::int64_t output, json::cursor& at, answer_listener& to);
    void over(raw_text type, json::cursor& at, answer_listener& to);
    void response(json::cursor& at, raw_text& why, answer_listener& to);
    void fill(item& of, json::cursor& whole, answer_listener& to);
    [[nodiscard]] item* find(std::int64_t output, std::int64_t part, part::kind of, raw_text call_id = {});
    item& block_of(std::int64_t output, std::int64_t part, part::kind of, answer_listener& to, raw_text id = {}, raw_text name = {});
    void tell(kind is, item& of, raw_text text, answer_listener& to);  ///< close: once

    std::vector<item> items_;
    std::uint32_t next_ = 0;
    bool begun_ = false, called_ = false, refused_ = false;
    text_measure text_;
    std::int64_t message_ = -1;  ///< the item whose text is being said
    std::string before_, told_;  ///< all of the message before it, and what there is of it
    std::string held_;
    bool replays_ = false;  ///< so far it is that message again
    usage_report report_;
    skipped_parts skipped_;
};

constexpr std::string_view blank_line = R"(\n\n)";  ///< between the parts of a summary: they are one thought

part::kind kind_of(raw_text type) {
    if (type.is("function_call") || type.is("custom_tool_call")) return part::kind::call;
    if (type.is("reasoning")) return part::kind::reasoning;
    return type.is("message") ? part::kind::text : part::kind::hosted;
}

// Events that say what others say too, or nothing that another dialect has a word for.
bool says_it_again(raw_text type) {
    constexpr std::array<std::string_view, 8> known{"response.queued",
                                                    "response.in_progress",
                                                    "response.content_part.added",
                                                    "response.content_part.done",
                                                    "response.reasoning_summary_part.added",
                                                    "response.reasoning_summary_part.done",
                                                    "response.compaction.compacting",
                                                    "keepalive"};
    return std::any_of(known.begin(), known.end(), [&](std::string_view name) { return type.is(name); });
}

/// Events that bring a text, piece by piece and at its end whole.
struct text_event {
    std::string_view begin;   ///< of its type, before `.delta` and `.done`
    std::string_view member;  ///< that has the whole text at its end
    part::kind of;
};
constexpr std::array<text_event, 6> text_events{{{"response.output_text", "text", part::kind::text},
                                                 {"response.refusal", "refusal", part::kind::refusal},
                                                 {"response.function_call_arguments", "arguments", part::kind::call},
                                                 {"response.custom_tool_call_input", "input", part::kind::call},
                                                 {"response.reasoning_summary_text", "text", part::kind::reasoning},
                                                 {"response.reasoning_text", "text", part::kind::reasoning}}};

const text_event* text_event_of(raw_text type) {
    for (const auto& each : text_events)
        if (type.json.starts_with(each.begin) && (type.json.substr(each.begin.size()) == ".delta" || type.json.substr(each.begin.size()) == ".done"))
            return &each;
    return nullptr;
}

void responses_stream_reader::read(std::string_view data, answer_listener& to) {
    const auto* where = index_of(data);
    if (where == nullptr) return skipped_.add(skipped_parts::kind::unreadable);
    json::cursor at{*where};
    const auto type = look_for_text(at, "type");
    const auto is = [&](std::string_view name) { return type.is(name); };
    if (text_event_of(type) != nullptr) return say(type, at, to);
    if (is("response.output_text.annotation.added")) return cite(at, to);
    if (is("response.output_item.added")) return added(at, to);
    if (is("response.output_item.done")) return done(at, to);
    if (is("response.completed") || is("response.incomplete") || is("response.failed") || is("response.cancelled") || is("error"))
        return over(type, at, to);
    if (!is("response.created")) {
        if (!says_it_again(type)) skipped_.add(skipped_parts::kind::event);
        return;
    }
    if (std::exchange(begun_, true)) return;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "response") return;
        answer_event e;
        e.is = kind::begin;
        e.id = look_for_text(value, "id");
        to.hear(e);
    });
}

void responses_stream_reader::tell(kind is, item& of, raw_text text, answer_listener& to) {
    if (is == kind::close && !std::exchange(of.open, false)) return;
    if (is == kind::text && of.of == part::kind::text) text_.add(text);
    answer_event e;
    e.is = is;
    e.of = of.of;
    e.block = of.block;
    e.text = text;
    to.hear(e);
}

// By its number in the output, and by what it is: some upstreams number all of them 0.
responses_stream_reader::item* responses_stream_reader::find(std::int64_t output, std::int64_t part, part::kind of, raw_text call_id) {
    for (auto i = items_.rbegin(); i != items_.rend(); ++i)
        if (i->output == output && i->part == part && i->of == of && (call_id.empty() || i->call_id.empty() || i->call_id == call_id.json))
            return &*i;
    return nullptr;
}

responses_stream_reader::item& responses_stream_reader::block_of(std::int64_t output, std::int64_t part, part::kind of, answer_listener& to,
                                                                 raw_text id, raw_text name) {
    if (auto* known = find(output, part, of, id)) return *known;
    items_.push_back({.output = output, .part = part, .block = next_++, .of = of, .call_id = std::string{id.json}, .start = text_.chars()});
    called_ = called_ || of == part::kind::call;
    refused_ = refused_ || of == part::kind::refusal;
    answer_event e;
    e.is = kind::open;
    e.of = of;
    e.block = items_.back().block;
    e.id = id;
    e.name = name;
    to.hear(e);
    return items_.back();
}

void responses_stream_reader::added(json::cursor& at, answer_listener& to) {
    std::int64_t output = 0;
    auto look = at;
    look.members([&](std::string_view key, json::cursor& value) {
        if (key == "output_index") output = integer_at(value).value_or(0);
    });
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "item") return;
        const auto of = kind_of(look_for_text(value, "type"));
        // A message's blocks are its parts.
        if (of == part::kind::call) (void)block_of(output, 0, of, to, look_for_text(value, "call_id"), look_for_text(value, "name"));
        if (of == part::kind::reasoning) (void)block_of(output, 0, of, to);
        if (of == part::kind::hosted) skipped_.add(skipped_parts::kind::item);
    });
}

void responses_stream_reader::say(raw_text type, json::cursor& at, answer_listener& to) {
    const auto& event = *text_event_of(type);
    const bool whole = type.json.ends_with(".done");
    place where;
    where.of = event.of;
    std::int64_t inner = 0, summary = 0;
    raw_text text;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "output_index") where.output = integer_at(value).value_or(0);
        if (key == "content_index") inner = integer_at(value).value_or(0);
        if (key == "summary_index") summary = integer_at(value).value_or(0);
        if (key == (whole ? event.member : "delta") && value.peek() == '"') text = text_at(value);
    });
    if (where.of == part::kind::reasoning) where.by = type.json.starts_with("response.reasoning_text") ? voice::thought : voice::summary;
    where.part = where.is_item() ? 0 : inner;
    where.piece = where.by == voice::summary ? summary : where.by == voice::thought ? inner : 0;
    if (!text.empty()) say(where, text, whole, to);
}

// A whole text is what no delta brought, or nothing new.
void responses_stream_reader::say(const place& where, raw_text text, bool whole, answer_listener& to) {
    // A call without its name cannot be told: its end brings all of it.
    if (where.of == part::kind::call && find(where.output, where.part, where.of) == nullptr) return;
    const bool begins_message = where.of == part::kind::text && where.part == 0;
    if (const auto* known = find(where.output, where.part, where.of); begins_message && !(known != nullptr && (whole || !known->open)))
        text = new_of(where.output, text);
    if (text.empty()) return;
    auto& of = block_of(where.output, where.part, where.of, to);
    if (!of.open || (whole && of.said && of.piece >= where.piece)) return;
    if (of.by == voice::none) of.by = where.by;
    if (of.by != where.by) return;
    if (std::exchange(of.piece, where.piece) != where.piece && of.said) tell(kind::text, of, raw_text{blank_line}, to);
    of.said = true;
    tell(of.of == part::kind::call ? kind::arguments : kind::text, of, text, to);
}

// Some begin each message with all of the one before: what of a piece is new. Only a long beginning is no chance.
raw_text responses_stream_reader::new_of(std::int64_t output, raw_text piece) {
    constexpr std::size_t by_chance = 64, most = std::size_t{1} << 20;
    if (output != message_) {
        message_ = output;
        before_ = std::exchange(told_, {});
        replays_ = before_.size() >= by_chance && before_.size() < most;
    }
    if (told_.size() < most) told_ += piece.json;
    if (!replays_) return piece;
    if (told_.size() <= before_.size() && before_.starts_with(told_)) return {};
    replays_ = false;
    // What was held back is new after all, unless it was all of that message.
    const bool again = told_.starts_with(before_);
    held_ = told_.substr(again ? before_.size() : 0);
    return raw_text{held_};
}

void responses_stream_reader::cite(json::cursor& at, answer_listener& to) {
    place where;
    auto look = at;
    look.members([&](std::string_view key, json::cursor& value) {
        if (key == "output_index") where.output = integer_at(value).value_or(0);
        if (key == "content_index") where.part = integer_at(value).value_or(0);
    });
    auto* of = find(where.output, where.part, part::kind::text);
    if (of == nullptr) return;
    at.members([&](std::string_view key, json::cursor& value) {
        answer_event e;
        if (key != "annotation") return;
        ++of->citations;
        if (!read_annotation(value, e)) return skipped_.add(skipped_parts::kind::citation);
        e.block = of->block;
        e.from += of->start;
        e.to += of->start;
        to.hear(e);
    });
}

// Those that no event of their own brought.
void responses_stream_reader::cite(item& of, json::cursor& all, answer_listener& to) {
    std::uint32_t number = 0;
    all.elements([&](json::cursor& each) {
        if (number++ < of.citations) return;
        ++of.citations;
        answer_event e;
        if (!read_annotation(each, e)) return skipped_.add(skipped_parts::kind::citation);
        e.block = of.block;
        e.from += of.start;
        e.to += of.start;
        to.hear(e);
    });
}

// What no delta brought.
void responses_stream_reader::fill(item& of, json::cursor& whole, answer_listener& to) {
    if (of.said) return;
    const auto parts = [&](json::cursor& all) {
        all.elements([&](json::cursor& each) {
            const auto text = look_for_text(each, "text");
            if (text.empty()) return;
            if (std::exchange(of.said, true)) tell(kind::text, of, raw_text{blank_line}, to);
            tell(kind::text, of, text, to);
        });
    };
    const bool thought = of.of == part::kind::reasoning;
    auto look = whole;
    look.members([&](std::string_view key, json::cursor& value) {
        if (thought && key == "summary") parts(value);
        if (thought || of.said || (key != "arguments" && key != "input")) return;
        std::string text;
        append_as_string(text, embedded_at(value));
        of.said = !text.empty();
        if (of.said) tell(kind::arguments, of, raw_text{text}, to);
    });
    if (!thought || of.said) return;
    whole.members([&](std::string_view key, json::cursor& value) {
        if (key == "content") parts(value);
    });
}

void responses_stream_reader::done(json::cursor& at, answer_listener& to) {
    std::int64_t output = 0;
    auto look = at;
    look.members([&](std::string_view key, json::cursor& value) {
        if (key == "output_index") output = integer_at(value).value_or(0);
    });
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "item") done(output, value, to);
    });
}

void responses_stream_reader::message_done(std::int64_t output, json::cursor& at, answer_listener& to) {
    at.members([&](std::string_view inside, json::cursor& content) {
        if (inside != "content") return;
        std::int64_t number = 0;
        content.elements([&](json::cursor& each) {
            const bool refusal = look_for_text(each, "type").is("refusal");
            auto text = look_for_text(each, refusal ? "refusal" : "text");
            const auto part = number++;
            const auto of = refusal ? part::kind::refusal : part::kind::text;
            const bool known = find(output, part, of) != nullptr;
            if (!known && of == part::kind::text && part == 0) {
                const auto fresh = output == message_ ? raw_text{} : new_of(output, text);
                // One that is shorter than the one before does not grow: it only begins like it.
                if (!replays_ || told_.size() >= before_.size()) text = fresh;
            }
            if (text.empty() && !known) return;
            auto& where = block_of(output, part, of, to);
            if (!std::exchange(where.said, true) && !text.empty()) tell(kind::text, where, text, to);
            each.members([&](std::string_view key, json::cursor& value) {
                if (key == "annotations" && where.open) cite(where, value, to);
            });
            tell(kind::close, where, {}, to);
        });
    });
}

void responses_stream_reader::done(std::int64_t output, json::cursor& at, answer_listener& to) {
    const auto of = kind_of(look_for_text(at, "type"));
    if (of == part::kind::hosted) return;
    if (of == part::kind::text) return message_done(output, at, to);
    auto& where = block_of(output, 0, of, to, look_for_text(at, "call_id"), look_for_text(at, "name"));
    if (!where.open) return;
    const auto sealed = look_for_text(at, "encrypted_content");
    fill(where, at, to);
    if (!sealed.empty()) {
        answer_event e;
        e.is = kind::signature;
        e.of = of;
        e.block = where.block;
        e.opaque = {carrier::family::openai, sealed};
        to.hear(e);
    }
    tell(kind::close, where, {}, to);
}

void responses_stream_reader::response(json::cursor& at, raw_text& why, answer_listener& to) {
    // Some bring the items here alone, or of one that has begun nothing more.
    const bool alone = items_.empty();
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "incomplete_details") why = look_for_text(value, "reason");
        if (key == "output") {
            std::int64_t number = 0;
            value.elements([&](json::cursor& each) {
                const auto output = number++;
                const auto of = kind_of(look_for_text(each, "type"));
                if (alone && of == part::kind::hosted) skipped_.add(skipped_parts::kind::item);
                const bool begun =
                    std::any_of(items_.begin(), items_.end(), [&](const item& i) { return i.output == output && i.of == of && i.open; });
                if (alone || begun) done(output, each, to);
            });
        }
        if (key != "usage" || !read_usage(dialect::kind::openai, value, report_)) return;
        answer_event e;
        e.is = kind::usage;
        e.used = counts_of(endpoint::responses, report_);
        to.hear(e);
    });
}

void responses_stream_reader::over(raw_text type, json::cursor& at, answer_listener& to) {
    raw_text why, message;
    const auto look_at_error = [&](json::cursor& one) {
        if (const auto said = look_for_text(one, "message"); said.said) message = said;
    };
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "error") look_at_error(value);
        if (key == "message" && value.peek() == '"') message = text_at(value);
        if (key != "response") return;
        auto look = value;
        look.members([&](std::string_view inside, json::cursor& of) {
            if (inside == "error") look_at_error(of);
        });
        response(value, why, to);
    });
    for (auto& each : items_) tell(kind::close, each, {}, to);
    answer_event e;
    if (type.is("error") || type.is("response.failed") || type.is("response.cancelled")) {
        e.is = kind::error;
        e.text = message.said ? message : raw_text{"the upstream failed"};
        return to.hear(e);
    }
    e.is = kind::finish;
    e.why = settled(finish::end, called_, refused_);
    if (type.is("response.incomplete")) e.why = why.is("content_filter") ? finish::filtered : finish::output_cap;
    to.hear(e);
}

}  // namespace

std::unique_ptr<answer_stream_reader> read_responses_stream() { return std::make_unique<responses_stream_reader>(); }

}  // namespace weir::dialect::hub
