// The stream of /v1/responses.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

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
    /// An item of the output, by its number; a message is one block for each of its parts.
    struct item {
        std::int64_t output;
        std::int64_t part;
        std::uint32_t block;
        part::kind of;
        bool said = false;         ///< something of it came before its end
        std::int64_t summary = 0;  ///< of a thought: the number of its part
        bool open = true;
    };

    void added(json::cursor& at, answer_listener& to);
    void delta(raw_text type, json::cursor& at, answer_listener& to);
    void done(json::cursor& at, answer_listener& to);
    void done(std::int64_t output, json::cursor& at, answer_listener& to);
    void over(raw_text type, json::cursor& at, answer_listener& to);
    void fill(item& of, json::cursor& whole, answer_listener& to);
    item& block_of(std::int64_t output, std::int64_t part, part::kind of, answer_listener& to, raw_text id = {}, raw_text name = {});
    void close(item& of, answer_listener& to);
    void tell(kind is, const item& of, raw_text text, answer_listener& to);

    std::vector<item> items_;
    std::uint32_t next_ = 0;
    bool begun_ = false, called_ = false;
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
    constexpr std::array<std::string_view, 14> known{"response.queued",
                                                     "response.in_progress",
                                                     "response.content_part.added",
                                                     "response.content_part.done",
                                                     "response.output_text.done",
                                                     "response.output_text.annotation.added",
                                                     "response.refusal.done",
                                                     "response.function_call_arguments.done",
                                                     "response.custom_tool_call_input.done",
                                                     "response.reasoning_summary_part.added",
                                                     "response.reasoning_summary_part.done",
                                                     "response.reasoning_summary_text.done",
                                                     "response.reasoning_text.done",
                                                     "keepalive"};
    return std::any_of(known.begin(), known.end(), [&](std::string_view name) { return type.is(name); });
}

void responses_stream_reader::read(std::string_view data, answer_listener& to) {
    const auto* where = index_of(data);
    if (where == nullptr) return skipped_.add(skipped_parts::kind::unreadable);
    json::cursor at{*where};
    const auto type = look_for_text(at, "type");
    const auto is = [&](std::string_view name) { return type.is(name); };
    if (is("response.output_text.delta") || is("response.refusal.delta") || is("response.function_call_arguments.delta") ||
        is("response.custom_tool_call_input.delta") || is("response.reasoning_summary_text.delta") || is("response.reasoning_text.delta"))
        return delta(type, at, to);
    if (is("response.output_item.added")) return added(at, to);
    if (is("response.output_item.done")) return done(at, to);
    if (is("response.completed") || is("response.incomplete") || is("response.failed") || is("error")) return over(type, at, to);
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

void responses_stream_reader::tell(kind is, const item& of, raw_text text, answer_listener& to) {
    answer_event e;
    e.is = is;
    e.of = of.of;
    e.block = of.block;
    e.text = text;
    to.hear(e);
}

responses_stream_reader::item& responses_stream_reader::block_of(std::int64_t output, std::int64_t part, part::kind of, answer_listener& to,
                                                                 raw_text id, raw_text name) {
    const auto known = std::find_if(items_.begin(), items_.end(), [&](const item& i) { return i.output == output && i.part == part; });
    if (known != items_.end()) return *known;
    items_.push_back({output, part, next_++, of});
    called_ = called_ || of == part::kind::call;
    answer_event e;
    e.is = kind::open;
    e.of = of;
    e.block = items_.back().block;
    e.id = id;
    e.name = name;
    to.hear(e);
    return items_.back();
}

void responses_stream_reader::close(item& of, answer_listener& to) {
    if (std::exchange(of.open, false)) tell(kind::close, of, {}, to);
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

void responses_stream_reader::delta(raw_text type, json::cursor& at, answer_listener& to) {
    std::int64_t output = 0, inner = 0, summary = 0;
    raw_text text;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "output_index") output = integer_at(value).value_or(0);
        if (key == "content_index") inner = integer_at(value).value_or(0);
        if (key == "summary_index") summary = integer_at(value).value_or(0);
        if (key == "delta" && value.peek() == '"') text = text_at(value);
    });
    if (text.empty()) return;
    const bool arguments = type.is("response.function_call_arguments.delta") || type.is("response.custom_tool_call_input.delta");
    auto of = part::kind::text;
    if (arguments) of = part::kind::call;
    if (type.is("response.refusal.delta")) of = part::kind::refusal;
    if (type.is("response.reasoning_summary_text.delta") || type.is("response.reasoning_text.delta")) of = part::kind::reasoning;
    const bool is_item = of == part::kind::call || of == part::kind::reasoning;
    auto& where = block_of(output, is_item ? 0 : inner, of, to);
    if (std::exchange(where.summary, summary) != summary && where.said) tell(kind::text, where, raw_text{blank_line}, to);
    where.said = true;
    tell(arguments ? kind::arguments : kind::text, where, text, to);
}

