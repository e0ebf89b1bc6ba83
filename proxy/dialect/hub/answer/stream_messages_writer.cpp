// A stream of /v1/messages, made of what another dialect says.
#include <utility>
#include <vector>

#include "dialect/error_body.hpp"
#include "dialect/hub/answer/response_items.hpp"
#include "dialect/hub/answer/streams.hpp"
#include "dialect/hub/envelope.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

/// Sees in the pieces of a call's arguments where the object ends.
class object_end {
public:
    /// `piece` stands as the content of a JSON string.
    void read(std::string_view piece);
    [[nodiscard]] bool passed() const { return begun_ && depth_ == 0; }

private:
    int depth_ = 0;
    bool begun_ = false, in_string_ = false, escaped_ = false;
};

void object_end::read(std::string_view piece) {
    for (std::size_t i = 0; i < piece.size(); ++i) {
        char c = piece[i];
        if (c == '\\' && ++i < piece.size()) {
            c = piece[i] == '"' || piece[i] == '\\' ? piece[i] : ' ';
            if (piece[i] == 'u') i += 4;
        }
        if (std::exchange(escaped_, false)) continue;
        if (c == '"') in_string_ = !in_string_;
        if (in_string_) {
            escaped_ = c == '\\';
        } else if (c == '{' || c == '[') {
            ++depth_;
            begun_ = true;
        } else if (c == '}' || c == ']') {
            --depth_;
        }
    }
}

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
    object_end arguments_;                ///< of that
    std::vector<held> held_;
    sealer seals_;
    carrier::family family_ = carrier::family::none;  ///< of what stands in signature_
    std::string signature_;
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
            if (open_ != none && kind_ == part::kind::call && !arguments_.passed()) return hold(what);
            return open(what);
        case kind::close:
            if (what.block != open_) return hold(what);
            close();
            return release(false);
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
    // What belongs to a call stands before it, where a thought would.
    if (what.of == part::kind::call && what.opaque.data.said) redacted(seals_.of_call(what.opaque));
    open_ = what.block;
    kind_ = what.of;
    shown_ = false;
    arguments_ = {};
    family_ = carrier::family::none;
    signature_.clear();
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
    if (what.is == kind::arguments) arguments_.read(what.text.json);
    if (what.is == kind::signature) {
        family_ = what.opaque.of;
        signature_ = what.opaque.data.json;
        return;
    }
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
    stop();
    if (!signature_.empty()) redacted(seals_.of_text({family_, raw_text{signature_}, 0}));
}

// The signature is told at the end: what it belongs to is known then.
void messages_stream_writer::close_thought() {
    const carrier what{family_, raw_text{signature_}, 0};
    if (!shown_) {
        if (!signature_.empty()) redacted(seals_.of_thought(what));
        return;
    }
    frame("content_block_delta");
    out_->append(R"({"type":"content_block_delta","index":)").append(std::to_string(next_));
    out_->append(R"(,"delta":{"type":"signature_delta","signature":")");
    out_->append(family_ == carrier::family::none ? std::string{unsigned_thought} : seals_.of_thought(what)).append("\"}}\n\n");
    stop();
}

void messages_stream_writer::end() {
    if (out_ == nullptr || std::exchange(said_, true)) return;
    begin();
    close();
    release(true);
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
