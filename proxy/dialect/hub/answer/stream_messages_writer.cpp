// A stream of /v1/messages, made of what another dialect says.
#include <utility>
#include <vector>

#include "dialect/error_body.hpp"
#include "dialect/hub/answer/json_prefix.hpp"
#include "dialect/hub/answer/response_items.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/envelope.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

class messages_stream_writer final : public answer_stream_writer {
public:
    explicit messages_stream_writer(answer_names names) : names_(std::move(names)), seals_(names_.scope) {}

    void hear(const answer_event& what) override;
    void end() override;
    void break_off(const core::error& why) override;

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    /// What came of a block while a call before it was not whole: blocks do not mix here.
    struct held {
        std::uint32_t block;
        part::kind of;
        std::string id, name, text, signature;
        carrier::family family = carrier::family::none;  ///< of the signature
        bool closed = false;
    };
    void begin();
    void open(const answer_event& what);
    void delta(const answer_event& what);
    void start(std::string_view block);
    void close();
    void close_thought();
    [[nodiscard]] bool take_arguments(std::string_view piece);
    void close_call();
    void malformed();
    void stop();
    void redacted(const std::string& sealed);
    void hold(const answer_event& what);
    void release(bool all);
    void frame(std::string_view name) { out_->append("event: ").append(name).append("\ndata: "); }
    void usage(bool all);

    answer_names names_;
    usage::counts used_;
    std::uint32_t next_ = 0;              ///< number of the next block
    std::uint32_t open_ = none;           ///< the reader's number of the block that is open
    part::kind kind_ = part::kind::text;  ///< what that is
    bool shown_ = false;                  ///< the client has been told of it
    json_prefix arguments_;               ///< of that
    std::string odd_;                     ///< arguments that are no object: they are told when they are whole
    std::vector<held> held_;
    sealer seals_;
    held_carrier sealed_;  ///< of the block that is open
    bool begun_ = false, said_ = false;
    finish why_ = finish::unknown;
    std::string stop_;
};

void messages_stream_writer::begin() {
    if (std::exchange(begun_, true)) return;
    // Most providers say it at the end: a report replaces this.
    if (used_.prompt() == 0) used_.input = names_.input_estimate;
    frame("message_start");
    out_->append(R"({"type":"message_start","message":{"id":")").append(names_.id).append(R"(","type":"message","role":"assistant","model":")");
    append_escaped(*out_, names_.model);
    out_->append(R"(","content":[],"stop_reason":null,"stop_sequence":null,"usage":{)");
    usage(true);
    out_->append("}}}\n\n");
}

void messages_stream_writer::usage(bool all) {
    if (all) out_->append("\"input_tokens\":").append(std::to_string(used_.input + used_.audio_input)).append(1, ',');
    if (all && used_.cached_input > 0) out_->append("\"cache_read_input_tokens\":").append(std::to_string(used_.cached_input)).append(1, ',');
    if (all && used_.cache_write > 0) out_->append("\"cache_creation_input_tokens\":").append(std::to_string(used_.cache_write)).append(1, ',');
    out_->append("\"output_tokens\":").append(std::to_string(used_.completion()));
    if (all && used_.reasoning > 0)
        out_->append(R"(,"output_tokens_details":{"thinking_tokens":)").append(std::to_string(used_.reasoning)).append(1, '}');
}

void messages_stream_writer::hear(const answer_event& what) {
    if (out_ == nullptr) return;
    switch (what.is) {
        case kind::begin: return;  // it waits for something that is said
        case kind::open:
            if (open_ != none && kind_ == part::kind::call && !arguments_.whole()) return hold(what);
            return open(what);
        case kind::close:
            if (what.block != open_) return hold(what);
            close();
            return out_ == nullptr ? void() : release(false);
        case kind::citation: return left_out_.add(skipped_parts::kind::citation);  // what they have instead nobody else can make
        case kind::usage: used_ = what.used; return;
        case kind::finish:
            why_ = what.why;
            stop_ = what.text.json;
            return;
        case kind::error: return fail(what);
        default: return delta(what);
    }
}

void messages_stream_writer::start(std::string_view block) {
    begin();
    frame("content_block_start");
    out_->append(R"({"type":"content_block_start","index":)")
        .append(std::to_string(next_))
        .append(R"(,"content_block":)")
        .append(block)
        .append("}\n\n");
    shown_ = true;
}

void messages_stream_writer::open(const answer_event& what) {
    begin();
    close();
    if (out_ == nullptr) return;
    // What belongs to a call stands before it, where a thought would.
    if (what.of == part::kind::call && what.opaque.data.said) redacted(seals_.of_call(what.opaque));
    open_ = what.block;
    kind_ = what.of;
    shown_ = false;
    arguments_ = {};
    odd_.clear();
    sealed_ = {};
    if (what.of == part::kind::reasoning) return;  // it waits for something that can be seen
    if (what.of != part::kind::call) return start(R"({"type":"text","text":""})");
    seals_.heard_call();
    std::string block = R"({"type":"tool_use","id":")";
    block.append(id_for_client(names_, what.id, what.block))
        .append(R"(","name":")")
        .append(called_name(names_, what.name.json))
        .append(R"(","input":{}})");
    start(block);
}

