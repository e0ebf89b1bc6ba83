// A stream of /v1/chat/completions, made of what another dialect says.
#include <utility>
#include <vector>

#include "dialect/error_body.hpp"
#include "dialect/hub/answer/response_items.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/envelope.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

class chat_stream_writer final : public answer_stream_writer {
public:
    explicit chat_stream_writer(answer_names names) : names_(std::move(names)), seals_(names_.scope) {
        front_ =
            R"(data: {"id":")" + names_.id + R"(","object":"chat.completion.chunk","created":)" + std::to_string(names_.created) + R"(,"model":")";
        append_escaped(front_, names_.model);
        front_ += R"(","choices":[)";
    }

    void hear(const answer_event& what) override;
    void end() override;
    void break_off(const core::error& why) override;

private:
    /// A call that has begun: its number here, and whether anything of its arguments was said.
    struct call {
        std::uint32_t block;
        bool said;
        std::string custom_id, custom_name, text;  ///< of one with free text for its input, which is told whole
        tool_form::input takes = tool_form::input::object;
    };
    void begin();
    void open(const answer_event& what);
    void text(const answer_event& what);
    void arguments(std::uint32_t block, std::string_view piece);
    void close(const answer_event& what);
    void cite(const answer_event& what);
    void say_sources();
    void sealed(std::string_view type, std::string_view field, const std::string& sealed);
    void delta() { out_->append(front_).append(R"({"index":0,"delta":{)"); }
    void end_delta() { out_->append("},\"finish_reason\":null}]}\n\n"); }

    answer_names names_;
    std::string front_;  ///< of each chunk
    std::vector<call> calls_;
    sealer seals_;
    std::vector<kept_citation> sources_;     ///< they are told before the end
    held_carrier held_;                      ///< of the thought or text that is being said
    std::uint32_t details_ = 0;              ///< entries of reasoning_details that are whole
    bool thought_ = false, hidden_ = false;  ///< the one that is being said has a text; and the client does not see it
    usage::counts used_;
    finish why_ = finish::unknown;
    bool begun_ = false, said_ = false;
};

void chat_stream_writer::begin() {
    if (std::exchange(begun_, true)) return;
    delta();
    out_->append(R"("role":"assistant","content":"")");
    end_delta();
}

void chat_stream_writer::hear(const answer_event& what) {
    if (out_ == nullptr) return;
    switch (what.is) {
        case kind::open: return open(what);
        case kind::signature: held_.take(what.opaque); return;
        case kind::text: return text(what);
        case kind::arguments: return arguments(what.block, what.text.json);
        case kind::citation: return cite(what);
        case kind::close: return close(what);
        case kind::usage: used_ = what.used; return;
        case kind::finish: why_ = what.why; return;
        case kind::error: return fail(what);
        default: return;
    }
}

void chat_stream_writer::open(const answer_event& what) {
    held_ = {};
    thought_ = hidden_ = false;
    if (what.of != part::kind::call) return;
    begin();
    if (what.opaque.data.said) sealed("reasoning.encrypted", "data", seals_.of_call(what.opaque));
    seals_.heard_call();
    if (const auto* form = form_of(names_, what.name); form != nullptr && form->is_custom()) {
        calls_.push_back({what.block, false, id_for_client(names_, what.id, what.block), form->name, {}, form->takes});
        return;
    }
    delta();
    out_->append(R"("tool_calls":[{"index":)").append(std::to_string(calls_.size())).append(R"(,"id":")");
    out_->append(id_for_client(names_, what.id, what.block));
    out_->append(R"(","type":"function","function":{"name":")").append(called_name(names_, what.name.json)).append(R"(","arguments":""}}])");
    end_delta();
    calls_.push_back({what.block, false, {}, {}, {}});
}

