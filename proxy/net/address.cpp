#include "net/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>

namespace weir::net {

std::optional<address> literal(std::string_view host, std::uint16_t port) {
    address a;
    const std::string text{host};
    auto* v4 = reinterpret_cast<sockaddr_in*>(&a.storage);
    if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        a.size = sizeof(sockaddr_in);
        return a;
    }
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&a.storage);
    if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        a.size = sizeof(sockaddr_in6);
        return a;
    }
    return std::nullopt;
}

std::optional<address> parse_address(std::string_view text) {
    constexpr std::string_view unix_prefix = "unix:";
    if (text.starts_with(unix_prefix)) {
        const auto path = text.substr(unix_prefix.size());
        address a;
        auto* un = reinterpret_cast<sockaddr_un*>(&a.storage);
        if (path.empty() || path.size() >= sizeof un->sun_path) return std::nullopt;
        un->sun_family = AF_UNIX;
        std::memcpy(un->sun_path, path.data(), path.size());
        a.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
        return a;
    }
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::uint16_t port = 0;
    const auto digits = text.substr(colon + 1);
    const auto r = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (r.ec != std::errc{} || r.ptr != digits.data() + digits.size()) return std::nullopt;
    auto host = text.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (host.empty() || host == "*") host = "0.0.0.0";
    if (host == "localhost") host = "127.0.0.1";
    return literal(host, port);
}

std::size_t write_host(const address& a, char* to) {
    const char* text = nullptr;
    if (a.family() == AF_INET) {
        text = inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&a.storage)->sin_addr, to, 46);
    } else if (a.family() == AF_INET6) {
        const auto& bytes = reinterpret_cast<const sockaddr_in6*>(&a.storage)->sin6_addr;
        // A v4 client of a v6 listener is shown as the v4 client it is.
        if (IN6_IS_ADDR_V4MAPPED(&bytes))
            text = inet_ntop(AF_INET, bytes.s6_addr + 12, to, 46);
        else
            text = inet_ntop(AF_INET6, &bytes, to, 46);
    }
    if (text) return std::strlen(to);
    std::memcpy(to, "unix", 4);
    return 4;
}

std::uint16_t port_of(const address& a) {
    if (a.family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&a.storage)->sin_port);
    if (a.family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&a.storage)->sin6_port);
    return 0;
}

std::string to_string(const address& a) {
    if (a.family() == AF_UNIX) {
        const auto* un = reinterpret_cast<const sockaddr_un*>(&a.storage);
        return std::string{"unix:"} + un->sun_path;
    }
    char host[46];
    const std::string text{host, write_host(a, host)};
    const auto port = std::to_string(port_of(a));
    return a.family() == AF_INET6 && text.find(':') != std::string::npos ? "[" + text + "]:" + port : text + ":" + port;
}

}  // namespace weir::net
