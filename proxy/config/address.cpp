// Syntax of addresses, by the system's own parser where there is one.
#include "config/address.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>

namespace weir::config {

namespace {

struct ip {
    std::array<unsigned char, 16> bytes{};
    int bits = 0;  ///< 32 or 128; 0: not an address
};

ip parse_ip(std::string_view text) {
    ip result;
    const std::string address{text};
    if (::inet_pton(AF_INET, address.c_str(), result.bytes.data()) == 1)
        result.bits = 32;
    else if (::inet_pton(AF_INET6, address.c_str(), result.bytes.data()) == 1)
        result.bits = 128;
    return result;
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool is_numeric(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

parsed<std::string> parse_unix_path(std::string_view text) {
    const std::string_view path = text.substr(text.find(':') + 1);
    if (!path.starts_with('/')) return {.problem = "needs an absolute path, like unix:/run/weir.sock"};
    if (path.size() >= sizeof(sockaddr_un{}.sun_path))
        return {.problem = "is too long for a socket (at most " + std::to_string(sizeof(sockaddr_un{}.sun_path) - 1) + " bytes)"};
    return {.value = std::string{text}};
}

/// The first bit at or behind `prefix` that is set, so that the block is not what it looks like.
bool has_bits_behind(const ip& address, int prefix) {
    for (int bit = prefix; bit < address.bits; ++bit)
        if (address.bytes[static_cast<std::size_t>(bit / 8)] & (0x80 >> (bit % 8))) return true;
    return false;
}

std::string masked(ip address, int prefix) {
    for (int bit = prefix; bit < address.bits; ++bit)
        address.bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<unsigned char>(~(0x80 >> (bit % 8)));
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(address.bits == 32 ? AF_INET : AF_INET6, address.bytes.data(), text.data(), text.size());
    return std::string{text.data()} + "/" + std::to_string(prefix);
}

}  // namespace

bool is_ipv6(std::string_view text) { return parse_ip(text).bits == 128; }

bool is_port(std::string_view text) { return parse_integer(text, 0, 65535).value.has_value(); }

bool is_host(std::string_view text) {
    if (text.empty() || text.size() > 253) return false;
    if (is_numeric(text)) return parse_ip(text).bits == 32;
    if (is_ipv6(text)) return true;
    if (text.starts_with('.') || text.starts_with('-') || text.find("..") != std::string_view::npos) return false;
    return std::all_of(text.begin(), text.end(), is_name_character);
}

parsed<std::string> parse_host_name(std::string_view text) {
    if (const auto scheme = text.find("://"); scheme != std::string_view::npos)
        return {.problem = "is a URL: a name is due", .suggestion = std::string{text.substr(scheme + 3)}};
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    const std::size_t colon = text.rfind(':');
    if (colon != std::string_view::npos && !is_ipv6(text) && is_port(text.substr(colon + 1)))
        return {.problem = "has a port: names stand here without one", .suggestion = std::string{text.substr(0, colon)}};
    if (!is_host(text)) return {.problem = "is not a host name or IP address"};
    if (text.ends_with('.')) text.remove_suffix(1);
    std::string name{text};
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return {.value = std::move(name)};
}

parsed<std::string> parse_listen_address(std::string_view text) {
    constexpr std::string_view shape = "is not HOST:PORT, [V6]:PORT or unix:/path";
    if (text.starts_with("unix:")) return parse_unix_path(text);
    if (text.find("://") != std::string_view::npos)
        return {.problem = std::string{shape}, .suggestion = std::string{text.substr(text.find("://") + 3)}};
    if (is_port(text)) return {.problem = "names no host", .suggestion = "127.0.0.1:" + std::string{text}};
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return {.problem = "names no port", .suggestion = is_host(text) ? std::string{text} + ":8080" : ""};
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (!is_port(port)) return {.problem = "has no valid port (0 to 65535)"};
    if (host.empty() || host == "*") return {.problem = "names no host", .suggestion = "0.0.0.0:" + std::string{port}};
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (!is_ipv6(host)) return {.problem = "has no IPv6 address in its brackets"};
        return {.value = std::string{text}};
    }
    if (is_ipv6(host)) return {.problem = "needs brackets", .suggestion = "[" + std::string{host} + "]:" + std::string{port}};
    if (!is_host(host)) return {.problem = std::string{shape}};
    return {.value = std::string{text}};
}

parsed<std::string> parse_client_block(std::string_view text) {
    const std::size_t slash = text.find('/');
    const ip address = parse_ip(text.substr(0, slash));
    if (address.bits == 0) return {.problem = "is not an IP address or a block of them like 10.0.0.0/8"};
    if (slash == std::string_view::npos) return {.value = std::string{text}};
    const auto prefix = parse_integer(text.substr(slash + 1), 0, address.bits);
    if (!prefix.value) return {.problem = "has no valid prefix length (0 to " + std::to_string(address.bits) + ")"};
    const int bits = static_cast<int>(*prefix.value);
    if (has_bits_behind(address, bits)) return {.problem = "is not the start of its block", .suggestion = masked(address, bits)};
    return {.value = std::string{text}};
}

}  // namespace weir::config
