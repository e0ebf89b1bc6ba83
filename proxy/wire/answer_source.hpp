// Who answers a request: an upstream's stream, a test's script. Bytes of the body come without the framing of whatever carried them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/head.hpp"
#include "net/buffer.hpp"

namespace weir::wire {

class answer_source {
public:
    enum class got : std::uint8_t {
        again,      ///< nothing is there: sleep
        head,       ///< the answer's head is whole; its fields point into the buffer, until take_head()
        bytes,      ///< of the body, maybe none; look at ended()
        closed,     ///< it broke off
        malformed,  ///< what came is not HTTP, or not what was asked for: why() says
    };

    virtual ~answer_source() = default;

    /// Appends what there is to `into`, which has room; never sleeps.
    [[nodiscard]] virtual got read(net::buffer& into) = 0;
    /// After `head`, before the next read.
    [[nodiscard]] virtual const http::response_head& head() const = 0;
    /// The head is understood: its bytes go, and what came behind it is the body's beginning. `malformed` where that is broken already.
    [[nodiscard]] virtual got take_head(net::buffer& from) = 0;

    /// There is something to read, maybe only the end.
    [[nodiscard]] virtual bool readable() const = 0;
    /// Of the body's announced length what has not been read; none: it was not announced.
    [[nodiscard]] virtual std::optional<std::uint64_t> left() const = 0;
    [[nodiscard]] virtual bool has_body() const = 0;
    /// More came than was announced: what was read is only a beginning.
    [[nodiscard]] virtual bool surplus() const = 0;
    /// The body's last byte has been read.
    [[nodiscard]] virtual bool ended() const = 0;
    /// With closed and malformed, where there is more to say; static text.
    [[nodiscard]] virtual std::string_view why() const = 0;
};

}  // namespace weir::wire
