#include "exchange/session.hpp"

#include <exception>

#include "exchange/answers/local_reply.hpp"
#include "exchange/exchange_runner.hpp"
#include "telemetry/event_log.hpp"

namespace weir::exchange {
namespace {

// After a refusal the client may still be sending: closing at once would reset the connection and destroy the answer on its way
// (RFC 9112 section 9.6). So much is read and thrown away, for so long: enough for an upload that an upstream answered early.
constexpr std::size_t linger_bytes = std::size_t{64} << 20;
constexpr std::size_t linger_turn = 256 * 1024;  // then other connections of this worker are served
constexpr auto refused_within = std::chrono::seconds{2};
constexpr auto linger_time = std::chrono::seconds{2};

}  // namespace

session::session(worker& w, std::shared_ptr<const listener_runtime> on, bool beyond_limit)
    : worker_(w),
      listener_(std::move(on)),
      waiter_(w.loop()),
      beyond_limit_(beyond_limit),
      open_connections_(&w.metrics().connections(listener_->name)) {
    if (beyond_limit_) worker_.counts().refusing.fetch_add(1, std::memory_order_relaxed);
    open_connections_->add(1);
    worker_.counts().connections.fetch_add(1, std::memory_order_relaxed);
}

session::~session() {
    open_connections_->add(-1);
    worker_.counts().connections.fetch_sub(1, std::memory_order_relaxed);
    if (beyond_limit_) worker_.counts().refusing.fetch_sub(1, std::memory_order_relaxed);
}

void session::start(int descriptor, const net::address& peer) {
    set_peer(peer);
    if (!client_.open(worker_.loop(), descriptor)) {
        worker_.forget(*this);
        delete this;
        return;
    }
    client_.set_owner(&waiter_);
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
    if (failed) client_.abort();
    client_.close();
    worker_.forget(*this);
    delete this;
}

net::task<void> session::serve() {
    bool first = true;
    if (listener_->proxy_protocol) {
        auto taking = take_proxy_header();
        const bool taken = co_await std::move(taking);
        if (!taken) co_return;
    }
    if (!listener_->contexts.empty()) {
        auto hands = shake_hands();
        const bool shaken = co_await std::move(hands);
        if (!shaken && client_.heard_http()) {
            // As nginx does: who copied the base URL with http:// is told so.
            client_.drop_tls();
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
            const std::unique_ptr<exchange_runner> exchange{new exchange_runner{*this, head_size_}};
            serving_ = exchange.get();
            auto running = exchange->run();
            end = co_await std::move(running);
            serving_ = nullptr;
        }
        parsed_upto_ = 0;
        if (end == after::abort || broken_) {
            client_.abort();
            co_return;
        }
        if (end == after::cut) co_return;
        if (end == after::close) break;
        if (client_.peer_gone() && !client_.readable() && in_.empty()) co_return;
    }
    auto lingering = linger();
    co_await std::move(lingering);
}

net::task<bool> session::shake_hands() {
    const auto deadline = core::after(worker_.loop().now(), worker_.view()->shared->conf->limits.head_timeout);
    if (!client_.start_tls_server(listener_->contexts[static_cast<std::size_t>(worker_.index())].get())) co_return false;
    for (;;) {
        const auto step = client_.handshake();
        if (step == net::io::ok) co_return true;
        if (step != net::io::again || aborting_) co_return false;
        const auto why = co_await waiter_.wait(deadline);
        if (why == net::woken::deadline || aborting_) co_return false;
    }
}

session::head session::parse_input() {
    const auto& limits = worker_.view()->shared->conf->limits;
    const auto bytes = in_.view();
    // A head can only become complete, or be seen to be wrong, at a line end; the first bytes may show another protocol at once.
    const bool look = parsed_upto_ == 0 || bytes.find('\n', parsed_upto_) != std::string_view::npos || bytes.size() >= limits.request_head;
    if (!look) {
        parsed_upto_ = bytes.size();
        return head::closed;
    }
    worker_.request_scratch_owner = nullptr;
    const auto r = http::parse_request_head(bytes, limits.request_head, worker_.request_scratch);
    if (r.state == http::parse_state::done) {
        head_size_ = r.consumed;
        return head::complete;
    }
    if (r.state == http::parse_state::failed) {
        refusal_ = core::error{r.code, std::string{r.why}};
        return head::refused;
    }
    parsed_upto_ = bytes.size();
    return head::closed;  // not yet
}

// A body that is here already is read with its head, into memory that holds both: what came is what is paid for.
void session::make_room() {
    if (!in_.has_memory() && last_request_ > net::slab_size) {
        const std::size_t here = client_.available();
        if (here > net::slab_size) in_.reserve(std::min<std::size_t>(std::max<std::size_t>(here, last_request_), read_at_once) + net::padding);
    }
    in_.need_slab();
}

net::task<session::head> session::read_head(bool first) {
    const auto& limits = worker_.view()->shared->conf->limits;
    const auto head_limit = limits.request_head;
    auto deadline = core::after(worker_.loop().now(), first ? limits.head_timeout : limits.keepalive_timeout);
    const auto head_timeout = limits.head_timeout;
    if (beyond_limit_) deadline = std::min(deadline, worker_.loop().now() + refused_within);
    const auto waiting_since = worker_.loop().now();
    bool begun = false;
    if (!in_.empty()) {  // pipelined
        begun = true;
        deadline = core::after(worker_.loop().now(), head_timeout);
        if (const auto got = parse_input(); got != head::closed) co_return got;
    }
    for (;;) {
        if (client_.readable()) {
            make_room();
            if (in_.free_size() == 0) in_.reserve(head_limit + net::padding);
            const auto r = client_.read(in_.free_begin(), in_.free_size());
            if (r.what == net::io::ok) {
                in_.commit(r.bytes);
                if (!begun) {
                    begun = true;
                    // The whole head has this long, whatever trickles in (slow-head attacks reset nothing).
                    deadline = core::after(worker_.loop().now(), head_timeout);
                }
                if (const auto got = parse_input(); got != head::closed) co_return got;
                continue;
            }
            if (r.what != net::io::again) co_return head::closed;
        }
        if (aborting_) co_return head::closed;
        if (worker_.draining() && !begun) deadline = std::min(deadline, worker_.patience_with(waiting_since));
        in_.release_if_empty();
        wakes_on_drain_ = !begun;
        if (!begun) worker_.idle(*this);
        const auto why = co_await waiter_.wait(deadline);
        if (!begun) worker_.no_longer_idle(*this);
        wakes_on_drain_ = false;
        if (aborting_) co_return head::closed;
        if (why == net::woken::deadline) {
            if (!begun) co_return head::closed;
            refusal_ = core::error{core::code::client_timeout, "the request head did not arrive within limits.head_timeout"};
            co_return head::refused;
        }
    }
}

// The head could not be understood, so neither can what follows: answer and close.
net::task<void> session::refuse_head(core::error why) {
    auto refusing = refuse_connection(*this, why);
    co_await std::move(refusing);
    auto lingering = linger();
    co_await std::move(lingering);
}

net::task<void> session::linger() {
    const auto deadline = worker_.loop().tick() + linger_time;
    std::size_t thrown_away = 0;
    client_.shutdown_tls();
    if (!client_.is_tls()) client_.shutdown_write();
    in_.clear();
    in_.need_slab();
    for (;;) {
        while (client_.readable()) {
            const auto r = client_.read(in_.free_begin(), in_.free_size());
            if (r.what == net::io::again) break;
            thrown_away += r.bytes;
            if (r.what != net::io::ok || thrown_away > linger_bytes || worker_.loop().tick() >= deadline) co_return;
            if (thrown_away / linger_turn != (thrown_away - r.bytes) / linger_turn) co_await waiter_.yield();
        }
        if (client_.peer_gone() || aborting_) co_return;
        const auto why = co_await waiter_.wait(deadline);
        if (why == net::woken::deadline) co_return;
    }
}

bool session::write_some(net::gather& out) {
    while (!out.done() && client_.writable()) {
        const auto r = client_.write(out.pieces());
        if (r.what == net::io::again) return true;
        if (r.what != net::io::ok) {
            broken_ = true;
            return false;
        }
        out.advance(r.bytes);
    }
    return true;
}

net::task<bool> session::flush(net::gather& out, core::time_point deadline) {
    bool alive = write_some(out);
    while (alive && !out.done()) {
        const auto why = co_await waiter_.wait(deadline);
        if (aborting_ || why == net::woken::deadline) co_return false;
        alive = write_some(out);
    }
    co_return alive;
}

void session::drain() {
    if (wakes_on_drain_) waiter_.interrupt();
}

void session::end(core::code why) {
    if (serving_)
        serving_->end_now(why);
    else
        abort();
}

void session::abort() {
    aborting_ = true;
    waiter_.interrupt();
}

}  // namespace weir::exchange
