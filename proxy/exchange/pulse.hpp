// Signs of life for a client that waits: comments of a stream, or white space in front of a document. They need a head of weir's own where the
// answer's has not come yet.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/clock.hpp"

namespace weir::exchange {

struct request;

class pulse {
public:
    /// While an answer like this is waited for or passed on. `every`: of the pool; none: never.
    void beat_every(std::optional<std::chrono::milliseconds> every) { every_ms_ = every ? static_cast<std::uint32_t>(every->count()) : 0; }
    void stop() { every_ms_ = 0; }
    /// From now on as an event that the dialect has for it, not as a comment.
    void say_ping() { pings_ = true; }
    /// The client got bytes.
    void note_sent(core::time_point at) { last_sent_ = at; }

    /// When the next one is due; core::never: none is.
    [[nodiscard]] core::time_point due(const request& of) const;
    /// Sends one. False: the client is gone.
    [[nodiscard]] bool beat(request& of);
    /// The client has a head of weir's own: a failure can only be told behind it.
    [[nodiscard]] bool early() const { return early_; }

private:
    core::time_point last_sent_{};
    std::uint32_t every_ms_ = 0;
    bool early_ = false, pings_ = false;
};

}  // namespace weir::exchange
