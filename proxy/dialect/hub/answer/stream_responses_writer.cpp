// A stream of /v1/responses, made of what another dialect says. Its events repeat at each end what was said before: texts are gathered.
#include <utility>
#include <vector>

#include "dialect/hub/answer/response_items.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/envelope.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

std::string_view part_of(const response_item& of) { return of.of == part::kind::refusal ? "refusal" : "text"; }

class responses_stream_writer final : public answer_stream_writer {
public:
    explicit responses_stream_writer(answer_names names) : names_(std::move(names)), seals_(names_.scope) {}

    void hear(const answer_event& what) override;
    void end() override;
    void break_off(const core::error& why) override;

private:
    using item = response_item;

    void begin();
    item& add(std::uint32_t block, part::kind of);
    void open(const answer_event& what);
    void open_part(const item& of);
    void detached(std::string sealed);
    void delta(const answer_event& what);
    void cite(const answer_event& what);
    void close(item& of);
    void close_thought(item& of);
    void close_message(item& of);
    [[nodiscard]] item* find(std::uint32_t block);
    [[nodiscard]] std::size_t number_of(const item& of) const { return static_cast<std::size_t>(&of - items_.data()); }
    void event(std::string_view type);
    void finish_event() { out_->append("}\n\n"); }
    void place(const item& of, std::string_view inner);
    void response(std::string_view status, std::string_view more, std::string_view error = "null");

    answer_names names_;
    std::vector<item> items_;
    sealer seals_;
    std::uint32_t chars_ = 0;  ///< of all texts so far
    usage::counts used_;
    std::uint64_t sequence_ = 0;
    finish why_ = finish::unknown;
    bool begun_ = false, over_ = false;
};

void responses_stream_writer::event(std::string_view type) {
    out_->append("event: ")
        .append(type)
        .append("\ndata: {\"type\":\"")
        .append(type)
        .append("\",\"sequence_number\":")
        .append(std::to_string(sequence_++));
}

void responses_stream_writer::place(const item& of, std::string_view inner) {
    out_->append(R"(,"item_id":")").append(of.id).append(R"(","output_index":)").append(std::to_string(number_of(of)));
    if (!inner.empty()) out_->append(",\"").append(inner).append("\":0");
}

