// A stream of /v1/completions, made of what another dialect says: the text that a model says, and no more than that.
#include <utility>

#include "dialect/error_body.hpp"
#include "dialect/hub/answer/streams.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

class completions_stream_writer final : public answer_stream_writer {
public:
    explicit completions_stream_writer(answer_names names) : names_(std::move(names)) {
        front_ = R"(data: {"id":")" + names_.id + R"(","object":"text_completion","created":)" + std::to_string(names_.created) + R"(,"model":")";
        append_escaped(front_, names_.model);
        front_ += R"(","choices":[)";
    }

    void hear(const answer_event& what) override;
    void end() override;
    void break_off(const core::error& why) override;

private:
    answer_names names_;
    std::string front_;  ///< of each chunk
    usage::counts used_;
    finish why_ = finish::unknown;
    bool over_ = false;
};

void completions_stream_writer::hear(const answer_event& what) {
    if (out_ == nullptr) return;
    switch (what.is) {
        case kind::text:
            if (what.of == part::kind::reasoning) return;  // it has no place there
            out_->append(front_)
                .append(R"({"text":")")
                .append(what.text.json)
                .append("\",\"index\":0,\"logprobs\":null,\"finish_reason\":null}]}\n\n");
            return;
        case kind::usage: used_ = what.used; return;
        case kind::finish: why_ = what.why; return;
        case kind::error: return fail(what);
        default: return;
    }
}

void completions_stream_writer::end() {
    if (out_ == nullptr || std::exchange(over_, true)) return;
    out_->append(front_).append(R"({"text":"","index":0,"logprobs":null,"finish_reason":")").append(reason_of(why_, spoke::completions));
    out_->append("\"}]}\n\n");
    if (names_.include_usage) {
        out_->append(front_).append(R"(],"usage":)");
        append_usage(*out_, used_);
        out_->append("}\n\n");
    }
    out_->append("data: [DONE]\n\n");
}

void completions_stream_writer::break_off(const core::error& why) {
    if (out_ == nullptr || std::exchange(over_, true)) return;
    out_->append(write_error_event(endpoint::completions, why, names_.request_id));
}

}  // namespace

std::unique_ptr<answer_stream_writer> write_completions_stream(answer_names names) {
    return std::make_unique<completions_stream_writer>(std::move(names));
}

}  // namespace weir::dialect::hub
