#include "net/proxy_protocol.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace weir::net {
namespace {

using state = proxy_header::state;

constexpr std::string_view v1_start = "PROXY ";
constexpr std::string_view v2_start{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t longest_v1 = 107;  // section 2.1: with the line end
constexpr std::size_t v2_fixed = 16;
constexpr std::size_t v4_block = 12, v6_block = 36;

proxy_header failed(std::string_view why) { return {.is = state::failed, .source = {}, .why = why}; }

bool may_become(std::string_view bytes, std::string_view start) {
    const auto n = std::min(bytes.size(), start.size());
    return bytes.substr(0, n) == start.substr(0, n);
}

// "1" to "65535", "0": decimal, without sign or leading zeros.
std::optional<std::uint16_t> port_number(std::string_view digits) {
    std::uint16_t port = 0;
    const char* const end = digits.data() + digits.size();
    const auto [at, fault] = std::from_chars(digits.data(), end, port);
    if (digits.empty() || fault != std::errc{} || at != end || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
    return port;
}

proxy_header read_v1(std::string_view bytes) {
    const auto end = bytes.substr(0, longest_v1).find("\r\n");
    if (end == std::string_view::npos) {
        if (bytes.size() >= longest_v1) return failed("the PROXY line is longer than 107 bytes");
        return {};
    }
    proxy_header out{.is = state::done, .size = end + 2, .source = {}};
    auto line = bytes.substr(v1_start.size(), end - v1_start.size());
    if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return out;
    std::array<std::string_view, 5> parts{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto space = line.find(' ');
        if ((space == std::string_view::npos) != (i + 1 == parts.size())) return failed("the PROXY line does not have five parts");
        parts[i] = line.substr(0, space);
        line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
    }
    const auto& [family, source, destination, source_port, destination_port] = parts;
    const int wanted = family == "TCP4" ? AF_INET : family == "TCP6" ? AF_INET6 : AF_UNSPEC;
    if (wanted == AF_UNSPEC) return failed("the PROXY line names neither TCP4, TCP6 nor UNKNOWN");
    const auto port = port_number(source_port);
    if (!port || !port_number(destination_port)) return failed("the PROXY line has a port that is none");
    const auto from = literal(source, *port);
    const auto to = literal(destination, 0);
    if (!from || !to || from->family() != wanted || to->family() != wanted) return failed("the PROXY line has an address that is none of its family");
    out.source = from;
    return out;
}

proxy_header read_v2(std::string_view bytes) {
    if (bytes.size() < v2_fixed) return {};
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    const int version = byte(12) >> 4, command = byte(12) & 15, family = byte(13);
    const std::size_t length = static_cast<std::size_t>(byte(14)) << 8U | byte(15);
    if (version != 2) return failed("the PROXY header's version is not 2");
    if (command > 1) return failed("the PROXY header's command is neither LOCAL nor PROXY");
    if (v2_fixed + length > longest_proxy_header) return failed("the PROXY header is too long");
    if (bytes.size() < v2_fixed + length) return {};
    proxy_header out{.is = state::done, .size = v2_fixed + length, .source = {}};
    if (command == 0) return out;
    address from;
    const char* const at = bytes.data() + v2_fixed;
    if (family == 0x11) {  // TCP over IPv4
        if (length < v4_block) return failed("the PROXY header is too short for its addresses");
        auto* v4 = reinterpret_cast<sockaddr_in*>(&from.storage);
        v4->sin_family = AF_INET;
        std::memcpy(&v4->sin_addr, at, 4);
        std::memcpy(&v4->sin_port, at + 8, 2);
        from.size = sizeof(sockaddr_in);
        out.source = from;
    } else if (family == 0x21) {  // TCP over IPv6
        if (length < v6_block) return failed("the PROXY header is too short for its addresses");
        auto* v6 = reinterpret_cast<sockaddr_in6*>(&from.storage);
        v6->sin6_family = AF_INET6;
        std::memcpy(&v6->sin6_addr, at, 16);
        std::memcpy(&v6->sin6_port, at + 32, 2);
        from.size = sizeof(sockaddr_in6);
        out.source = from;
    }
    return out;
}

}  // namespace

proxy_header read_proxy_header(std::string_view bytes) {
    if (may_become(bytes, v2_start)) return bytes.size() < v2_start.size() ? proxy_header{} : read_v2(bytes);
    if (may_become(bytes, v1_start)) return bytes.size() < v1_start.size() ? proxy_header{} : read_v1(bytes);
    return failed("the connection does not begin with a PROXY header");
}

}  // namespace weir::net
