// The admin address of a gateway: what operators may see of its parts and do to them, put together from admin/.
#pragma once

#include <memory>
#include <string>

#include "admin/admin_api.hpp"
#include "admin/admin_server.hpp"
#include "admin/meter_audit.hpp"
#include "admin/operations.hpp"
#include "app/books.hpp"
#include "app/crew.hpp"
#include "app/in_force.hpp"

namespace weir::app {

class admin_side {
public:
    /// The parts that are shown; they outlive this.
    struct subject {
        const in_force& now;
        telemetry::metrics& metrics;
        exchange::process_counts& counts;
        const books& kept;
        const crew& workers;
    };
    explicit admin_side(const subject& of);

    /// Once there are workers. `note`: what a predecessor said (begin_hand_over()); empty: nothing.
    void make_desk(const std::string& note);
    /// Serves this socket from start() on. After make_desk().
    void open(std::shared_ptr<net::listening_socket> socket);
    void start() { server_->start(); }
    /// Another process serves the address.
    void retire() { server_->retire(); }
    void stop() { server_->stop(); }
    /// Compares what upstreams report with what weir counts; now and then.
    void audit() { audit_.look(of_.metrics, core::clock::now()); }

    [[nodiscard]] admin::operations& desk() { return *desk_; }
    [[nodiscard]] admin::admin_api& api() { return *api_; }
    /// Bound, port 0 resolved; empty before open().
    [[nodiscard]] std::string address() const { return server_ ? server_->address() : std::string{}; }

private:
    [[nodiscard]] admin::process_facts facts() const;
    [[nodiscard]] bool ready(std::string& why) const;
    void add_sources();

    subject of_;
    std::unique_ptr<admin::operations> desk_;
    std::unique_ptr<admin::admin_api> api_;
    std::unique_ptr<admin::admin_server> server_;
    admin::meter_audit audit_;
};

}  // namespace weir::app
