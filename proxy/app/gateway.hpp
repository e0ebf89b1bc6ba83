// The whole gateway: workers, listeners, admin endpoints, health checks; start, reload, drain. The wiring diagram of the data plane.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/conf.hpp"
#include "net/inherited_sockets.hpp"

namespace weir::app {

class gateway {
public:
    /// Sockets that were opened for this process are used for the addresses of the conf that they fit.
    explicit gateway(std::shared_ptr<const config::conf> conf, net::inherited_sockets given = {});
    ~gateway();
    gateway(const gateway&) = delete;
    gateway& operator=(const gateway&) = delete;

    /// Binds, then serves. Throws std::exception with a message for people: address in use, unusable certificate.
    void start();
    /// Swaps the conf whole. Throws and keeps the old one when the new one cannot be used.
    void reload(std::shared_ptr<const config::conf> conf);
    /// Remembers that a reload failed (weir_conf_last_reload_successful).
    void reload_failed();
    /// Reopens log files.
    void reopen_logs();
    /// Bound addresses in the order of conf.listeners, port 0 resolved.
    [[nodiscard]] std::vector<std::string> addresses() const;
    [[nodiscard]] std::string admin_address() const;
    /// Every listening socket, for a successor.
    [[nodiscard]] std::vector<net::handed_socket> sockets() const;
    /// A successor is about to be started: what it must be told, beside its sockets. Until keep_on() operators can change nothing of it here.
    [[nodiscard]] std::string begin_hand_over();
    /// No successor came up.
    void keep_on();
    /// A successor serves the sockets now: they stay open for it when this gateway drains.
    void hand_over();
    /// Moves what is settled into the ledger, so that a successor's budgets begin with it.
    void flush_ledger();
    /// Whether every worker has come round its event loop since the last call (the first call: true).
    [[nodiscard]] bool workers_turn();

    /// Stops accepting, lets running requests end within limits.drain_timeout, stops. `give_up` is polled; true ends it at once.
    void drain_and_stop(const std::function<bool()>& give_up = {});

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace weir::app
