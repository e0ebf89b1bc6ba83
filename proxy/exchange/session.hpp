// One client connection: TLS, heads, keep-alive and pipelining in order. It parses heads and frames bodies; what a request means is the
// exchange's business (exchange_runner.hpp).
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "exchange/worker.hpp"
#include "net/buffer.hpp"
#include "net/gather.hpp"
#include "net/proxy_protocol.hpp"
#include "net/socket.hpp"
#include "net/task.hpp"

namespace weir::exchange {

class exchange_runner;

class session {
public:
    /// `beyond_limit`: it is open only to be told, when it asks, that there are too many connections.
    session(worker& w, std::shared_ptr<const listener_runtime> on, bool beyond_limit = false);
    ~session();

    /// Takes over an accepted descriptor and starts to serve it; the session deletes itself when the connection ends.
    void start(int descriptor, const net::address& peer);

    // For the exchange, on the worker's thread.
    worker& home() { return worker_; }
    net::socket& client() { return client_; }
    net::waiter& sleeper() { return waiter_; }
    net::buffer& input() { return in_; }
    /// A sized request, head and body: the next one is likely as large, and is read in one piece where it is there already.
    void note_request_size(std::uint64_t bytes) { last_request_ = bytes <= read_at_once ? static_cast<std::uint32_t>(bytes) : 0; }
    /// The other end of the connection, or whom its PROXY header names.
    [[nodiscard]] std::string_view peer_host() const { return {peer_host_.data(), peer_host_size_}; }
    /// Behind trusted proxies: whom X-Forwarded-For names. Valid until the next call.
    [[nodiscard]] std::string_view real_client(const http::field_list& fields);
    [[nodiscard]] const listener_runtime& listener() const { return *listener_; }
    /// What it says about the client and itself (X-Forwarded-*) counts.
    [[nodiscard]] bool peer_trusted() const { return peer_trusted_; }
    [[nodiscard]] bool aborting() const { return aborting_; }

    /// Sends what it can now. False: the client is gone. Call again, through flush(), while !out.done().
    [[nodiscard]] bool write_some(net::gather& out);
    /// Sends everything; false: the client is gone or `deadline` passed.
    [[nodiscard]] net::task<bool> flush(net::gather& out, core::time_point deadline);

    /// Whether drain() wakes the sleeper: for an exchange that may end early.
    void wake_on_drain(bool yes) { wakes_on_drain_ = yes; }
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
    enum class head : std::uint8_t { complete, closed, refused };
    static constexpr std::uint32_t read_at_once = 128 * 1024;

    net::detached live();
    [[nodiscard]] net::task<void> serve();
    [[nodiscard]] net::task<bool> shake_hands();
    [[nodiscard]] net::task<bool> take_proxy_header();
    [[nodiscard]] net::proxy_header peek_proxy_header();
    void set_peer(const net::address& peer);
    [[nodiscard]] net::task<head> read_head(bool first);
    [[nodiscard]] net::task<void> refuse_head(core::error why);
    [[nodiscard]] net::task<void> linger();
    [[nodiscard]] head parse_input();
    void make_room();

    worker& worker_;
    std::shared_ptr<const listener_runtime> listener_;
    net::waiter waiter_;
    net::socket client_;
    net::buffer in_;
    std::size_t head_size_ = 0;
    std::size_t parsed_upto_ = 0;  ///< bytes of in_ that are known to hold no whole head
    core::error refusal_;
    std::array<char, 46> peer_host_{};
    std::uint32_t last_request_ = 0;  ///< bytes; 0: larger than read_at_once, or unknown
    std::uint8_t peer_host_size_ = 0;
    bool peer_trusted_ = false;
    bool wakes_on_drain_ = false;  ///< between two requests, and in tunnels
    bool aborting_ = false;
    bool beyond_limit_ = false;
    bool broken_ = false;  ///< a write failed: what the client has got is not known
    exchange_runner* serving_ = nullptr;
    telemetry::gauge* open_connections_ = nullptr;
    std::unique_ptr<std::array<char, 46>> real_client_;  ///< made behind trusted proxies only
};

}  // namespace weir::exchange
