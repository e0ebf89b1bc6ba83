// A stream of /v1/responses, made of what another dialect says. Its events repeat at each end what was said before: texts are gathered.
#include <utility>
#include <vector>

#include "dialect/hub/streams.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

class responses_stream_writer final : public answer_stream_writer {
public:
    explicit responses_stream_writer(answer_names names) : names_(std::move(names)) {}

    void hear(const answer_event& what) override;
    void end() override;
    void break_off(const core::error& why) override;

private:
    struct item {
        std::uint32_t block;
        part::kind of;
        std::string id, call_id, name, text, sealed;
        bool done = false;
    };

    void begin();
    void open(const answer_event& what);
    void delta(const answer_event& what);
    void close(item& of);
    [[nodiscard]] item* find(std::uint32_t block);
    [[nodiscard]] std::size_t number_of(const item& of) const { return static_cast<std::size_t>(&of - items_.data()); }
    void event(std::string_view type);
    void finish_event() { out_->append("}\n\n"); }
    void place(const item& of, std::string_view inner);
    void response(std::string_view status, std::string_view more, std::string_view error = "null");
    void whole(std::string& to, const item& of, bool done) const;
    [[nodiscard]] static std::string_view part_of(const item& of) { return of.of == part::kind::refusal ? "refusal" : "text"; }

    answer_names names_;
    std::vector<item> items_;
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
            whole(*out_, each, true);
        }
    }
    out_->append(R"(],"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"store":false,"error":)").append(error);
    out_->append(R"(,"instructions":null,"metadata":{},"temperature":null,"top_p":null)").append(more).append(1, '}');
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

// An item as it stands: empty where it begins, whole where it ends.
void responses_stream_writer::whole(std::string& to, const item& of, bool done) const {
    const std::string_view status = done ? "completed" : "in_progress";
    to.append(R"({"id":")").append(of.id).append(R"(","type":")");
    if (of.of == part::kind::call) {
        to.append(R"(function_call","status":")")
            .append(status)
            .append(R"(","call_id":")")
            .append(of.call_id)
            .append(R"(","name":")")
            .append(of.name);
        to.append(R"(","arguments":")").append(done ? std::string_view{of.text} : std::string_view{}).append("\"}");
    } else if (of.of == part::kind::reasoning) {
        to.append(R"(reasoning","summary":[)");
        if (done && !of.text.empty()) to.append(R"({"type":"summary_text","text":")").append(of.text).append("\"}");
        to.append(1, ']');
        if (done && !of.sealed.empty()) to.append(R"(,"encrypted_content":")").append(of.sealed).append(1, '"');
        to.append(1, '}');
    } else {
        to.append(R"(message","status":")").append(status).append(R"(","role":"assistant","content":[)");
        if (done && of.of == part::kind::refusal) to.append(R"({"type":"refusal","refusal":")").append(of.text).append("\"}");
        if (done && of.of != part::kind::refusal)
            to.append(R"({"type":"output_text","text":")").append(of.text).append(R"(","annotations":[],"logprobs":[]})");
        to.append("]}");
    }
}

void responses_stream_writer::hear(const answer_event& what) {
    if (out_ == nullptr) return;
    switch (what.is) {
        case kind::begin: return;
        case kind::open: return open(what);
        case kind::close:
            if (auto* of = find(what.block)) close(*of);
            return;
        case kind::usage: used_ = what.used; return;
        case kind::finish: why_ = what.why; return;
        case kind::error: return fail(what);
        case kind::signature:
            if (auto* of = find(what.block); of && of->of == part::kind::reasoning) of->sealed = what.opaque.data.json;
            return;
        default: return delta(what);
    }
}

void responses_stream_writer::open(const answer_event& what) {
    begin();
    const auto number = std::to_string(items_.size());
    const std::string_view kind_of_id = what.of == part::kind::call ? "fc_" : what.of == part::kind::reasoning ? "rs_" : "msg_";
    auto& made = items_.emplace_back();
    made.block = what.block;
    made.of = what.of;
    made.id.append(kind_of_id).append(names_.id).append(1, '_').append(number);
    made.call_id = what.id.json;
    made.name = what.name.json;
    event("response.output_item.added");
    out_->append(R"(,"output_index":)").append(number).append(R"(,"item":)");
    whole(*out_, made, false);
    finish_event();
    if (what.of == part::kind::call) return;
    if (what.of == part::kind::reasoning) {
        event("response.reasoning_summary_part.added");
        place(made, "summary_index");
        out_->append(R"(,"part":{"type":"summary_text","text":""})");
    } else {
        event("response.content_part.added");
        place(made, "content_index");
        out_->append(made.of == part::kind::refusal ? R"(,"part":{"type":"refusal","refusal":""})"
                                                    : R"(,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]})");
    }
    finish_event();
}

