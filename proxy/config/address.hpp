// Whether texts are addresses: to listen on, or of clients. It resolves no name and opens no socket.
#pragma once

#include <string>
#include <string_view>

#include "config/units.hpp"

namespace weir::config {

/// `HOST:PORT`, `[V6]:PORT` or `unix:/path`, as written. Port 0 lets the system choose.
[[nodiscard]] parsed<std::string> parse_listen_address(std::string_view text);

/// An IPv4 or IPv6 address, or a block of them (`10.0.0.0/8`), as written. Bits behind the prefix must be zero.
[[nodiscard]] parsed<std::string> parse_client_block(std::string_view text);

/// A host name or IP address without port or brackets (RFC 1123 names; underscores, as container names have them, too).
[[nodiscard]] bool is_host(std::string_view text);
[[nodiscard]] bool is_ipv6(std::string_view text);
/// A name or address that clients may write as `Host`, without its port: in lower case, an IPv6 address without brackets.
[[nodiscard]] parsed<std::string> parse_host_name(std::string_view text);
/// 0 to 65535, digits only.
[[nodiscard]] bool is_port(std::string_view text);

}  // namespace weir::config
