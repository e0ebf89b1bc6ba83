// Connections to one upstream from one worker: dial, keep idle ones, reuse them only when that is safe.
// It does not know what is asked over them, nor which upstream should be asked.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "net/resolver.hpp"
#include "net/settings.hpp"
#include "net/socket.hpp"
#include "net/task.hpp"
#include "net/tls_context.hpp"

namespace weir::net {

/// Where and how to connect; shared by all workers, never changed.
struct upstream_target {
    std::shared_ptr<resolved_name> name;
    bool tls = false;
    bool verify = true;
    std::string server_name;
    std::shared_ptr<SSL_CTX> context;
    std::string
        identity;  ///< equal identities may share connections: scheme, host, port, TLS settings and whom they trust, how long and how many are kept
    keepalive keep;
    /// Open ones, of all workers and of the targets before it that had its name: for metrics.
    std::shared_ptr<std::atomic<int>> connections = std::make_shared<std::atomic<int>>(0);
};

enum class dial_failure : std::uint8_t {
    none,
    name,
    connect,
    tls,
    timeout,
    cancelled,
    local,  ///< this machine has no descriptor or no memory left for it: the upstream is not to blame
};

struct dial_result {
    dial_failure why = dial_failure::none;
    std::string detail;  ///< for logs and the client's error: no secret in it
};

/// Whether somebody still waits for what is dialled. It is asked whenever the waiter wakes.
class dial_watch {
public:
    using question = bool (*)(const void* whom);
    dial_watch(const void* whom, question is_over) : whom_(whom), is_over_(is_over) {}
    /// Until the client has gone; null: there is none.
    dial_watch(const socket* client) : dial_watch(client, [](const void* s) { return s && static_cast<const socket*>(s)->peer_gone(); }) {}
    [[nodiscard]] bool ended() const { return is_over_(whom_); }

private:
    const void* whom_;
    question is_over_;
};

class upstream_connections;

/// One connection. Owned by an exchange while it is used, by upstream_connections while it is idle.
struct upstream_connection {
    upstream_connection() = default;
    upstream_connection(const upstream_connection&) = delete;
    upstream_connection& operator=(const upstream_connection&) = delete;
    ~upstream_connection() { count_for(nullptr); }
    void count_for(std::shared_ptr<const upstream_target> target) {
        if (counted_) counted_->connections->fetch_sub(1, std::memory_order_relaxed);
        counted_ = std::move(target);
        if (counted_) counted_->connections->fetch_add(1, std::memory_order_relaxed);
    }

    socket sock;
    bool reused = false;  ///< it has served a request before, so that the peer may have closed it meanwhile
    core::time_point idle_until{};

private:
    std::shared_ptr<const upstream_target> counted_;
};

class upstream_connections final : public idle_listener {
public:
    upstream_connections(reactor& r, std::shared_ptr<const upstream_target> target);
    ~upstream_connections() override;

    /// An idle connection, the one used last first; null when there is none that has been idle for `at_most` or less.
    [[nodiscard]] std::unique_ptr<upstream_connection> take_idle(core::duration at_most = core::duration::max());
    /// Opens a new one. `w` wakes the caller; when `watch` has ended, dialling ends with `cancelled`.
    [[nodiscard]] task<dial_result> dial(upstream_connection& into, waiter& w, dial_watch watch, core::time_point deadline);
    /// Keeps a connection whose last exchange ended exactly at a message boundary in both directions (the caller has made sure).
    void give_back(std::unique_ptr<upstream_connection> c);
    void on_idle_event(socket& s) override;
    void close_idle();
    void close_expired(core::time_point now);
    [[nodiscard]] std::size_t idle() const { return idle_.size(); }
    [[nodiscard]] const upstream_target& target() const { return *target_; }

private:
    [[nodiscard]] task<dial_result> connect_to(upstream_connection& c, const address& a, waiter& w, dial_watch watch, core::time_point deadline);
    [[nodiscard]] task<dial_result> secure(upstream_connection& c, waiter& w, dial_watch watch, core::time_point deadline);

    reactor& reactor_;
    std::shared_ptr<const upstream_target> target_;
    std::vector<std::unique_ptr<upstream_connection>> idle_;  ///< newest last
    ssl_session session_;
    std::shared_ptr<const resolved_name::list> addresses_;
    std::size_t next_address_ = 0;
};

}  // namespace weir::net
