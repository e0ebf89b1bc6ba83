// Reads and writes a registered descriptor, without a system call of which its flags say that it would only fail with EAGAIN. What is short
// clears the flag: the next byte, or room, makes a new edge. It knows no TLS and never waits.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/reactor.hpp"

namespace weir::net {

enum class io : std::uint8_t {
    ok,
    again,      ///< wait for an event
    eof,        ///< the peer ended the stream cleanly (with TLS: close_notify)
    truncated,  ///< TLS: the connection ended without close_notify
    failed,     ///< reset, or a TLS failure
};

struct io_result {
    io what = io::ok;
    std::size_t bytes = 0;
};

/// At most `size` bytes. After the end the channel's flags say `at_end`.
[[nodiscard]] io_result receive(channel& from, char* to, std::size_t size);
/// One system call for all pieces. The result says how many bytes went.
[[nodiscard]] io_result send_pieces(channel& to, const iovec* pieces, std::size_t count);
/// The pieces one behind the other, at most 16 KiB (a TLS record's worth), in memory that this thread's next call uses again.
[[nodiscard]] std::string_view join(const iovec* pieces, std::size_t count);

}  // namespace weir::net
