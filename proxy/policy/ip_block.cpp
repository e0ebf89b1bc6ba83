#include "policy/ip_block.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

namespace weir::policy {
namespace {

constexpr int mapped_prefix = 96;

bool is_mapped(const ip_address& a) {
    static constexpr std::array<std::uint8_t, 12> head = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return a.v6 && std::equal(head.begin(), head.end(), a.bytes.begin());
}

ip_address unmapped(const ip_address& a) {
    ip_address v4;
    std::copy(a.bytes.begin() + 12, a.bytes.end(), v4.bytes.begin());
    return v4;
}

std::optional<ip_address> as_written(std::string_view text) {
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
    const bool v6 = text.find(':') != std::string_view::npos;
    if (const auto percent = text.find('%'); v6 && percent != std::string_view::npos) {
        const auto zone = text.substr(percent + 1);
        if (zone.empty() || zone.find_first_of("%/[]") != std::string_view::npos) return std::nullopt;
        text = text.substr(0, percent);
    }
    constexpr std::size_t longest = 45;
    if (text.empty() || text.size() > longest || text.find('\0') != std::string_view::npos) return std::nullopt;
    ip_address a;
    a.v6 = v6;
    if (inet_pton(v6 ? AF_INET6 : AF_INET, std::string{text}.c_str(), a.bytes.data()) != 1) return std::nullopt;
    return a;
}

std::optional<int> number(std::string_view digits) {
    if (digits.empty() || digits.size() > 3) return std::nullopt;
    int value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

}  // namespace

std::optional<ip_address> ip_address::parse(std::string_view text) {
    auto a = as_written(text);
    if (a && is_mapped(*a)) return unmapped(*a);
    return a;
}

std::optional<ip_block> ip_block::parse(std::string_view text) {
    const auto slash = text.find('/');
    auto network = as_written(text.substr(0, slash));
    if (!network) return std::nullopt;
    const int bits = network->v6 ? 128 : 32;
    const auto prefix = slash == std::string_view::npos ? std::optional{bits} : number(text.substr(slash + 1));
    if (!prefix || *prefix > bits) return std::nullopt;
    // ::ffff:10.0.0.0/104 is 10.0.0.0/8; a shorter prefix is a block of IPv6 that no IPv4 client is in.
    if (is_mapped(*network) && *prefix >= mapped_prefix) return ip_block{unmapped(*network), *prefix - mapped_prefix};
    return ip_block{*network, *prefix};
}

bool ip_block::contains(const ip_address& address) const {
    if (address.v6 != network_.v6) return false;
    const auto whole = static_cast<std::size_t>(prefix_ / 8);
    if (!std::equal(network_.bytes.begin(), network_.bytes.begin() + static_cast<std::ptrdiff_t>(whole), address.bytes.begin())) return false;
    const int left = prefix_ % 8;
    if (left == 0) return true;
    const int mask = 0xff << (8 - left) & 0xff;
    return (network_.bytes[whole] & mask) == (address.bytes[whole] & mask);
}

}  // namespace weir::policy