void messages_stream_writer::delta(const answer_event& what) {
    if (what.block != open_) return hold(what);
    if (what.is == kind::arguments && !take_arguments(what.text.json)) return;
    if (what.is == kind::signature) return sealed_.take(what.opaque);
    const bool thought = what.of == part::kind::reasoning;
    if (thought && !names_.show_reasoning) return;
    if (thought) {
        seals_.heard_thought(what.text);
        if (!shown_) start(R"({"type":"thinking","thinking":"","signature":""})");
    } else if (what.is == kind::text) {
        seals_.heard_text(what.text);
    }
    frame("content_block_delta");
    out_->append(R"({"type":"content_block_delta","index":)").append(std::to_string(next_)).append(R"(,"delta":)");
    if (what.is == kind::arguments)
        out_->append(R"({"type":"input_json_delta","partial_json":")").append(what.text.json);
    else if (thought)
        out_->append(R"({"type":"thinking_delta","thinking":")").append(what.text.json);
    else
        out_->append(R"({"type":"text_delta","text":")").append(what.text.json);
    out_->append("\"}}\n\n");
}

// Its clients put the pieces together and read them at each one: what can be no object any more ends the answer. False: they wait.
bool messages_stream_writer::take_arguments(std::string_view piece) {
    const bool odd = !arguments_.begun() || !odd_.empty();
    arguments_.read(piece);
    if (!arguments_.begun()) return false;
    if (!arguments_.broken()) return true;
    if (odd) {
        keep(odd_, piece);
        return false;
    }
    malformed();
    return false;
}

void messages_stream_writer::malformed() {
    break_off({core::code::stream_interrupted, "the model's call was malformed"});
    out_ = nullptr;  // whatever comes behind it
}

// Nothing, and what stands for it, is said by no pieces at all.
void messages_stream_writer::close_call() {
    std::string object, pieces;
    if (odd_.empty()) return;
    if (!append_arguments(object, odd_)) return malformed();
    if (object == "{}") return;
    append_escaped(pieces, object);
    frame("content_block_delta");
    out_->append(R"({"type":"content_block_delta","index":)").append(std::to_string(next_));
    out_->append(R"(,"delta":{"type":"input_json_delta","partial_json":")").append(pieces).append("\"}}\n\n");
}

