#include "net/upstream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/descriptors.hpp"

namespace weir::net {
namespace {

// A peer that vanished without a word is noticed within a minute or so, also on a stream that only waits.
void set_keepalive(int fd) {
    const int on = 1, idle = 15, interval = 15, probes = 3;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

// Why connect() failed (SO_ERROR); 0 when it did not.
int connect_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// How long to wait before a name that is being resolved is looked at again.
constexpr auto name_poll = std::chrono::milliseconds{10};

bool is_ours(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EADDRNOTAVAIL || error == EAGAIN;
}

dial_result failed_to_open(int error) { return {is_ours(error) ? dial_failure::local : dial_failure::connect, std::strerror(error)}; }

// Nothing is there to read and the peer is still there. The kernel is asked: what came a moment ago may have an edge that was not looked at yet.
bool is_silent(socket& s) {
    if (s.peer_gone()) return false;
    char byte = 0;
    const auto n = ::recv(s.fd, &byte, 1, MSG_PEEK);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) return false;
    if (n > 0)
        s.flags |= can_read;
    else
        s.flags &= static_cast<std::uint8_t>(~can_read);
    // Under TLS a late session ticket is there to read too: only payload, or an end, breaks the silence.
    if (s.is_tls()) return !s.readable() || s.read(&byte, 1).what == io::again;
    return n < 0;
}

}  // namespace

upstream_connections::upstream_connections(reactor& r, std::shared_ptr<const upstream_target> target) : reactor_(r), target_(std::move(target)) {}

upstream_connections::~upstream_connections() { close_idle(); }

std::unique_ptr<upstream_connection> upstream_connections::take_idle(core::duration at_most) {
    while (!idle_.empty()) {
        const auto since = idle_.back()->idle_until - target_->keep.timeout;
        if (reactor_.now() - since > at_most) return nullptr;  // and so have the others
        auto c = std::move(idle_.back());
        idle_.pop_back();
        if (c->idle_until <= reactor_.now() || !is_silent(c->sock)) continue;
        c->sock.set_owner(nullptr);
        c->reused = true;
        return c;
    }
    return nullptr;
}

void upstream_connections::give_back(std::unique_ptr<upstream_connection> c) {
    // Bytes or a hang-up on an idle connection belong to no request: never pool it (RFC 9112 section 9.2). What came behind the answer
    // while the exchange was busy elsewhere has had its edge already, so it is looked for here.
    if (target_->keep.idle <= 0 || !is_silent(c->sock)) return;
    if (idle_.size() >= static_cast<std::size_t>(target_->keep.idle)) idle_.erase(idle_.begin());
    if (target_->tls && !session_) {
        ssl_session s{SSL_get1_session(c->sock.tls().native())};
        if (s && SSL_SESSION_is_resumable(s.get())) session_ = std::move(s);
    }
    c->idle_until = reactor_.now() + target_->keep.timeout;
    c->sock.set_idle(this);
    idle_.push_back(std::move(c));
}

void upstream_connections::on_idle_event(socket& s) {
    if (is_silent(s)) return;
    for (auto it = idle_.begin(); it != idle_.end(); ++it) {
        if (&(*it)->sock != &s) continue;
        idle_.erase(it);
        return;
    }
}

void upstream_connections::close_idle() { idle_.clear(); }

void upstream_connections::close_expired(core::time_point now) {
    const auto fresh = std::find_if(idle_.begin(), idle_.end(), [now](const auto& c) { return c->idle_until > now; });
    idle_.erase(idle_.begin(), fresh);
}

task<dial_result> upstream_connections::dial(upstream_connection& into, waiter& w, dial_watch watch, core::time_point deadline) {
    dial_result result;
    auto known = target_->name->addresses();
    for (; !known; known = target_->name->addresses()) {
        if (target_->name->failed()) {
            result = {dial_failure::name, "the name cannot be resolved"};
            co_return result;
        }
        if (reactor_.now() >= deadline) {
            result = {dial_failure::timeout, "the name was not resolved in time"};
            co_return result;
        }
        const auto until = std::min(deadline, reactor_.now() + name_poll);
        co_await w.wait(until);
        if (watch.ended()) {
            result.why = dial_failure::cancelled;
            co_return result;
        }
    }
    if (known != addresses_) {
        addresses_ = known;
        next_address_ = 0;
    }
    const auto addresses = std::move(known);  // stays while this coroutine sleeps
    for (std::size_t tried = 0; tried < addresses->size(); ++tried) {
        // The address that worked last comes first; each gets its share of the time that is left.
        const std::size_t index = (next_address_ + tried) % addresses->size();
        const auto left = deadline - reactor_.now();
        const auto share = reactor_.now() + left / static_cast<long>(addresses->size() - tried);
        auto step = connect_to(into, (*addresses)[index], w, watch, tried + 1 == addresses->size() ? deadline : share);
        result = co_await std::move(step);
        if (result.why == dial_failure::none) {
            next_address_ = index;
            break;
        }
        if (result.why == dial_failure::cancelled || result.why == dial_failure::local) co_return result;
    }
    if (result.why == dial_failure::connect || result.why == dial_failure::timeout) target_->name->look_again();
    if (result.why == dial_failure::none) into.count_for(target_);
    if (result.why != dial_failure::none || !target_->tls) co_return result;
    auto tls = secure(into, w, watch, deadline);
    result = co_await std::move(tls);
    co_return result;
}

task<dial_result> upstream_connections::connect_to(upstream_connection& c, const address& a, waiter& w, dial_watch watch, core::time_point deadline) {
    dial_result result;
    const int fd = ::socket(a.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const bool no_room = fd >= connections_below.load(std::memory_order_relaxed);
    if (no_room) ::close(fd);
    if (fd < 0 || no_room) {
        result = failed_to_open(no_room ? EMFILE : errno);
        co_return result;
    }
    set_keepalive(fd);
    const int started = ::connect(fd, a.get(), a.size);
    const int error = started == 0 ? 0 : errno;
    if (error != 0 && error != EINPROGRESS) {
        ::close(fd);
        result = failed_to_open(error);
        co_return result;
    }
    if (!c.sock.open(reactor_, fd)) {
        result = {dial_failure::local, "cannot poll the socket"};
        co_return result;
    }
    c.sock.set_owner(&w);
    c.reused = false;
    if (error == EINPROGRESS) {
        c.sock.flags = 0;
        while (!(c.sock.flags & (can_write | hung_up))) {
            const auto why = co_await w.wait(deadline);
            if (watch.ended())
                result.why = dial_failure::cancelled;
            else if (why == woken::deadline)
                result = {dial_failure::timeout, "the connection was not made in time"};
            if (result.why != dial_failure::none) {
                c.sock.close();
                co_return result;
            }
        }
        if (const int e = connect_error(fd); e != 0) {
            c.sock.close();
            result = {dial_failure::connect, std::strerror(e)};
            co_return result;
        }
    }
    c.sock.flags |= can_read | can_write;
    co_return result;
}

task<dial_result> upstream_connections::secure(upstream_connection& c, waiter& w, dial_watch watch, core::time_point deadline) {
    dial_result result;
    auto& s = c.sock;
    if (!s.tls().start_client(s, target_->context.get(), target_->server_name, target_->verify, session_.get())) {
        result = {dial_failure::tls, "cannot start TLS"};
        s.close();
        co_return result;
    }
    for (;;) {
        const auto step = s.tls().handshake();
        if (step == io::ok) co_return result;
        if (step != io::again) {
            result = {dial_failure::tls, s.tls().failure()};
            session_.reset();
            s.close();
            co_return result;
        }
        const auto why = co_await w.wait(deadline);
        if (watch.ended())
            result.why = dial_failure::cancelled;
        else if (why == woken::deadline)
            result = {dial_failure::timeout, "the TLS handshake was not done in time"};
        if (result.why != dial_failure::none) {
            s.close();
            co_return result;
        }
    }
}

}  // namespace weir::net
