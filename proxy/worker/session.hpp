// One client connection: proxy header, TLS, heads, keep-alive and pipelining in order. It parses heads; what a request means is the exchange's
// business (exchange/exchange.hpp).
#pragma once

#include <memory>

#include "exchange/home.hpp"
#include "exchange/peer.hpp"
#include "net/proxy_protocol.hpp"
#include "net/task.hpp"
#include "wire/h1/next_head.hpp"
#include "worker/worker.hpp"

namespace weir::exchange {
class exchange;
}

namespace weir::worker {

class session final : private wire::h1::idle_watch {
public:
    /// `beyond_limit`: it is open only to be told, when it asks, that there are too many connections.
    session(worker& w, std::shared_ptr<const pools::listener_runtime> on, bool beyond_limit = false);
    ~session() override;

    /// Takes over an accepted descriptor and starts to serve it; the session deletes itself when the connection ends.
    void start(int descriptor, const net::address& peer);

    /// Ends an idle connection, or lets a busy one end after its current exchange.
    void drain();
    /// Ends it soon: a request that is being served gets its last words, everything else is aborted.
    void end(core::code why);
    /// Ends it now.
    void abort();

    session* next = nullptr;
    session* previous = nullptr;
    session* idle_next = nullptr;  ///< the worker's list of those that wait for a request, longest first
    session* idle_previous = nullptr;
    core::time_point idle_since{};

private:
    net::detached live();
    [[nodiscard]] net::task<void> serve();
    [[nodiscard]] net::task<bool> shake_hands();
    [[nodiscard]] net::task<bool> take_proxy_header();
    [[nodiscard]] net::proxy_header peek_proxy_header();
    [[nodiscard]] net::task<wire::h1::next_head::state> await_head(bool first);
    [[nodiscard]] core::time_point falls_idle(core::time_point since, core::time_point deadline) override;
    void wakes_up() override;
    [[nodiscard]] net::task<void> refuse_head(core::error why);
    [[nodiscard]] exchange::home& home() const { return worker_.lends(); }

    worker& worker_;
    wire::h1::client_line line_;
    wire::h1::next_head head_;
    exchange::peer peer_;
    bool beyond_limit_ = false;
    exchange::exchange* serving_ = nullptr;
    telemetry::gauge* open_connections_ = nullptr;
};

}  // namespace weir::worker
