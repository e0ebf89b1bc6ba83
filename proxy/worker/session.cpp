#include "worker/session.hpp"

#include <exception>

#include "exchange/exchange.hpp"
#include "exchange/own/local_reply.hpp"
#include "telemetry/event_log.hpp"

namespace weir::worker {
namespace {

using wire::h1::after;

// After a refusal the client may still be sending: closing at once would reset the connection and destroy the answer on its way
// (RFC 9112 section 9.6). So much is read and thrown away, for so long: enough for an upload that an upstream answered early.
constexpr std::size_t linger_bytes = std::size_t{64} << 20;
constexpr std::size_t linger_turn = 256 * 1024;  // then other connections of this worker are served
constexpr auto refused_within = std::chrono::seconds{2};
constexpr auto linger_time = std::chrono::seconds{2};

}  // namespace

session::session(worker& w, std::shared_ptr<const pools::listener_runtime> on, bool beyond_limit)
    : worker_(w),
      line_(home().loop, home().space.request),
      peer_(std::move(on)),
      beyond_limit_(beyond_limit),
      open_connections_(&home().metrics.listeners().connections(peer_.listener().name)) {
    if (beyond_limit_) home().counts.refusing.fetch_add(1, std::memory_order_relaxed);
    open_connections_->add(1);
    home().counts.connections.fetch_add(1, std::memory_order_relaxed);
}

session::~session() {
    open_connections_->add(-1);
    home().counts.connections.fetch_sub(1, std::memory_order_relaxed);
    if (beyond_limit_) home().counts.refusing.fetch_sub(1, std::memory_order_relaxed);
}

void session::start(int descriptor, const net::address& peer) {
    peer_.set(peer);
    if (!line_.socket().open(home().loop, descriptor)) {
        worker_.forget(*this);
        delete this;
        return;
    }
    line_.socket().set_owner(&line_.sleeper());
    live();
}

net::detached session::live() {
    bool failed = false;
    try {
        auto work = serve();
        co_await std::move(work);
    } catch (const std::exception& e) {
        failed = true;
        telemetry::log(telemetry::level::error, std::string{"a connection was ended by an internal failure: "} + e.what());
    }
    if (failed) line_.socket().abort();
    line_.socket().close();
    worker_.forget(*this);
    delete this;
}

net::task<void> session::serve() {
    bool first = true;
    if (peer_.listener().proxy_protocol) {
        auto taking = take_proxy_header();
        const bool taken = co_await std::move(taking);
        if (!taken) co_return;
    }
    if (!peer_.listener().contexts.empty()) {
        auto hands = shake_hands();
        const bool shaken = co_await std::move(hands);
        if (!shaken && line_.socket().heard_http()) {
            // As nginx does: who copied the base URL with http:// is told so.
            line_.socket().drop_tls();
            core::error why{core::code::bad_request, "this port speaks HTTPS, and this was a plain HTTP request: begin the base URL with https://"};
            auto refusing = refuse_head(std::move(why));
            co_await std::move(refusing);
        }
        if (!shaken) co_return;
    }
    for (;;) {
        head got = head::closed;
        {
            // Its frame must not outlive it: what follows may take an hour.
            auto reading = read_head(first);
            got = co_await std::move(reading);
        }
        first = false;
        if (got == head::closed) co_return;
        if (got == head::complete && beyond_limit_) {
            refusal_ = core::error{core::code::overloaded, "weir has as many connections open as it may (limits.connections); try again soon", 1};
            got = head::refused;
        }
        if (got == head::refused) {
            core::error why = std::move(refusal_);
            auto refusing = refuse_head(std::move(why));
            co_await std::move(refusing);
            co_return;
        }
        after end = after::close;
        {
            line_.take_request();
            const std::unique_ptr<exchange::exchange> exchange{new exchange::exchange{home(), line_, peer_}};
            serving_ = exchange.get();
            auto running = exchange->run();
            co_await std::move(running);
            serving_ = nullptr;
            end = line_.what_follows();
        }
        parsed_upto_ = 0;
        if (end == after::abort || line_.broken()) {
            line_.socket().abort();
            co_return;
        }
        if (end == after::cut) co_return;
        if (end == after::close) break;
        if (line_.socket().peer_gone() && !line_.socket().readable() && line_.input().empty()) co_return;
    }
    auto lingering = linger();
    co_await std::move(lingering);
}

net::task<bool> session::shake_hands() {
    const auto deadline = core::after(home().loop.now(), home().view->shared->conf->limits.head_timeout);
    if (!line_.socket().start_tls_server(peer_.listener().contexts[static_cast<std::size_t>(worker_.index())].get())) co_return false;
    for (;;) {
        const auto step = line_.socket().handshake();
        if (step == net::io::ok) co_return true;
        if (step != net::io::again || line_.aborting()) co_return false;
        const auto why = co_await line_.sleeper().wait(deadline);
        if (why == net::woken::deadline || line_.aborting()) co_return false;
    }
}

session::head session::parse_input() {
    const auto& limits = home().view->shared->conf->limits;
    const auto bytes = line_.input().view();
    // A head can only become complete, or be seen to be wrong, at a line end; the first bytes may show another protocol at once.
    const bool look = parsed_upto_ == 0 || bytes.find('\n', parsed_upto_) != std::string_view::npos || bytes.size() >= limits.request_head;
    if (!look) {
        parsed_upto_ = bytes.size();
        return head::not_yet;
    }
    const auto r = line_.parse(limits.request_head);
    if (r.state == http::parse_state::done) return head::complete;
    if (r.state == http::parse_state::failed) {
        refusal_ = core::error{r.code, std::string{r.why}};
        return head::refused;
    }
    parsed_upto_ = bytes.size();
    return head::not_yet;
}

net::task<session::head> session::read_head(bool first) {
    const auto& limits = home().view->shared->conf->limits;
    const auto head_limit = limits.request_head;
    auto deadline = core::after(home().loop.now(), first ? limits.head_timeout : limits.keepalive_timeout);
    const auto head_timeout = limits.head_timeout;
    if (beyond_limit_) deadline = std::min(deadline, home().loop.now() + refused_within);
    const auto waiting_since = home().loop.now();
    bool begun = false;
    if (!line_.input().empty()) {  // pipelined
        begun = true;
        deadline = core::after(home().loop.now(), head_timeout);
        if (const auto got = parse_input(); got != head::not_yet) co_return got;
    }
    for (;;) {
        if (line_.socket().readable()) {
            line_.make_room();
            if (line_.input().free_size() == 0) line_.input().reserve(head_limit + net::padding);
            const auto r = line_.socket().read(line_.input().free_begin(), line_.input().free_size());
            if (r.what == net::io::ok) {
                line_.input().commit(r.bytes);
                if (!begun) {
                    begun = true;
                    // The whole head has this long, whatever trickles in (slow-head attacks reset nothing).
                    deadline = core::after(home().loop.now(), head_timeout);
                }
                if (const auto got = parse_input(); got != head::not_yet) co_return got;
                continue;
            }
            if (r.what != net::io::again) co_return head::closed;
        }
        if (line_.aborting()) co_return head::closed;
        if (home().draining && !begun) deadline = std::min(deadline, worker_.patience_with(waiting_since));
        line_.input().release_if_empty();
        line_.wake_on_drain(!begun);
        if (!begun) worker_.idle().add(*this, home().loop.now());
        const auto why = co_await line_.sleeper().wait(deadline);
        if (!begun) worker_.idle().remove(*this);
        line_.wake_on_drain(false);
        if (line_.aborting()) co_return head::closed;
        if (why == net::woken::deadline) {
            if (!begun) co_return head::closed;
            refusal_ = core::error{core::code::client_timeout, "the request head did not arrive within limits.head_timeout"};
            co_return head::refused;
        }
    }
}

// The head could not be understood, so neither can what follows: answer and close.
net::task<void> session::refuse_head(core::error why) {
    auto refusing = exchange::refuse_connection(home(), line_, peer_, why);
    co_await std::move(refusing);
    auto lingering = linger();
    co_await std::move(lingering);
}

net::task<void> session::linger() {
    const auto deadline = home().loop.tick() + linger_time;
    std::size_t thrown_away = 0;
    line_.socket().shutdown_tls();
    if (!line_.socket().is_tls()) line_.socket().shutdown_write();
    line_.input().clear();
    line_.input().need_slab();
    for (;;) {
        while (line_.socket().readable()) {
            const auto r = line_.socket().read(line_.input().free_begin(), line_.input().free_size());
            if (r.what == net::io::again) break;
            thrown_away += r.bytes;
            if (r.what != net::io::ok || thrown_away > linger_bytes || home().loop.tick() >= deadline) co_return;
            if (thrown_away / linger_turn != (thrown_away - r.bytes) / linger_turn) co_await line_.sleeper().yield();
        }
        if (line_.socket().peer_gone() || line_.aborting()) co_return;
        const auto why = co_await line_.sleeper().wait(deadline);
        if (why == net::woken::deadline) co_return;
    }
}

void session::drain() {
    if (line_.wakes_on_drain()) line_.sleeper().interrupt();
}

void session::end(core::code why) {
    if (serving_)
        serving_->end_now(why);
    else
        abort();
}

void session::abort() { line_.abort(); }

}  // namespace weir::worker
