// The admin address: /metrics, /healthz, /readyz, /status, /api/…, from a thread of its own, so that it answers
// also while the workers are busy. It knows no conf and no metric: what it shows comes from its handlers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "telemetry/exposition.hpp"

namespace weir::net {
class listening_socket;
}

namespace weir::admin {

struct admin_request;
struct admin_reply;

/// Called on the admin thread, one at a time. One that throws makes a 500.
struct admin_handlers {
    std::function<std::string(telemetry::exposition)> metrics;
    std::function<bool(std::string& why)> ready;  ///< false: `why` says in words what is missing
    std::function<std::string()> status_json;
    std::function<admin_reply(const admin_request&)> api = {};   ///< everything below /api/ (admin_api.hpp); empty: /api/status alone
    std::function<bool(std::string_view host)> knows_host = {};  ///< whether requests with this `Host` get a page; empty: all do
    std::function<std::string()> live = {};                      ///< the data of each event of an SSE stream
};

class admin_server {
public:
    /// Binds HOST:PORT, [V6]:PORT or unix:/path. Throws std::system_error with "cannot listen on ADDRESS" in its text.
    admin_server(const std::string& address, admin_handlers handlers);
    admin_server(std::shared_ptr<net::listening_socket> socket, admin_handlers handlers);
    ~admin_server();
    admin_server(const admin_server&) = delete;
    admin_server& operator=(const admin_server&) = delete;

    /// The bound address, port 0 resolved.
    [[nodiscard]] std::string address() const;

    /// Starts to accept; connections made since the constructor are served then.
    void start();
    /// Accepts no more; connections end after the answer that is under way. Another process serves the socket.
    void retire();
    /// Closes every connection and the listener. For good: there is no start() after it.
    void stop();

private:
    class server;
    std::unique_ptr<server> server_;
};

}  // namespace weir::admin
