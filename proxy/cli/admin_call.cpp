#include "cli/admin_call.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "net/address.hpp"

namespace weir::cli {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t longest_answer = 64u << 20;

class connection {
public:
    explicit connection(clock::time_point until) : until_(until) {}
    ~connection() {
        if (fd_ >= 0) ::close(fd_);
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    bool open(const net::address& to) {
        fd_ = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd_ < 0) return false;
        if (::connect(fd_, to.get(), to.size) == 0) return true;
        if (errno != EINPROGRESS && errno != EAGAIN) return false;
        int error = 0;
        socklen_t size = sizeof error;
        if (!wait(POLLOUT)) return false;
        if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) return true;
        errno = error;
        return false;
    }

    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n > 0)
                bytes.remove_prefix(static_cast<std::size_t>(n));
            else if (errno != EAGAIN || !wait(POLLOUT))
                return false;
        }
        return true;
    }

    /// Everything until the other side closes; false with errno on a failure or a timeout.
    bool read_all(std::string& into) {
        char piece[16384];
        while (into.size() < longest_answer) {
            const ssize_t n = ::recv(fd_, piece, sizeof piece, 0);
            if (n == 0) return true;
            if (n > 0)
                into.append(piece, static_cast<std::size_t>(n));
            else if (errno != EAGAIN || !wait(POLLIN))
                return false;
        }
        errno = EMSGSIZE;
        return false;
    }

private:
    bool wait(short events) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - clock::now()).count();
        pollfd one{fd_, events, 0};
        if (left > 0 && ::poll(&one, 1, static_cast<int>(left)) > 0) return true;
        errno = ETIMEDOUT;
        return false;
    }

    int fd_ = -1;
    clock::time_point until_;
};

// 0.0.0.0 and [::] are where weir listens, not where it can be asked.
net::address reachable(net::address a) {
    if (a.family() == AF_INET) {
        auto& host = reinterpret_cast<sockaddr_in*>(&a.storage)->sin_addr;
        if (host.s_addr == htonl(INADDR_ANY)) host.s_addr = htonl(INADDR_LOOPBACK);
    } else if (a.family() == AF_INET6) {
        auto& host = reinterpret_cast<sockaddr_in6*>(&a.storage)->sin6_addr;
        if (IN6_IS_ADDR_UNSPECIFIED(&host)) host = in6addr_loopback;
    }
    return a;
}

// The admin endpoints answer with a Content-Length or by closing, never in chunks, when they are asked to close.
bool parse(const std::string& wire, admin_answer& into) {
    constexpr std::string_view start = "HTTP/1.1 ";
    const auto end = wire.find("\r\n\r\n");
    if (!wire.starts_with(start) || end == std::string::npos) return false;
    const char* const digits = wire.data() + start.size();
    if (std::from_chars(digits, digits + 3, into.status).ec != std::errc{}) return false;
    into.body = wire.substr(end + 4);
    return true;
}

}  // namespace

admin_answer admin_call(const std::string& address, std::string_view method, std::string_view path, std::string_view token, std::string_view body,
                        std::chrono::milliseconds patience) {
    admin_answer out;
    const auto parsed = net::parse_address(address);
    if (!parsed) {
        out.fault = address + " is not an address";
        return out;
    }
    connection wire{clock::now() + patience};
    std::string request{method};
    request.append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ");
    request += std::to_string(body.size()) + "\r\n";
    if (!token.empty()) request.append("Authorization: Bearer ").append(token).append("\r\n");
    if (!body.empty()) request += "Content-Type: application/json\r\n";
    request.append("\r\n").append(body);
    std::string answer;
    if (!wire.open(reachable(*parsed)))
        out.fault = "nobody answers on " + address + " (" + std::strerror(errno) + ")";
    else if (!wire.send(request) || !wire.read_all(answer))
        out.fault = address + " does not answer (" + std::strerror(errno) + ")";
    else if (!parse(answer, out))
        out.fault = "what answers on " + address + " is no weir";
    return out;
}

}  // namespace weir::cli
