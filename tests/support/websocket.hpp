// What a WebSocket client sends (RFC 6455): its handshake and masked frames.
#pragma once

#include <string>
#include <string_view>

namespace weir::test {

/// `line` is the request line without its end, such as "GET /v1/realtime HTTP/1.1"; `more` are field lines with their ends.
[[nodiscard]] inline std::string websocket_handshake(const std::string& line, const std::string& more) {
    return line +
           "\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
           "dGhlIHNhbXBsZSBub25jZQ==\r\n" +
           more + "\r\n";
}

/// A frame with any first byte, up to 65,535 long, under the mask "1234".
[[nodiscard]] inline std::string client_frame(unsigned first, std::string_view payload) {
    std::string out{static_cast<char>(first), static_cast<char>(0x80 | (payload.size() < 126 ? payload.size() : 126))};
    if (payload.size() >= 126) out += {static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size() & 0xFF)};
    out += "1234";
    for (std::size_t i = 0; i < payload.size(); ++i) out.push_back(static_cast<char>(payload[i] ^ "1234"[i % 4]));
    return out;
}

}  // namespace weir::test
