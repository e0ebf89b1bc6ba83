// A connection from a balancer begins with a PROXY header that says who is behind it.
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "net/proxy_protocol.hpp"
#include "telemetry/event_log.hpp"
#include "worker/session.hpp"

namespace weir::worker {

// Looked at without being taken, so that not a byte of what follows (TLS) is read along with it.
net::proxy_header session::peek_proxy_header() {
    std::array<char, net::longest_proxy_header> bytes;
    const auto n = ::recv(line_.socket().fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (n <= 0) return {.is = net::proxy_header::state::failed, .source = {}, .why = "the connection ended"};
    auto found = net::read_proxy_header({bytes.data(), static_cast<std::size_t>(n)});
    if (found.is == net::proxy_header::state::done) (void)::recv(line_.socket().fd, bytes.data(), found.size, MSG_DONTWAIT);
    return found;
}

net::task<bool> session::take_proxy_header() {
    using state = net::proxy_header::state;
    const auto deadline = core::after(home().loop.now(), home().view->shared->conf->limits.head_timeout);
    for (;;) {
        const auto found = peek_proxy_header();
        if (found.is == state::failed) {
            telemetry::log(telemetry::level::debug, "a connection on " + peer_.listener().name + " was closed: " + std::string{found.why});
            co_return false;
        }
        if (found.is == state::done) {
            const bool believed = peer_.listener().trusted.empty() || peer_.trusted();
            if (believed && found.source) peer_.set(*found.source);
            co_return true;
        }
        const auto why = co_await line_.sleeper().wait(deadline);
        if (why == net::woken::deadline || line_.aborting()) co_return false;
    }
}

}  // namespace weir::worker
