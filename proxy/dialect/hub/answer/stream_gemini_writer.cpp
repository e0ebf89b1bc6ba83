// A stream of Gemini's streamGenerateContent, made of what another dialect says.
#include <utility>
#include <vector>

#include "dialect/error_body.hpp"
#include "dialect/hub/answer/response_items.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/envelope.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

class gemini_stream_writer final : public answer_stream_writer {
public:
    explicit gemini_stream_writer(answer_names names) : names_(std::move(names)), seals_(names_.scope) {}

    void hear(const answer_event& what) override;
    void end() override;
    void break_off(const core::error& why) override;

private:
    /// A call whose arguments are gathered: its clients run whatever stands in a part.
    struct call {
        std::uint32_t block;
        std::string name, id, arguments;
    };
    void begin_frame();
    void end_frame(std::string_view more);
    void close_frame() { out_->append(names_.as_array ? "}" : "}\n\n"); }
    void text(const answer_event& what);
    void close(const answer_event& what);
    [[nodiscard]] call* find(std::uint32_t block);

    answer_names names_;
    std::vector<call> calls_;  ///< that have begun and not ended
    sealer seals_;
    held_carrier held_;  ///< of the thought that is being said
    text_measure text_;
    std::vector<kept_citation> sources_;  ///< they are told at the end
    usage::counts used_;
    finish why_ = finish::unknown;
    bool begun_ = false, over_ = false, hidden_ = false;  ///< hidden_: the client does not see what is being thought
};

void gemini_stream_writer::begin_frame() {
    out_->append(!names_.as_array ? "data: " : begun_ ? ",\r\n" : "[");
    begun_ = true;
    out_->append(R"({"candidates":[{"content":{"role":"model","parts":[)");
}

void gemini_stream_writer::end_frame(std::string_view more) {
    out_->append("]}").append(more).append(R"(,"index":0}],"modelVersion":")");
    append_escaped(*out_, names_.model);
    out_->append(R"(","responseId":")").append(names_.id).append(1, '"');
}

gemini_stream_writer::call* gemini_stream_writer::find(std::uint32_t block) {
    for (auto& each : calls_)
        if (each.block == block) return &each;
    return nullptr;
}

void gemini_stream_writer::hear(const answer_event& what) {
    if (out_ == nullptr) return;
    switch (what.is) {
        case kind::open:
            held_ = {};
            hidden_ = false;
            if (what.of != part::kind::call) return;
            seals_.heard_call();
            calls_.push_back({what.block, std::string{called_name(names_, what.name.json)}, id_for_client(names_, what.id, what.block), {}});
            return;
        case kind::text: return text(what);
        case kind::arguments:
            if (auto* of = find(what.block)) keep(of->arguments, what.text.json);
            return;
        case kind::signature: held_.take(what.opaque); return;
        case kind::citation:
            if (what.text.empty()) return left_out_.add(skipped_parts::kind::citation);
            sources_.emplace_back(what);
            return kept(sources_.back().url.size() + sources_.back().title.size());
        case kind::close: return close(what);
        case kind::usage: used_ = what.used; return;
        case kind::finish: why_ = what.why; return;
        case kind::error: return fail(what);
        default: return;
    }
}

void gemini_stream_writer::text(const answer_event& what) {
    const bool thought = what.of == part::kind::reasoning;
    if (thought && !names_.show_reasoning) {
        hidden_ = true;
        return;
    }
    thought ? seals_.heard_thought(what.text) : seals_.heard_text(what.text);
    if (what.of == part::kind::text) text_.add(what.text);
    begin_frame();
    out_->append(R"({"text":")");
    append_on_one_line(*out_, what.text.json);
    out_->append(1, '"');
    if (thought) out_->append(",\"thought\":true");
    out_->append(1, '}');
    end_frame({});
    close_frame();
}

// One that is cut is left out: its arguments would be run as they are.
void gemini_stream_writer::close(const answer_event& what) {
    if (what.of == part::kind::reasoning && held_.of != carrier::family::none && (!hidden_ || !held_.empty()) && !is_void(held_.view(), hidden_)) {
        begin_frame();
        out_->append(R"({"text":"","thought":true,"thoughtSignature":")");
        out_->append(as_base64(seals_.of_thought(std::exchange(held_, {}).view()))).append("\"}");
        end_frame({});
        close_frame();
    }
    auto* of = find(what.block);
    if (of == nullptr) return;
    std::string arguments;
    const bool whole = append_arguments(arguments, of->arguments);
    if (!whole) left_out_.add(skipped_parts::kind::cut_call);
    if (whole) {
        begin_frame();
        out_->append(R"({"functionCall":{"id":")").append(of->id).append(R"(","name":")").append(of->name).append(R"(","args":)");
        append_on_one_line(*out_, arguments);
        out_->append("}}");
        end_frame({});
        close_frame();
    }
    calls_.erase(calls_.begin() + (of - calls_.data()));
}

void gemini_stream_writer::end() {
    if (out_ == nullptr || std::exchange(over_, true)) return;
    begin_frame();
    out_->append(R"({"text":""})");  // SDKs forget a turn that has a content without parts
    std::string more = R"(,"finishReason":")";
    more.append(reason_of(why_, spoke::gemini)).append(1, '"');
    if (!sources_.empty()) {
        std::string grounding;
        append_grounding(grounding, sources_, text_);
        more.append(",\"groundingMetadata\":");
        append_on_one_line(more, grounding);
    }
    end_frame(more);
    const auto number = [this](std::string_view name, std::int64_t value) {
        out_->append(1, '"').append(name).append("\":").append(std::to_string(value));
    };
    out_->append(R"(,"usageMetadata":{)");
    number("promptTokenCount", used_.prompt());
    out_->append(1, ',');
    if (used_.cached_input > 0) number("cachedContentTokenCount", used_.cached_input), out_->append(1, ',');
    number("candidatesTokenCount", used_.completion() - used_.reasoning);
    out_->append(1, ',');
    if (used_.reasoning > 0) number("thoughtsTokenCount", used_.reasoning), out_->append(1, ',');
    number("totalTokenCount", used_.prompt() + used_.completion());
    append_modalities(*out_, used_);
    out_->append(1, '}');
    close_frame();
    if (names_.as_array) out_->append("]\r\n");
}

// Of events its clients hear by the cut alone; in a list an error is the last element.
void gemini_stream_writer::break_off(const core::error& why) {
    if (out_ == nullptr || std::exchange(over_, true) || !names_.as_array) return;
    out_->append(begun_ ? ",\r\n" : "[").append(write_error(dialect::kind::gemini, why, names_.request_id)).append("]\r\n");
}

}  // namespace

std::unique_ptr<answer_stream_writer> write_gemini_stream(answer_names names) { return std::make_unique<gemini_stream_writer>(std::move(names)); }

}  // namespace weir::dialect::hub
