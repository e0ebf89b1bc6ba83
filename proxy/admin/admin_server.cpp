#include "admin/admin_server.hpp"

#include <algorithm>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "admin/connection.hpp"
#include "net/listener.hpp"
#include "net/reactor.hpp"

namespace weir::admin {
namespace {

constexpr std::size_t connections_at_once = 64;

/// All connections, on the loop's thread.
class hall final : public admin_room {
public:
    hall(net::reactor& l, admin_handlers h) : admin_room(l, std::move(h)) {}

    void accepted(int descriptor) {
        if (all_.size() >= connections_at_once) close_one();
        all_.push_back(std::make_unique<connection>(*this));
        all_.back()->start(descriptor);
    }
    // There is always room for one more: a flood of idle or slow connections must not keep out who watches the gateway.
    void close_one() {
        if (!close_idle()) all_.front()->end();
    }
    // The one that was answered longest ago. False: all are being answered.
    bool close_idle() {
        const auto idle = std::find_if(all_.begin(), all_.end(), [](const auto& one) { return one->can_go(); });
        if (idle == all_.end()) return false;
        (*idle)->end();
        return true;
    }
    void retire() {
        retired = true;
        for (auto* one : everyone()) one->retire();
    }
    void end_all() {
        for (auto* one : everyone()) one->end();
    }
    [[nodiscard]] bool empty() const { return all_.empty(); }

    void answered(connection& who) override { all_.splice(all_.end(), all_, place_of(who)); }
    void left(connection& who) override { all_.erase(place_of(who)); }

private:
    using list = std::list<std::unique_ptr<connection>>;

    [[nodiscard]] list::iterator place_of(const connection& who) {
        return std::find_if(all_.begin(), all_.end(), [&who](const auto& one) { return one.get() == &who; });
    }
    /// Each of them may leave when it is told something, and no other.
    [[nodiscard]] std::vector<connection*> everyone() const {
        std::vector<connection*> out;
        for (const auto& one : all_) out.push_back(one.get());
        return out;
    }

    list all_;  ///< the one that was answered longest ago comes first
};

}  // namespace

class admin_server::server {
public:
    server(std::shared_ptr<net::listening_socket> socket, admin_handlers handlers)
        : address_(socket->bound()), listening_(std::move(socket)), hall_(loop_, std::move(handlers)) {}
    ~server() { stop(); }

    [[nodiscard]] const std::string& address() const { return address_; }
    void start();
    void retire();
    void stop();

private:
    void stop_when_empty();

    net::reactor loop_;
    std::string address_;
    std::shared_ptr<net::listening_socket> listening_;
    hall hall_;
    std::unique_ptr<net::acceptor> acceptor_;
    std::mutex stopping_;
    std::thread thread_;
};

void admin_server::server::start() {
    const std::scoped_lock lock(stopping_);
    if (thread_.joinable() || !listening_) return;
    acceptor_ = std::make_unique<net::acceptor>(
        loop_, listening_, [this](int descriptor, const net::address&) { hall_.accepted(descriptor); }, [this] { hall_.close_idle(); },
        net::acceptor::audience::operators);
    thread_ = std::thread([this] { loop_.run(); });
}

void admin_server::server::retire() {
    const std::scoped_lock lock(stopping_);
    if (!thread_.joinable()) return;
    loop_.post([this] {
        acceptor_.reset();
        hall_.retire();
    });
}

void admin_server::server::stop() {
    const std::scoped_lock lock(stopping_);
    if (thread_.joinable()) {
        loop_.post([this] {
            acceptor_.reset();
            hall_.end_all();
            stop_when_empty();
        });
        thread_.join();
    }
    listening_.reset();
}

// One that lets others run first is gone a turn later.
void admin_server::server::stop_when_empty() {
    if (hall_.empty())
        loop_.stop();
    else
        loop_.post([this] { stop_when_empty(); });
}

admin_server::admin_server(const std::string& address, admin_handlers handlers)
    : admin_server(std::make_shared<net::listening_socket>(address), std::move(handlers)) {}
admin_server::admin_server(std::shared_ptr<net::listening_socket> socket, admin_handlers handlers)
    : server_(std::make_unique<server>(std::move(socket), std::move(handlers))) {}
admin_server::~admin_server() = default;
std::string admin_server::address() const { return server_->address(); }
void admin_server::start() { server_->start(); }
void admin_server::retire() { server_->retire(); }
void admin_server::stop() { server_->stop(); }

}  // namespace weir::admin
