// Listening sockets. Every worker polls them; who accepts hands the connection to the less loaded of two workers.
// It knows nothing of HTTP.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "net/address.hpp"
#include "net/inherited_sockets.hpp"
#include "net/reactor.hpp"

namespace weir::net {

/// One bound, listening descriptor, shared by the workers.
class listening_socket {
public:
    /// Throws std::system_error with the address in its text.
    explicit listening_socket(const std::string& where);
    /// One that was opened by somebody else for `where`.
    listening_socket(const std::string& where, inherited_socket adopted);
    ~listening_socket();
    listening_socket(const listening_socket&) = delete;
    listening_socket& operator=(const listening_socket&) = delete;
    [[nodiscard]] int fd() const { return fd_; }
    /// Connections are refused from now on; those that wait to be accepted are reset. A shared socket is left to whom it is
    /// shared with: connections wait for them. Any thread.
    void stop();
    /// Somebody else serves this socket too from now on.
    void share() { shared_.store(true); }
    [[nodiscard]] bool shared() const { return shared_.load(); }
    /// The bound address, with the port that the kernel chose.
    [[nodiscard]] std::string bound() const { return bound_; }

private:
    int fd_ = -1;
    std::string bound_;
    std::string unix_path_;
    std::atomic<bool> shared_{false};
};

/// One worker's view of a listening socket.
class acceptor final : public channel {
public:
    using handler = std::function<void(int descriptor, const address& peer)>;
    /// Whose connections they are: clients' get what net/descriptors.hpp leaves for connections, who watches the gateway may have any.
    enum class audience : std::uint8_t { clients, operators };
    /// `starved`: called when a connection waits and there is no descriptor or memory for it; what can be closed should be.
    acceptor(reactor& r, std::shared_ptr<listening_socket> socket, handler accepted, std::function<void()> starved = {},
             audience whose = audience::clients);
    ~acceptor() override { stop(); }
    void on_ready() override;
    /// Takes no more connections.
    void stop();

private:
    void rest();
    struct pause final : timer_node {
        acceptor* self = nullptr;
        void on_deadline() override;
    };
    reactor& reactor_;
    std::shared_ptr<listening_socket> socket_;
    handler accepted_;
    std::function<void()> starved_;
    pause pause_;
    audience whose_;
    bool polled_ = false;
};

}  // namespace weir::net