void responses_stream_writer::response(std::string_view status, std::string_view more, std::string_view error) {
    out_->append(R"(,"response":{"id":")").append(names_.id).append(R"(","object":"response","created_at":)").append(std::to_string(names_.created));
    out_->append(R"(,"status":")").append(status).append(R"(","model":")");
    append_escaped(*out_, names_.model);
    out_->append(R"(","output":[)");
    if (status != "in_progress") {
        bool first = true;
        for (const auto& each : items_) {
            if (!each.done) continue;
            if (!std::exchange(first, false)) out_->append(1, ',');
            append_item(*out_, each, true);
        }
    }
    out_->append("],").append(settings_of(names_)).append(R"(,"store":)").append(names_.is_kept ? "true" : "false");
    if (!names_.previous.empty()) out_->append(R"(,"previous_response_id":")").append(names_.previous).append(1, '"');
    out_->append(R"(,"error":)").append(error).append(more).append(1, '}');
}

void responses_stream_writer::begin() {
    if (std::exchange(begun_, true)) return;
    for (const std::string_view type : {"response.created", "response.in_progress"}) {
        event(type);
        response("in_progress", R"(,"incomplete_details":null,"usage":null)");
        finish_event();
    }
}

responses_stream_writer::item* responses_stream_writer::find(std::uint32_t block) {
    for (auto& each : items_)
        if (each.block == block && !each.done) return &each;
    return nullptr;
}

void responses_stream_writer::hear(const answer_event& what) {
    if (out_ == nullptr) return;
    switch (what.is) {
        case kind::begin: return;
        case kind::open: return open(what);
        case kind::close:
            if (auto* of = find(what.block)) close(*of);
            return;
        case kind::citation: return cite(what);
        case kind::usage: used_ = what.used; return;
        case kind::finish: why_ = what.why; return;
        case kind::error: return fail(what);
        case kind::signature:
            if (auto* of = find(what.block)) of->sealed = what.opaque.data.json, of->family = what.opaque.of, of->redacted = what.opaque.redacted;
            return;
        default: return delta(what);
    }
}

responses_stream_writer::item& responses_stream_writer::add(std::uint32_t block, part::kind of) {
    const std::string_view kind_of_id = of == part::kind::call ? "fc_" : of == part::kind::reasoning ? "rs_" : "msg_";
    auto& made = items_.emplace_back();
    made.block = block;
    made.of = of;
    made.start = chars_;
    made.id.append(kind_of_id).append(names_.id).append(1, '_').append(std::to_string(items_.size() - 1));
    return made;
}

void responses_stream_writer::open(const answer_event& what) {
    begin();
    if (what.of == part::kind::call && what.opaque.data.said) detached(seals_.of_call(what.opaque));
    auto& made = add(what.block, what.of);
    if (what.of == part::kind::call) made.call_id = id_for_client(names_, what.id, what.block);
    made.name = what.name.json;
    if (what.of == part::kind::call) {
        seals_.heard_call();
        if (const auto* form = form_of(names_, what.name)) made.name = form->name, made.space = form->space, made.takes = form->takes;
    }
    event("response.output_item.added");
    out_->append(R"(,"output_index":)").append(std::to_string(number_of(made))).append(R"(,"item":)");
    append_item(*out_, made, false);
    finish_event();
    // A thought that nobody sees has no part.
    if (what.of != part::kind::call && what.of != part::kind::reasoning) open_part(made);
}

void responses_stream_writer::open_part(const item& of) {
    if (of.of == part::kind::reasoning) {
        event("response.reasoning_summary_part.added");
        place(of, "summary_index");
        out_->append(R"(,"part":{"type":"summary_text","text":""})");
    } else {
        event("response.content_part.added");
        place(of, "content_index");
        out_->append(of.of == part::kind::refusal ? R"(,"part":{"type":"refusal","refusal":""})"
                                                  : R"(,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]})");
    }
    finish_event();
}

// What belongs to a call or a text stands beside it, as a thought without words.
void responses_stream_writer::detached(std::string sealed) {
    constexpr auto no_block = ~std::uint32_t{0};
    auto& made = add(no_block, part::kind::reasoning);
    event("response.output_item.added");
    out_->append(R"(,"output_index":)").append(std::to_string(number_of(made))).append(R"(,"item":)");
    append_item(*out_, made, false);
    finish_event();
    made.sealed = std::move(sealed);
    made.done = true;
    event("response.output_item.done");
    out_->append(R"(,"output_index":)").append(std::to_string(number_of(made))).append(R"(,"item":)");
    append_item(*out_, made, true);
    finish_event();
}

void responses_stream_writer::delta(const answer_event& what) {
    auto* of = find(what.block);
    if (of == nullptr) return;
    const bool call = of->of == part::kind::call, thought = of->of == part::kind::reasoning;
    if (thought && !names_.show_reasoning) {
        of->hidden = true;
        return;
    }
    if (thought && of->text.empty() && !what.text.empty()) open_part(*of);
    if (thought) seals_.heard_thought(what.text);
    if (!thought && !call) seals_.heard_text(what.text);
    if (of->of == part::kind::text) chars_ += chars_in(what.text);
    keep(of->text, what.text.json);
    if (of->takes != tool_form::input::object) return;  // its text is known when the object around it is whole
    event(call                            ? "response.function_call_arguments.delta"
          : thought                       ? "response.reasoning_summary_text.delta"
          : of->of == part::kind::refusal ? "response.refusal.delta"
                                          : "response.output_text.delta");
    place(*of, call ? "" : thought ? "summary_index" : "content_index");
    out_->append(R"(,"delta":")").append(what.text.json).append(1, '"');
    if (!call && !thought && of->of != part::kind::refusal) out_->append(",\"logprobs\":[]");
    finish_event();
}

// A text that is over cannot be told anything more.
void responses_stream_writer::cite(const answer_event& what) {
    auto* of = find(what.block);
    if (of == nullptr || of->of != part::kind::text) return left_out_.add(skipped_parts::kind::citation);
    of->sources.emplace_back(what);
    const auto& made = of->sources.back();
    kept(made.url.size() + made.title.size() + made.file.size());
    event("response.output_text.annotation.added");
    place(*of, "content_index");
    out_->append(R"(,"annotation_index":)").append(std::to_string(of->sources.size() - 1)).append(R"(,"annotation":)");
    append_for_responses(*out_, made, of->start);
    finish_event();
}

void responses_stream_writer::close(item& of) {
    of.cut = of.of == part::kind::call && !is_whole(of.text, of.takes);
    if (of.takes != tool_form::input::object) {
        of.text = input_of(of.text, of.takes);
        event("response.custom_tool_call_input.delta");
        place(of, {});
        out_->append(R"(,"delta":")").append(of.text).append(1, '"');
        finish_event();
        event("response.custom_tool_call_input.done");
        place(of, {});
        out_->append(R"(,"input":")").append(of.text).append(1, '"');
        finish_event();
    } else if (of.of == part::kind::call) {
        if (of.text.empty()) of.text = "{}";
        event("response.function_call_arguments.done");
        place(of, {});
        out_->append(R"(,"name":")").append(of.name).append(R"(","arguments":")").append(of.text).append(1, '"');
        finish_event();
    } else if (of.of == part::kind::reasoning) {
        close_thought(of);
    } else {
        close_message(of);
    }
    const auto sealed = of.of == part::kind::text && !of.sealed.empty() ? seals_.of_text({of.family, raw_text{of.sealed}, 0}) : std::string{};
    of.done = true;
    event("response.output_item.done");
    out_->append(R"(,"output_index":)").append(std::to_string(number_of(of))).append(R"(,"item":)");
    append_item(*out_, of, true);
    finish_event();
    if (!sealed.empty()) detached(sealed);
}

void responses_stream_writer::close_thought(item& of) {
    const carrier what{of.family, raw_text{std::string_view{of.sealed}}, 0, of.redacted};
    const bool nothing = is_void(what, of.hidden) || (of.hidden && of.sealed.empty());
    of.sealed = of.family == carrier::family::none || nothing ? std::string{} : seals_.of_thought(what);
    if (of.text.empty()) return;
    event("response.reasoning_summary_text.done");
    place(of, "summary_index");
    out_->append(R"(,"text":")").append(of.text).append(1, '"');
    finish_event();
    event("response.reasoning_summary_part.done");
    place(of, "summary_index");
    out_->append(R"(,"part":{"type":"summary_text","text":")").append(of.text).append("\"}");
    finish_event();
}