void responses_stream_writer::delta(const answer_event& what) {
    auto* of = find(what.block);
    if (of == nullptr) return;
    of->text += what.text.json;
    const bool call = of->of == part::kind::call, thought = of->of == part::kind::reasoning;
    event(call                            ? "response.function_call_arguments.delta"
          : thought                       ? "response.reasoning_summary_text.delta"
          : of->of == part::kind::refusal ? "response.refusal.delta"
                                          : "response.output_text.delta");
    place(*of, call ? "" : thought ? "summary_index" : "content_index");
    out_->append(R"(,"delta":")").append(what.text.json).append(1, '"');
    if (!call && !thought && of->of != part::kind::refusal) out_->append(",\"logprobs\":[]");
    finish_event();
}

void responses_stream_writer::close(item& of) {
    if (of.of == part::kind::call) {
        if (of.text.empty()) of.text = "{}";
        event("response.function_call_arguments.done");
        place(of, {});
        out_->append(R"(,"name":")").append(of.name).append(R"(","arguments":")").append(of.text).append(1, '"');
    } else if (of.of == part::kind::reasoning) {
        event("response.reasoning_summary_text.done");
        place(of, "summary_index");
        out_->append(R"(,"text":")").append(of.text).append(1, '"');
        finish_event();
        event("response.reasoning_summary_part.done");
        place(of, "summary_index");
        out_->append(R"(,"part":{"type":"summary_text","text":")").append(of.text).append("\"}");
    } else {
        const bool refusal = of.of == part::kind::refusal;
        event(refusal ? "response.refusal.done" : "response.output_text.done");
        place(of, "content_index");
        out_->append(",\"").append(part_of(of)).append("\":\"").append(of.text).append(1, '"');
        if (!refusal) out_->append(",\"logprobs\":[]");
        finish_event();
        event("response.content_part.done");
        place(of, "content_index");
        out_->append(R"(,"part":{"type":")")
            .append(refusal ? "refusal" : "output_text")
            .append("\",\"")
            .append(part_of(of))
            .append("\":\"")
            .append(of.text);
        out_->append(refusal ? "\"}" : R"(","annotations":[],"logprobs":[]})");
    }
    finish_event();
    of.done = true;
    event("response.output_item.done");
    out_->append(R"(,"output_index":)").append(std::to_string(number_of(of))).append(R"(,"item":)");
    whole(*out_, of, true);
    finish_event();
}

void responses_stream_writer::end() {
    if (out_ == nullptr || std::exchange(over_, true)) return;
    begin();
    for (auto& each : items_)
        if (!each.done) close(each);
    const bool cut = why_ == finish::output_cap || why_ == finish::context_full, filtered = why_ == finish::filtered;
    std::string more = cut        ? R"(,"incomplete_details":{"reason":"max_output_tokens"})"
                       : filtered ? R"(,"incomplete_details":{"reason":"content_filter"})"
                                  : R"(,"incomplete_details":null)";
    more.append(R"(,"usage":{"input_tokens":)").append(std::to_string(used_.prompt()));
    more.append(R"(,"input_tokens_details":{"cached_tokens":)").append(std::to_string(used_.cached_input));
    more.append(R"(,"cache_write_tokens":)").append(std::to_string(used_.cache_write));
    more.append(R"(},"output_tokens":)").append(std::to_string(used_.completion()));
    more.append(R"(,"output_tokens_details":{"reasoning_tokens":)").append(std::to_string(used_.reasoning));
    more.append(R"(},"total_tokens":)").append(std::to_string(used_.prompt() + used_.completion())).append(1, '}');
    event(cut || filtered ? "response.incomplete" : "response.completed");
    response(cut || filtered ? "incomplete" : "completed", more);
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
