// The sockets that this process listens on: inherited or bound anew, kept over reloads, handed to a successor. It accepts nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/conf.hpp"
#include "core/clock.hpp"
#include "net/inherited_sockets.hpp"
#include "net/listener.hpp"
#include "net/tls_context.hpp"
#include "pools/listener_runtime.hpp"

namespace weir::app {

/// A listener's certificate, as it is shown to clients.
struct served_certificate {
    std::string file;
    core::wall_time expires{};
};

class bound_sockets {
public:
    using list = std::vector<std::shared_ptr<const pools::listener_runtime>>;

    explicit bound_sockets(net::inherited_sockets given) : given_(std::move(given)), tickets_(net::random_ticket_keys()) {}

    /// The listeners of a conf, for so many workers. Sockets of addresses that stay are kept, so that a reload drops no connection that waits to be
    /// accepted. Throws std::system_error and net::tls_error; nothing has changed then.
    [[nodiscard]] list make(const config::conf& c, std::size_t workers);
    /// These are served from now on; returns those that were.
    list use(list next) { return std::exchange(listeners_, std::move(next)); }
    /// Connections keep the listener that they came by: of `before`, what is served no more is stopped, or the kernel would go on to take
    /// connections that nobody accepts.
    void stop_unserved(const list& before) const;
    void stop_listeners();
    [[nodiscard]] const list& listeners() const { return listeners_; }
    /// Of the listeners, port 0 resolved.
    [[nodiscard]] std::vector<std::string> addresses() const;
    /// Those that the listeners show, each file once; `of` is the conf that the listeners were made of. What stands in a file that was
    /// written after that is not in use.
    [[nodiscard]] std::vector<served_certificate> certificates(const config::conf& of) const;

    /// Binds it. Throws std::system_error.
    std::shared_ptr<net::listening_socket> open_admin(const std::string& address);
    void close_admin() { admin_.reset(); }

    /// What was inherited and has been asked for by no address of the conf: it is closed, with a warning.
    void close_unwanted();
    [[nodiscard]] const net::inherited_sockets& given() const { return given_; }

    /// Every one, for a successor.
    [[nodiscard]] std::vector<net::handed_socket> to_hand_over() const;
    /// A successor serves them too from now on.
    void share();

private:
    [[nodiscard]] std::shared_ptr<net::listening_socket> listen_on(std::string_view role, const std::string& address);

    net::inherited_sockets given_;
    net::ticket_keys tickets_;
    list listeners_;
    std::string admin_address_;  ///< as it was written when it was bound
    std::shared_ptr<net::listening_socket> admin_;
};

}  // namespace weir::app