void responses_stream_writer::close_message(item& of) {
    const bool refusal = of.of == part::kind::refusal;
    event(refusal ? "response.refusal.done" : "response.output_text.done");
    place(of, "content_index");
    out_->append(",\"").append(part_of(of)).append("\":\"").append(of.text).append(1, '"');
    if (!refusal) out_->append(",\"logprobs\":[]");
    finish_event();
    event("response.content_part.done");
    place(of, "content_index");
    out_->append(R"(,"part":{"type":")").append(refusal ? "refusal" : "output_text");
    out_->append("\",\"").append(part_of(of)).append("\":\"").append(of.text);
    if (refusal)
        out_->append("\"}");
    else
        out_->append(R"(","annotations":)").append(annotations_of(of)).append(R"(,"logprobs":[]})");
    finish_event();
}

void responses_stream_writer::end() {
    if (out_ == nullptr || std::exchange(over_, true)) return;
    begin();
    for (auto& each : items_)
        if (!each.done) close(each);
    const auto how = ending_of(why_);
    std::string more = R"(,"incomplete_details":)";
    more.append(how.details);
    more.append(R"(,"usage":{"input_tokens":)").append(std::to_string(used_.prompt()));
    more.append(R"(,"input_tokens_details":{"cached_tokens":)").append(std::to_string(used_.cached_input));
    more.append(R"(,"cache_write_tokens":)").append(std::to_string(used_.cache_write));
    more.append(R"(},"output_tokens":)").append(std::to_string(used_.completion()));
    more.append(R"(,"output_tokens_details":{"reasoning_tokens":)").append(std::to_string(used_.reasoning));
    more.append(R"(},"total_tokens":)").append(std::to_string(used_.prompt() + used_.completion())).append(1, '}');
    event(std::string{"response."}.append(how.status));
    // Some clients see an error in the event alone.
    if (how.error != "null") out_->append(R"(,"error":)").append(how.error);
    response(how.status, more, how.error);
    finish_event();
}

// Some clients see the error in the event alone, some in the response: it stands in both. A response's codes are from a closed list.
void responses_stream_writer::break_off(const core::error& why) {
    if (out_ == nullptr || std::exchange(over_, true)) return;
    begin();
    std::string message;
    append_escaped(message, why.message);
    event("response.failed");
    out_->append(R"(,"code":")").append(core::name_of(why.what)).append(R"(","message":")").append(message);
    out_->append(R"(","error":{"code":")").append(core::name_of(why.what)).append(R"(","message":")").append(message).append("\"}");
    response("failed", R"(,"incomplete_details":null,"usage":null)", R"({"code":"server_error","message":")" + message + "\"}");
    finish_event();
}

}  // namespace

std::unique_ptr<answer_stream_writer> write_responses_stream(answer_names names) {
    return std::make_unique<responses_stream_writer>(std::move(names));
}

}  // namespace weir::dialect::hub
