// Socket addresses as text and back. It resolves no names (net/resolver.hpp does).
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::net {

struct address {
    sockaddr_storage storage{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    [[nodiscard]] int family() const { return storage.ss_family; }
};

/// `127.0.0.1:80`, `[::1]:80`, `unix:/path`; the host must be a literal address, or `localhost`, or `*`/empty for all interfaces.
[[nodiscard]] std::optional<address> parse_address(std::string_view text);
/// A literal IP address (without brackets) and a port number.
[[nodiscard]] std::optional<address> literal(std::string_view host, std::uint16_t port);
/// `127.0.0.1:80`, `[::1]:80`, `unix:/path`.
[[nodiscard]] std::string to_string(const address& a);
/// Writes the host only: `127.0.0.1`, `::1`, `unix`. Returns the length; `to` has room for 46.
std::size_t write_host(const address& a, char* to);
[[nodiscard]] std::uint16_t port_of(const address& a);

}  // namespace weir::net