// What no delta brought.
void responses_stream_reader::fill(item& of, json::cursor& whole, answer_listener& to) {
    if (of.said) return;
    of.said = true;
    whole.members([&](std::string_view key, json::cursor& value) {
        if (of.of == part::kind::call && (key == "arguments" || key == "input") && value.peek() == '"')
            if (const auto text = text_at(value); !text.empty()) tell(kind::arguments, of, text, to);
        if (of.of != part::kind::reasoning || key != "summary") return;
        bool first = true;
        value.elements([&](json::cursor& each) {
            const auto text = look_for_text(each, "text");
            if (text.empty()) return;
            if (!std::exchange(first, false)) tell(kind::text, of, raw_text{blank_line}, to);
            tell(kind::text, of, text, to);
        });
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

void responses_stream_reader::done(std::int64_t output, json::cursor& at, answer_listener& to) {
    const auto of = kind_of(look_for_text(at, "type"));
    if (of == part::kind::hosted) return;
    if (of == part::kind::text) {
        at.members([&](std::string_view inside, json::cursor& content) {
            if (inside != "content") return;
            std::int64_t number = 0;
            content.elements([&](json::cursor& each) {
                const bool refusal = look_for_text(each, "type").is("refusal");
                const auto text = look_for_text(each, refusal ? "refusal" : "text");
                auto& where = block_of(output, number++, refusal ? part::kind::refusal : part::kind::text, to);
                if (!std::exchange(where.said, true) && !text.empty()) tell(kind::text, where, text, to);
                close(where, to);
            });
        });
        return;
    }
    auto& where = block_of(output, 0, of, to, look_for_text(at, "call_id"), look_for_text(at, "name"));
    auto whole = at;
    fill(where, whole, to);
    if (const auto sealed = look_for_text(at, "encrypted_content"); sealed.said && !sealed.empty()) {
        answer_event e;
        e.is = kind::signature;
        e.of = of;
        e.block = where.block;
        e.opaque = {carrier::family::openai, sealed};
        to.hear(e);
    }
    close(where, to);
}

void responses_stream_reader::over(raw_text type, json::cursor& at, answer_listener& to) {
    answer_event e;
    raw_text why, message;
    const auto look_at_error = [&](json::cursor& one) {
        if (const auto said = look_for_text(one, "message"); said.said) message = said;
    };
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "error") look_at_error(value);
        if (key == "message" && value.peek() == '"') message = text_at(value);
        if (key != "response") return;
        value.members([&](std::string_view inside, json::cursor& of) {
            if (inside == "error") look_at_error(of);
            if (inside == "incomplete_details") why = look_for_text(of, "reason");
            // Some bring the items here alone.
            if (inside == "output" && items_.empty()) {
                std::int64_t number = 0;
                of.elements([&](json::cursor& each) { done(number++, each, to); });
            }
            if (inside != "usage" || !read_usage(dialect::kind::openai, of, report_)) return;
            e.is = kind::usage;
            e.used = counts_of(endpoint::responses, report_);
            to.hear(e);
        });
    });
    for (auto& each : items_) close(each, to);
    if (type.is("error") || type.is("response.failed")) {
        e.is = kind::error;
        e.text = message.said ? message : raw_text{"the upstream failed"};
        return to.hear(e);
    }
    e.is = kind::finish;
    e.why = called_ ? finish::calls : finish::end;
    if (type.is("response.incomplete")) e.why = why.is("content_filter") ? finish::filtered : finish::output_cap;
    to.hear(e);
}

}  // namespace

std::unique_ptr<answer_stream_reader> read_responses_stream() { return std::make_unique<responses_stream_reader>(); }

}  // namespace weir::dialect::hub