void chat_stream_writer::text(const answer_event& what) {
    if (what.of == part::kind::reasoning && !names_.show_reasoning) {
        hidden_ = true;
        return;
    }
    begin();
    delta();
    const bool thought = what.of == part::kind::reasoning;
    const std::string_view name = thought ? "reasoning_content" : what.of == part::kind::refusal ? "refusal" : "content";
    out_->append(1, '"').append(name).append("\":\"").append(what.text.json).append(1, '"');
    if (thought) {
        seals_.heard_thought(what.text);
        thought_ = true;
        out_->append(R"(,"reasoning_details":[{"index":)").append(std::to_string(details_));
        out_->append(R"(,"type":"reasoning.text","text":")").append(what.text.json).append("\"}]");
    } else {
        seals_.heard_text(what.text);
    }
    end_delta();
}

void chat_stream_writer::sealed(std::string_view type, std::string_view field, const std::string& sealed) {
    begin();
    delta();
    out_->append(R"("reasoning_details":[{"index":)").append(std::to_string(details_++)).append(R"(,"type":")").append(type);
    out_->append("\",\"").append(field).append("\":\"").append(sealed).append("\"}]");
    end_delta();
}

void chat_stream_writer::arguments(std::uint32_t block, std::string_view piece) {
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        if (calls_[i].block != block) continue;
        calls_[i].said = true;
        if (!calls_[i].custom_name.empty()) {
            keep(calls_[i].text, piece);
            return;
        }
        delta();
        out_->append(R"("tool_calls":[{"index":)").append(std::to_string(i)).append(R"(,"function":{"arguments":")").append(piece).append("\"}}]");
        end_delta();
    }
}

// Clients parse what they put together: nothing is no object. What a thought is signed with is told behind it.
void chat_stream_writer::close(const answer_event& what) {
    if (what.of != part::kind::call) {
        const auto held = held_.view();
        if (held_.empty() || is_void(held, hidden_))
            details_ += thought_ ? 1 : 0;
        else if (what.of != part::kind::reasoning)
            sealed("reasoning.encrypted", "data", seals_.of_text(held));
        else
            sealed(thought_ ? "reasoning.text" : "reasoning.encrypted", thought_ ? "signature" : "data", seals_.of_thought(held));
        held_ = {};
        thought_ = false;
        return;
    }
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        const auto& each = calls_[i];
        if (each.block != what.block) continue;
        if (each.custom_name.empty() && !each.said) return arguments(what.block, "{}");
        if (each.custom_name.empty()) return;
        delta();
        out_->append(R"("tool_calls":[{"index":)").append(std::to_string(i)).append(R"(,"id":")").append(each.custom_id);
        out_->append(R"(","type":"custom","custom":{"name":")").append(each.custom_name);
        out_->append(R"(","input":")").append(input_of(each.text, each.takes)).append("\"}}]");
        return end_delta();
    }
}

void chat_stream_writer::cite(const answer_event& what) {
    if (what.text.empty()) return left_out_.add(skipped_parts::kind::citation);
    sources_.emplace_back(what);
    kept(sources_.back().url.size() + sources_.back().title.size());
}

void chat_stream_writer::say_sources() {
    if (sources_.empty()) return;
    delta();
    out_->append("\"annotations\":[");
    int number = 0;
    for (const auto& each : sources_) {
        if (number > 0) out_->append(1, ',');
        append_for_chat(*out_, each, number++);
    }
    out_->append(1, ']');
    end_delta();
}

void chat_stream_writer::end() {
    if (out_ == nullptr || std::exchange(said_, true)) return;
    begin();
    say_sources();
    out_->append(front_).append(R"({"index":0,"delta":{},"finish_reason":")").append(reason_of(why_, spoke::chat)).append("\"}]}\n\n");
    if (names_.include_usage) {
        out_->append(front_).append(R"(],"usage":)");
        append_usage(*out_, used_);
        out_->append("}\n\n");
    }
    out_->append("data: [DONE]\n\n");
}

void chat_stream_writer::break_off(const core::error& why) {
    if (out_ == nullptr || std::exchange(said_, true)) return;
    out_->append(write_error_event(endpoint::chat_completions, why, names_.request_id));
}

}  // namespace

std::unique_ptr<answer_stream_writer> write_chat_stream(answer_names names) { return std::make_unique<chat_stream_writer>(std::move(names)); }

}  // namespace weir::dialect::hub
