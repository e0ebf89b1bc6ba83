// The admin address: /metrics, /healthz, /readyz, /status, /api/…, from a thread of its own, so that it answers
// also while the workers are busy. It knows no conf and no metric: what it shows comes from its handlers.
#pragma once

#include <memory>
#include <string>

#include "admin/handlers.hpp"

namespace weir::net {
class listening_socket;
}

namespace weir::admin {

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
