// When a stream that is held back is passed on, and when nothing can become of it: as long as the client has seen nothing, another upstream can be
// asked. Pure: it is told what came.
#pragma once

#include <cstddef>
#include <cstdint>

#include "net/buffer.hpp"

namespace weir::exchange {

/// What has come of a stream that nobody has seen yet.
struct held_stream {
    bool has_content = false;     ///< its first token
    bool has_error = false;       ///< the upstream reports that it failed
    bool is_over = false;         ///< it says nothing more: finish reason or terminator, or the budget ends here
    bool is_cut = false;          ///< the budget ends here
    bool ended = false;           ///< its last byte
    bool has_terminator = false;  ///< an end without its own word is a cut
    bool broken = false;          ///< its framing
    std::int64_t tokens = 0;      ///< of output, counted
    std::size_t bytes = 0;
};

enum class commitment : std::uint8_t {
    wait,
    pass_on,
    failed,        ///< its framing is broken
    error_inside,  ///< it reported an error instead of an answer, or within what is held
    too_short,     ///< it ended before its end
};

/// `hold_tokens`: so many tokens of output are held before the first byte goes out (0: none), so that a failure can still be retried.
[[nodiscard]] constexpr commitment commitment_to(const held_stream& of, int hold_tokens) {
    // Held no longer than it can be: a very long preamble is passed on.
    constexpr std::size_t most_held = 8 * net::slab_size;
    const bool holds_on = hold_tokens > 0 && of.has_terminator && !of.is_over && of.tokens < hold_tokens;
    // Nothing has been sent yet: framing that is broken by now, even behind the first token, can still be had whole elsewhere. An error event behind
    // it is passed on, however close it follows: what the upstream says must not depend on how its bytes were cut.
    if (of.has_error && (!of.has_content || holds_on)) return commitment::error_inside;
    if (of.broken) return commitment::failed;
    if ((of.has_content && !holds_on) || of.is_cut || of.bytes >= most_held) return commitment::pass_on;
    if (!of.ended) return commitment::wait;
    return of.has_terminator ? commitment::too_short : commitment::pass_on;
}

}  // namespace weir::exchange