// Of a block that is over already nothing more is said.
void messages_stream_writer::hold(const answer_event& what) {
    if (what.is == kind::open) {
        held_.push_back(
            {what.block, what.of, std::string{what.id.json}, std::string{what.name.json}, {}, std::string{what.opaque.data.json}, what.opaque.of});
        return;
    }
    for (auto& each : held_) {
        if (each.block != what.block) continue;
        if (what.is == kind::close)
            each.closed = true;
        else if (what.is == kind::signature)
            each.signature = what.opaque.data.json, each.family = what.opaque.of;
        else
            keep(each.text, what.text.json);
    }
}

// Says what was held back, up to a block that is not over; at the end all of it.
void messages_stream_writer::release(bool all) {
    kept_nothing();
    for (const auto waiting = std::exchange(held_, {}); const auto& each : waiting) {
        answer_event e;
        e.is = kind::open;
        e.of = each.of;
        e.block = each.block;
        e.id = raw_text{each.id};
        e.name = raw_text{each.name};
        const carrier signature{each.family, raw_text{each.signature}, 0};
        const bool is_signed = each.family != carrier::family::none;
        if (is_signed && each.of == part::kind::call) e.opaque = signature;
        hear(e);
        e.opaque = {};
        e.is = each.of == part::kind::call ? kind::arguments : kind::text;
        e.text = raw_text{each.text};
        if (!each.text.empty()) hear(e);
        e.is = kind::signature;
        e.opaque = signature;
        if (is_signed && each.of != part::kind::call) hear(e);
        e.is = kind::close;
        if (each.closed || all) hear(e);
        if (out_ == nullptr) return;
    }
}

void messages_stream_writer::stop() {
    frame("content_block_stop");
    out_->append(R"({"type":"content_block_stop","index":)").append(std::to_string(next_++)).append("}\n\n");
}

void messages_stream_writer::redacted(const std::string& sealed) {
    start(R"({"type":"redacted_thinking","data":")" + sealed + "\"}");
    stop();
}

void messages_stream_writer::close() {
    if (std::exchange(open_, none) == none) return;
    if (kind_ == part::kind::reasoning) return close_thought();
    if (kind_ == part::kind::call) close_call();
    if (out_ == nullptr) return;
    stop();
    if (!sealed_.empty()) redacted(seals_.of_text(sealed_.view()));
}

// The signature is told at the end: what it belongs to is known then.
void messages_stream_writer::close_thought() {
    const auto what = sealed_.view();
    if (!shown_) {
        if (!sealed_.empty()) redacted(seals_.of_thought(what));
        return;
    }
    frame("content_block_delta");
    out_->append(R"({"type":"content_block_delta","index":)").append(std::to_string(next_));
    out_->append(R"(,"delta":{"type":"signature_delta","signature":")");
    out_->append(sealed_.of == carrier::family::none ? std::string{unsigned_thought} : seals_.of_thought(what)).append("\"}}\n\n");
    stop();
}

void messages_stream_writer::end() {
    if (out_ == nullptr || std::exchange(said_, true)) return;
    begin();
    close();
    if (out_ != nullptr) release(true);
    if (out_ == nullptr) return;
    frame("message_delta");
    out_->append(R"({"type":"message_delta","delta":{"stop_reason":")").append(reason_of(why_, spoke::messages)).append(R"(","stop_sequence":)");
    if (why_ == finish::stop_sequence && !stop_.empty())
        out_->append(1, '"').append(stop_).append(1, '"');
    else
        out_->append("null");
    out_->append(R"(},"usage":{)");
    usage(true);
    out_->append("}}\n\n");
    frame("message_stop");
    out_->append("{\"type\":\"message_stop\"}\n\n");
}

void messages_stream_writer::break_off(const core::error& why) {
    if (out_ == nullptr || std::exchange(said_, true)) return;
    out_->append(write_error_event(endpoint::messages, why, names_.request_id));
}

}  // namespace

std::unique_ptr<answer_stream_writer> write_messages_stream(answer_names names) { return std::make_unique<messages_stream_writer>(std::move(names)); }

}  // namespace weir::dialect::hub
