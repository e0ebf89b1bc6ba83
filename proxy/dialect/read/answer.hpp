// What an upstream's answer says: one event of a stream at a time, or a whole unary body. Bytes are looked at in place,
// never changed. It does not decide anything: exchange/ does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dialect/endpoint.hpp"
#include "dialect/read/reported_usage.hpp"
#include "dialect/read/stream_shapes.hpp"
#include "usage/counts.hpp"

namespace weir::dialect {

/// Receives generated text as it streams, for the token counter. `lane` tells apart texts that are tokenised separately
/// (choices, content blocks, tool-call arguments).
struct text_sink {
    virtual ~text_sink() = default;
    virtual void text(std::uint32_t lane, std::string_view piece) = 0;
};

struct event_facts {
    bool content = false;     ///< carries text, a tool call, reasoning, audio or an image: the "first token"
    bool finish = false;      ///< carries a finish or stop reason
    bool terminator = false;  ///< the dialect's end: [DONE], message_stop, response.completed / incomplete / failed
    bool error = false;       ///< an error in place of an answer
    bool usage_only = false;  ///< nothing but the usage that `include_usage` asks for: no choice that says something, no field besides those
                              ///< that every chunk has
    /// OpenAI's chat and completions: the member `usage` (an object or null) with one comma, as bytes of the event; empty where it has none, or
    /// where its data stands in several lines.
    std::uint32_t usage_begin = 0, usage_end = 0;
};

/// The running understanding of one stream. One per attempt; no allocation per event.
class stream_reader {
public:
    /// `by_shape`: events that look like one before are not read as JSON again; what they mean is the same.
    explicit stream_reader(endpoint e, bool by_shape = true) : shapes_(by_shape), endpoint_(e) {}

    /// `event` is one whole SSE event as on the wire (field lines up to and with the blank line), followed by at least
    /// 64 readable bytes.
    event_facts read(std::string_view event, text_sink* text = nullptr);

    [[nodiscard]] const usage::counts& usage() const { return usage_.counts(); }  ///< last report wins; parts the report lacks stay 0
    [[nodiscard]] bool has_usage() const { return usage_.has_report(); }
    [[nodiscard]] bool beyond_tokens() const { return usage_.beyond_tokens(); }        ///< as usage_report has it
    [[nodiscard]] bool finished() const { return finished_; }                          ///< a finish reason came
    [[nodiscard]] bool terminated() const { return terminated_; }                      ///< the terminator came
    [[nodiscard]] const std::string& error_code() const { return error_code_; }        ///< the provider's code or type; of the last error event
    [[nodiscard]] const std::string& error_message() const { return error_message_; }  ///< at most 300 bytes of it
    [[nodiscard]] const std::string& served_model() const { return served_model_; }    ///< `model` of the first event that names it

private:
    bool read_by_shape(std::string_view event, text_sink* text, event_facts& out);

    // One for each held stream: what is small stands in the padding of a part.
    [[no_unique_address]] stream_shapes shapes_;
    endpoint endpoint_;
    bool finished_ = false, terminated_ = false;
    bool saw_delta_ = false;  ///< text came in pieces: the whole text that some events repeat is not new
    reported_usage usage_;
    std::unique_ptr<usage_report> report_;  ///< as the provider wrote it, of a dialect that corrects single fields later
    std::string error_code_, error_message_, served_model_;
    friend struct stream_access;
};

struct unary_facts {
    bool json = false;   ///< the body is one JSON document
    bool error = false;  ///< it has the shape of an error
    bool has_usage = false;
    bool beyond_tokens = false;  ///< as usage_report has it
    usage::counts usage;
    std::string served_model;
    std::string error_code;     ///< provider's own, for example insufficient_quota
    std::string error_message;  ///< at most 300 bytes
};

/// Reads a whole unary answer (also an error answer). The body is followed by at least 64 readable bytes.
[[nodiscard]] unary_facts read_unary(endpoint e, const char* body, std::size_t size);

}  // namespace weir::dialect
