// The rest of RFC 6455 that a tunnel needs: the handshake's two fields, and frames of weir's own.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/head.hpp"

namespace weir::http {

/// Sixteen bytes in base64, as Sec-WebSocket-Key must be (section 4.1).
[[nodiscard]] bool acceptable_websocket_key(std::string_view key);

/// What Sec-WebSocket-Accept must say to this key (section 4.2.2).
[[nodiscard]] std::string websocket_accept(std::string_view key);

/// Whether the comma-separated list holds `name`, as it is written (subprotocols are compared so, section 4.1).
[[nodiscard]] bool lists_token(std::string_view list, std::string_view name);

/// Why a connection ends (section 7.4.1).
enum class close_code : std::uint16_t { normal = 1000, going_away = 1001, policy_violation = 1008 };

/// A close frame of a server. `reason` is cut to what a control frame holds, between characters.
[[nodiscard]] std::string close_frame(close_code why, std::string_view reason);
/// The same of a client, masked with `mask`.
[[nodiscard]] std::string close_frame(close_code why, std::string_view reason, std::array<char, 4> mask);
/// One whole text message of a server.
[[nodiscard]] std::string text_frame(std::string_view message);

/// RFC 6455 section 4.1: what a client must find in the answer to its handshake. Without extensions offered, none may be taken. Empty: it is fine.
[[nodiscard]] std::string_view handshake_fault(const field_list& asked, const response_head& answer);

}  // namespace weir::http
