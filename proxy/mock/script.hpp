// How one answer of the mock provider deviates from a good one: status, pauses, slicing, cuts, broken framing.
// It does not know what the answer says (mock/answer.hpp does).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::mock {

using microseconds = std::chrono::microseconds;
using milliseconds = std::chrono::milliseconds;

/// How the body's end is told (RFC 9112, 6.3).
enum class framing : std::uint8_t {
    automatic,  ///< chunked for streams, Content-Length for the rest
    chunked,
    content_length,
    close,   ///< neither: the connection's end is the body's end
    unsaid,  ///< no framing header and no chunk lines: `headers` and `body` are the wire
};

/// What happens where `cut` says.
enum class ending : std::uint8_t {
    fin,    ///< orderly TCP close; over TLS without close_notify
    reset,  ///< RST
    hang,   ///< nothing more comes, the connection stays open
};

/// Where the answer breaks off.
struct cut {
    enum class place : std::uint8_t { head, body, event, terminator };
    place at = place::event;
    std::uint64_t after = 0;  ///< head, body: bytes of it on the wire; event: whole events; terminator: unused
    std::uint64_t plus = 0;   ///< event: and so many bytes of the next one's data
};

/// The defaults are a good answer. The name in brackets is the one in a textual script.
struct script {
    // what is said instead
    int status = 0;                                            ///< 0: the answer's own (status)
    std::vector<std::pair<std::string, std::string>> headers;  ///< added to the head, in order (header.NAME)
    std::optional<std::string> body;                           ///< instead of the answer's body (body)
    std::string content_type;                                  ///< empty: the answer's own (type)
    std::uint64_t binary = 0;                                  ///< not 0: so many arbitrary bytes as the body (binary)
    std::optional<std::string> text;                           ///< the model says this (text)
    int words = 0;                                             ///< not 0: the model says so many words (words)
    std::uint64_t push = 0;                                    ///< not 0: a stream of about so many bytes, without pauses (push)
    std::int64_t cached = 0;                                   ///< of the prompt: read from the cache (cached)
    std::int64_t reasoning = 0;                                ///< reasoning tokens on top of the text (reasoning)
    int calls = 1;                                             ///< so many of the functions offered are called (calls)
    bool think = false;                                        ///< thinks before it speaks, also where nobody asked for it (think)
    bool again = false;                                        ///< functions are called although a result was brought (again)
    bool strict = false;                                       ///< options::strict for this request (strict)
    bool usage = true;                                         ///< false: no usage is reported at all (usage=off)
    bool terminator = true;                                    ///< false: [DONE], message_stop … is left out (terminator=off)
    /// Each event, or the whole body, as it goes out with a content coding; `last` tells the end. The header is for `headers` to say.
    std::function<std::string(std::string_view bytes, bool last)> encode;
    std::optional<int> error_event;  ///< an in-band error after so many events, then the end (error_event)

    // when
    milliseconds before_head{0};              ///< (before_head)
    std::optional<milliseconds> first_event;  ///< unset: the provider's timing (first_event)
    std::optional<milliseconds> between;      ///< unset: the provider's timing (between)
    int stall_after = -1;                     ///< events after which one pause … (stall_after)
    milliseconds stall{0};                    ///< … of this length is made (stall)

    // in which pieces
    mock::framing framing = mock::framing::automatic;  ///< (framing)
    std::uint64_t chunk = 0;                           ///< not 0: HTTP chunks of so many bytes, across events (chunk)
    std::uint64_t write = 0;                           ///< not 0: writes of so many bytes (write)
    microseconds write_pause{0};                       ///< between such writes (write_pause_us)
    milliseconds end_pause{0};                         ///< not 0: the last chunk comes so long behind the last event (end_pause)
    int events_per_write = 1;                          ///< (events_per_write)

    // what is broken
    std::optional<mock::cut> cut;             ///< (cut=head:N, body:N, event:N, event:N+BYTES, terminator)
    mock::ending ending = mock::ending::fin;  ///< of `cut` (ending)
    std::string raw;                          ///< the exact wire bytes of head and body, then the connection ends (raw)
    std::string extra;                        ///< bytes after the end of the answer (extra)
    std::string idle_bytes;                   ///< unsolicited bytes when the connection has been idle for … (idle_bytes)
    milliseconds idle_after{20};              ///< … so long (idle_after)
    std::vector<int> informational;           ///< 1xx heads before the final one (1xx, may repeat)
    bool keep_alive = true;                   ///< false: Connection: close, then closed (keep_alive=off)
    bool early = false;                       ///< answers after the request's head, before its body (early=on)
    bool drop = false;                        ///< no answer: `ending` at once after the request (drop=on)
};

/// Reads `key=value,key=value`, as in the request header `x-mock` or in a model name after `mock:`. Values are
/// percent-decoded, so that they may hold commas and any byte. On a fault returns no value and says why in `fault`.
[[nodiscard]] std::optional<script> read_script(std::string_view text, std::string& fault);

}  // namespace weir::mock
