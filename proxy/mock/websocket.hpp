// A server's half of RFC 6455, as much as the mock needs: the handshake's answer and frames, without extensions.
// Private to mock/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::mock {

/// RFC 6455, 1.3: the value of Sec-WebSocket-Accept.
[[nodiscard]] std::string websocket_accept(const std::string& key);

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// One unmasked frame with FIN (5.2).
[[nodiscard]] std::string websocket_frame(opcode what, std::string_view payload);

struct websocket_message {
    opcode what = opcode::text;
    std::string payload;
};

/// Puts a client's fragments together.
class websocket_reader {
public:
    /// The next whole message or control frame, taken out of `inbox`; none while more bytes are needed. A frame without
    /// a mask or with an unknown opcode comes as a `close` with status 1002 (5.1, 5.2).
    [[nodiscard]] std::optional<websocket_message> next(std::string& inbox);

private:
    std::optional<websocket_message> pending_;
};

}  // namespace weir::mock
