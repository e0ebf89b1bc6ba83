// What an answer says, in no dialect, one thing at a time: readers of streams and of whole answers tell it, writers make another dialect's events of
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "dialect/hub/conversation.hpp"
#include "usage/counts.hpp"

namespace weir::dialect::hub {

/// Why an answer ended.
enum class finish : std::uint8_t {
    unknown,
    end,
    stop_sequence,
    output_cap,
    context_full,
    calls,
    filtered,
    refused,
    paused,
    broken_call,
};

/// What it is called in a dialect; of responses, which say it by their status, nothing.
[[nodiscard]] std::string_view reason_of(finish why, spoke to);

struct answer_event {
    enum class kind : std::uint8_t {
        begin,      ///< `id`
        open,       ///< a block begins: `block`, `of`; of a call with `id`, `name` and the `opaque` that belongs to it
        text,       ///< more of the block's text: said, refused or thought
        arguments,  ///< more of a call's arguments: `text` is a piece of JSON text, as the content of a string
        signature,  ///< of a thought or a text: `opaque`
        close,
        finish,  ///< `why`, `text`: the stop sequence, where it is known
        usage,   ///< so far
        error,   ///< `text`: the message; nothing follows
    };
    kind is = kind::text;
    part::kind of = part::kind::text;
    std::uint32_t block = 0;  ///< numbered by the reader from 0 on
    raw_text text, id, name;
    carrier opaque;
    finish why = finish::unknown;
    usage::counts used;
};

class answer_listener {
public:
    virtual ~answer_listener() = default;
    virtual void hear(const answer_event& what) = 0;
};

/// Reads one answer's stream, event by event.
class answer_stream_reader {
public:
    virtual ~answer_stream_reader() = default;
    /// `data`: of one SSE event; at least 64 readable bytes follow it.
    virtual void read(std::string_view data, answer_listener& to) = 0;
    /// The stream is over, in whatever way: what was held back is told.
    virtual void end(answer_listener& to) = 0;
    /// Events or parts of them that this reader does not know, and left out.
    [[nodiscard]] virtual std::uint32_t skipped() const = 0;
};

/// A tool that its upstream knows in another form than the client: below a namespace, or with free text for its input.
struct tool_form {
    /// What a call of it was told there.
    enum class input : std::uint8_t {
        object,   ///< as functions are
        wrapped,  ///< free text, in an object of one string
        text,     ///< free text, as the client wants it
    };
    std::string sent;         ///< its name there, as the content of a JSON string
    std::string name, space;  ///< the client's, likewise
    input takes = input::object;
    /// The client's tool has free text for its input.
    [[nodiscard]] bool is_custom() const { return takes != input::object; }
};

/// What a client is told of the whole answer.
struct answer_names {
    std::string id;               ///< in the client's dialect
    std::string_view model;       ///< as the client calls it
    std::int64_t created = 0;     ///< seconds since 1970
    bool include_usage = false;   ///< chat: asked for by the client
    bool show_reasoning = false;  ///< what was thought is passed on
    std::uint32_t scope = 0;      ///< whose account answers
    std::string_view request_id;  ///< for errors
    std::vector<tool_form> tools;
    std::string_view previous;  ///< responses: the one that it goes on from
    bool is_kept = false;       ///< responses: its client may go on from it
    bool as_array = false;      ///< gemini: one JSON list in place of events, as it is asked for without alt=sse
};

/// Writes one answer's stream: appends whole events of its dialect.
class answer_stream_writer : public answer_listener {
public:
    /// Where events go from now on; null: nowhere.
    void into(std::string* out) { out_ = out; }
    /// Nothing more comes, and nothing is missing.
    virtual void end() = 0;
    /// The answer broke off: the dialect's own error, and no end.
    virtual void break_off(const core::error& why) = 0;

protected:
    /// The upstream said an error where an answer was to go on.
    void fail(const answer_event& said);
    std::string* out_ = nullptr;
};

[[nodiscard]] std::unique_ptr<answer_stream_reader> read_stream_of(spoke from);
[[nodiscard]] std::unique_ptr<answer_stream_writer> write_stream_of(spoke to, answer_names names);

}  // namespace weir::dialect::hub
