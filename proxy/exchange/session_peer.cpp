// Who the client really is: what a balancer's PROXY header and a trusted proxy's X-Forwarded-For say.
#include <sys/socket.h>

#include <cerrno>

#include "exchange/session.hpp"
#include "net/proxy_protocol.hpp"
#include "policy/real_peer.hpp"
#include "telemetry/event_log.hpp"

namespace weir::exchange {
namespace {

std::string joined_forwarded_for(const http::field_list& fields) {
    std::string all;
    for (const auto& f : fields) {
        if (f.id != http::field_id::other || !http::iequals(f.name, "x-forwarded-for")) continue;
        if (!all.empty()) all += ',';
        all += f.value;
    }
    return all;
}

}  // namespace

void session::set_peer(const net::address& peer) {
    peer_host_size_ = static_cast<std::uint8_t>(net::write_host(peer, peer_host_.data()));
    peer_trusted_ = !listener_->trusted.empty() && policy::is_trusted(peer_host(), listener_->trusted);
}

std::string_view session::real_client(const http::field_list& fields) {
    if (!peer_trusted_) return peer_host();
    const auto all = joined_forwarded_for(fields);
    const auto found = policy::real_peer(all, peer_host(), listener_->trusted);
    // Kept as it is matched: the log and the key's networks must see the same address.
    const auto same = net::literal(found, 0);
    if (!same) return peer_host();
    if (!real_client_) real_client_ = std::make_unique<std::array<char, 46>>();
    return {real_client_->data(), net::write_host(*same, real_client_->data())};
}

// Looked at without being taken, so that not a byte of what follows (TLS) is read along with it.
net::proxy_header session::peek_proxy_header() {
    std::array<char, net::longest_proxy_header> bytes;
    const auto n = ::recv(client_.fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (n <= 0) return {.is = net::proxy_header::state::failed, .source = {}, .why = "the connection ended"};
    auto found = net::read_proxy_header({bytes.data(), static_cast<std::size_t>(n)});
    if (found.is == net::proxy_header::state::done) (void)::recv(client_.fd, bytes.data(), found.size, MSG_DONTWAIT);
    return found;
}

net::task<bool> session::take_proxy_header() {
    using state = net::proxy_header::state;
    const auto deadline = core::after(worker_.loop().now(), worker_.view()->shared->conf->limits.head_timeout);
    for (;;) {
        const auto found = peek_proxy_header();
        if (found.is == state::failed) {
            telemetry::log(telemetry::level::debug, "a connection on " + listener_->name + " was closed: " + std::string{found.why});
            co_return false;
        }
        if (found.is == state::done) {
            const bool believed = listener_->trusted.empty() || peer_trusted_;
            if (believed && found.source) set_peer(*found.source);
            co_return true;
        }
        const auto why = co_await waiter_.wait(deadline);
        if (why == net::woken::deadline || aborting_) co_return false;
    }
}

}  // namespace weir::exchange
