#include "worker/session.hpp"

#include <exception>

#include "exchange/exchange.hpp"
#include "exchange/own/local_reply.hpp"
#include "telemetry/event_log.hpp"

namespace weir::worker {
namespace {

using wire::h1::after;
using state = wire::h1::next_head::state;

constexpr std::chrono::milliseconds refused_within{2000};

// Of a connection that has no request to serve.
core::error refusal_of(state got, wire::h1::next_head& head) {
    if (got == state::refused) return std::move(head.refusal());
    if (got == state::late) return {core::code::client_timeout, "the request head did not arrive within limits.head_timeout"};
    return {core::code::overloaded, "weir has as many connections open as it may (limits.connections); try again soon", 1};
}

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
        if (!shaken && line_.socket().tls().heard_http()) {
            // As nginx does: who copied the base URL with http:// is told so.
            line_.socket().tls().drop(line_.socket());
            core::error why{core::code::bad_request, "this port speaks HTTPS, and this was a plain HTTP request: begin the base URL with https://"};
            auto refusing = refuse_head(std::move(why));
            co_await std::move(refusing);
        }
        if (!shaken) co_return;
    }
    for (;;) {
        auto got = state::closed;
        {
            // Its frame must not outlive it: what follows may take an hour.
            auto waiting = await_head(first);
            got = co_await std::move(waiting);
        }
        first = false;
        if (got == state::closed) co_return;
        if (got != state::complete || beyond_limit_) {
            core::error why = refusal_of(got, head_);
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
        if (end == after::abort || line_.broken()) {
            line_.socket().abort();
            co_return;
        }
        if (end == after::cut) co_return;
        if (end == after::close) break;
        if (line_.socket().peer_gone() && !line_.socket().readable() && line_.input().empty()) co_return;
    }
    auto lingering = wire::h1::linger(line_);
    co_await std::move(lingering);
}

net::task<bool> session::shake_hands() {
    const auto deadline = core::after(home().loop.now(), home().view->shared->conf->limits.head_timeout);
    if (!line_.socket().tls().start_server(line_.socket(), peer_.listener().contexts[static_cast<std::size_t>(worker_.index())].get()))
        co_return false;
    for (;;) {
        const auto step = line_.socket().tls().handshake();
        if (step == net::io::ok) co_return true;
        if (step != net::io::again || line_.aborting()) co_return false;
        const auto why = co_await line_.sleeper().wait(deadline);
        if (why == net::woken::deadline || line_.aborting()) co_return false;
    }
}

net::task<state> session::await_head(bool first) {
    const auto& limits = home().view->shared->conf->limits;
    auto first_byte = first ? limits.head_timeout : limits.keepalive_timeout;
    if (beyond_limit_) first_byte = first_byte.count() > 0 ? std::min(first_byte, refused_within) : refused_within;
    return head_.wait(line_, {first_byte, limits.head_timeout, limits.request_head}, *this);
}

core::time_point session::falls_idle(core::time_point since, core::time_point deadline) {
    worker_.idle().add(*this, home().loop.now());
    return home().draining ? std::min(deadline, worker_.patience_with(since)) : deadline;
}

void session::wakes_up() { worker_.idle().remove(*this); }

// The head could not be understood, so neither can what follows: answer and close.
net::task<void> session::refuse_head(core::error why) {
    line_.refuse();
    auto refusing = exchange::refuse_connection(home(), line_, peer_, why);
    co_await std::move(refusing);
    auto lingering = wire::h1::linger(line_);
    co_await std::move(lingering);
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
