// An address or CIDR block that a key may be used from. IPv4-mapped IPv6 counts as IPv4, on both sides.
// It resolves no names.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::policy {

struct ip_address {
    std::array<std::uint8_t, 16> bytes{};  ///< IPv4 in the first four
    bool v6 = false;

    /// Dotted or colon notation, brackets and a zone (`fe80::1%eth0`) allowed; none: not an address.
    [[nodiscard]] static std::optional<ip_address> parse(std::string_view text);
};

class ip_block {
public:
    /// `10.0.0.0/8`, `::1`, `2001:db8::/32`. Bits beyond the prefix are ignored; none: not a block.
    [[nodiscard]] static std::optional<ip_block> parse(std::string_view text);

    [[nodiscard]] bool contains(const ip_address& address) const;

private:
    ip_block(ip_address network, int prefix) : network_(network), prefix_(prefix) {}

    ip_address network_;
    int prefix_;
};

}  // namespace weir::policy
