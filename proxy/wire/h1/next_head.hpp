// What a client's connection does between two answers: it waits for the next request's head, within limits; and it ends so that the last answer
// arrives.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "net/task.hpp"
#include "wire/h1/client_line.hpp"

namespace weir::wire::h1 {

struct head_limits {
    std::chrono::milliseconds first_byte;  ///< of the next request
    std::chrono::milliseconds whole;       ///< from the first byte on, whatever trickles in
    std::size_t bytes;                     ///< of one head
    http::unsaid_length unsaid = http::unsaid_length::refused;
};

/// Told while nothing of the next request is there.
class idle_watch {
public:
    virtual ~idle_watch() = default;
    /// It is about to sleep until `deadline`. Returns until when it may, which can be earlier. `since`: when the wait began.
    virtual core::time_point falls_idle(core::time_point since, core::time_point deadline) = 0;
    virtual void wakes_up() = 0;
};

class next_head {
public:
    enum class state : std::uint8_t {
        complete,  ///< the line's head() is the request
        closed,    ///< the client has left, or said nothing in time, or the connection is being ended
        late,      ///< it began, and was not whole in time
        refused,   ///< what came is no request: refusal() is the answer
    };

    /// Waits for it.
    [[nodiscard]] net::task<state> wait(client_line& line, head_limits within, idle_watch& watch);
    [[nodiscard]] core::error& refusal() { return refusal_; }

private:
    /// None: there is no whole head yet.
    [[nodiscard]] std::optional<state> look(client_line& line, const head_limits& within);

    std::size_t seen_ = 0;  ///< bytes of the input that are known to hold no whole head
    core::error refusal_;
};

/// After a last answer the client may still be sending: closing at once would reset the connection and destroy the answer on its way (RFC 9112
/// section 9.6). What comes is read and thrown away, for a while.
[[nodiscard]] net::task<void> linger(client_line& line);

}  // namespace weir::wire::h1
