// What an answer says, in no dialect, one thing at a time: readers of streams and of whole answers tell it, writers make another dialect's events of
// it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
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
    refused,   ///< by what stands around the model
    declined,  ///< by the model itself, in words of its own
    paused,
    broken_call,
};

/// What it is called in a dialect; of responses, which say it by their status, nothing.
[[nodiscard]] std::string_view reason_of(finish why, spoke to);

/// What chat or messages call it, as what it means.
[[nodiscard]] finish finish_of_chat(raw_text reason);
[[nodiscard]] finish finish_of_messages(raw_text reason);

/// Whether tools were called, or the model declined, is seen by what was said: providers say `stop` then, or `tool_calls` without any.
[[nodiscard]] finish settled(finish said, bool called, bool declined);

struct answer_event {
    enum class kind : std::uint8_t {
        begin,      ///< `id`
        open,       ///< a block begins: `block`, `of`; of a call with `id`, `name` and the `opaque` that belongs to it
        text,       ///< more of the block's text: said, refused or thought
        arguments,  ///< more of a call's arguments: `text` is a piece of JSON text, as the content of a string
        signature,  ///< of a thought or a text: `opaque`
        citation,   ///< of a text: what it goes by; `text`: its address, or `id`: a file of its provider's; `name`: its title; `from`, `to`
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
    std::uint32_t from = 0, to = 0;  ///< of a citation: characters, counted over all that the answer says as text
};

class answer_listener {
public:
    virtual ~answer_listener() = default;
    virtual void hear(const answer_event& what) = 0;
};

/// How much of an answer was left out because no reader here knows it: by what it was, never by the name that its upstream gave it.
class skipped_parts {
public:
    enum class kind : std::uint8_t {
        unreadable,  ///< no JSON
        event,
        part,      ///< of a message: a block, an image, a sound
        item,      ///< of a response's output
        cut_call,  ///< one that its client would run as it is
        citation,  ///< that has no place in the client's dialect
    };
    static constexpr std::array<std::string_view, 6> names{"unreadable", "event", "part", "item", "cut_call", "citation"};

    void add(kind what, std::uint32_t times = 1) { counts_[static_cast<std::size_t>(what)] += times; }
    void add(const skipped_parts& more) {
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += more.counts_[i];
    }
    /// In the order of `names`.
    [[nodiscard]] const std::array<std::uint32_t, names.size()>& counts() const { return counts_; }
    [[nodiscard]] std::uint32_t of(kind what) const { return counts_[static_cast<std::size_t>(what)]; }

private:
    std::array<std::uint32_t, names.size()> counts_{};
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
    [[nodiscard]] virtual const skipped_parts& skipped() const = 0;
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
    std::int64_t input_estimate = 0;  ///< tokens of the request, until its provider says how many
    std::string settings;             ///< responses: what the client asked for, as its answers say it again; empty: nothing
    std::string_view previous;        ///< responses: the one that it goes on from
    bool is_kept = false;             ///< responses: its client may go on from it
    bool as_array = false;            ///< gemini: one JSON list in place of events, as it is asked for without alt=sse
    std::size_t most_kept = std::numeric_limits<std::size_t>::max();  ///< bytes of a stream that are said again, or only at its end
};

/// Writes one answer's stream: appends whole events of its dialect.
class answer_stream_writer : public answer_listener {
public:
    /// Where events go from now on; null: nowhere.
    void into(std::string* out) { out_ = out; }
    /// How many bytes of the answer it may keep for what comes later.
    void keep_at_most(std::size_t bytes) { most_ = bytes; }
    /// It has kept more: the answer cannot go on.
    [[nodiscard]] bool is_full() const { return kept_ > most_; }
    /// Nothing more comes, and nothing is missing.
    virtual void end() = 0;
    /// The answer broke off: the dialect's own error, and no end.
    virtual void break_off(const core::error& why) = 0;
    /// The upstream said an error, or what cannot be said on, and the client was told so.
    [[nodiscard]] bool failed() const { return out_ == nullptr; }
    /// What has no place in its dialect.
    [[nodiscard]] const skipped_parts& left_out() const { return left_out_; }

protected:
    /// The upstream said an error where an answer was to go on.
    void fail(const answer_event& said);
    void keep(std::string& in, std::string_view piece) {
        in += piece;
        kept_ += piece.size();
    }
    void kept(std::size_t bytes) { kept_ += bytes; }
    /// All of it is given away.
    void kept_nothing() { kept_ = 0; }
    std::string* out_ = nullptr;
    skipped_parts left_out_;

private:
    std::size_t kept_ = 0, most_ = std::numeric_limits<std::size_t>::max();
};

[[nodiscard]] std::unique_ptr<answer_stream_reader> read_stream_of(spoke from);
[[nodiscard]] std::unique_ptr<answer_stream_writer> write_stream_of(spoke to, answer_names names);

}  // namespace weir::dialect::hub
