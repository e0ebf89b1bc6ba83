// The server behind mock::provider: its port, its threads, and who is let in. What a connection does, mock/connection.cpp says.
#include "mock/provider.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>
#include <thread>

#include "mock/connection.hpp"

namespace weir::mock {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

namespace {

/// "127.0.0.1:0" or "[::1]:8080".
tcp::endpoint endpoint_from(const std::string& address) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos) throw std::runtime_error("mock provider: no port in address " + address);
    auto host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    error_code failed;
    const auto ip = asio::ip::make_address(host, failed);
    if (failed) throw std::runtime_error("mock provider: not an IP address: " + host);
    return {ip, static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))};
}

}  // namespace

class provider::server {
public:
    explicit server(options settings) : state_(std::move(settings)) {}
    ~server() { stop(); }

    void start();
    void stop();

    provider_state state_;
    std::atomic<int> port_{0};
    std::atomic<door> door_{door::open};
    std::atomic<std::uint64_t> accepted_{0};

private:
    asio::awaitable<void> accept_loop();
    void admit(tcp::socket socket);
    void make_tls();

    std::unique_ptr<asio::io_context> context_;
    std::optional<asio::ssl::context> tls_;
    std::optional<tcp::acceptor> acceptor_;
    std::vector<std::thread> threads_;
};

void provider::server::make_tls() {
    const auto& given = *state_.settings.tls;
    tls_.emplace(asio::ssl::context::tls_server);
    tls_->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    tls_->use_certificate_chain(asio::buffer(given.certificate));
    tls_->use_private_key(asio::buffer(given.private_key), asio::ssl::context::pem);
    static constexpr unsigned char session_context[] = "weir-mock";
    SSL_CTX_set_session_id_context(tls_->native_handle(), session_context, sizeof session_context - 1);
    if (given.client_ca.empty()) return;
    tls_->add_certificate_authority(asio::buffer(given.client_ca));
    tls_->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
}

void provider::server::start() {
    if (context_) return;
    try {
        if (state_.settings.tls) make_tls();
        auto where = endpoint_from(state_.settings.address);
        if (port_ != 0) where.port(static_cast<std::uint16_t>(port_.load()));
        context_ = std::make_unique<asio::io_context>();
        acceptor_.emplace(*context_, where, true);
        acceptor_->listen(4096);
        port_ = acceptor_->local_endpoint().port();
    } catch (const boost::system::system_error& failed) {
        acceptor_.reset();
        context_.reset();
        throw std::runtime_error("mock provider " + state_.settings.name + ": " + failed.what());
    }
    asio::co_spawn(*context_, accept_loop(), asio::detached);
    for (int i = 0; i < std::max(1, state_.settings.threads); ++i) threads_.emplace_back([this] { context_->run(); });
}

void provider::server::stop() {
    if (!context_) return;
    context_->stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    acceptor_.reset();
    context_.reset();  // with it go the connections' coroutines and sockets
    state_.books.cut_running();
}

asio::awaitable<void> provider::server::accept_loop() {
    error_code failed;
    while (acceptor_->is_open()) {
        const auto strand = asio::make_strand(*context_);
        tcp::socket socket = co_await acceptor_->async_accept(strand, asio::redirect_error(asio::use_awaitable, failed));
        if (!failed) admit(std::move(socket));
    }
}

void provider::server::admit(tcp::socket socket) {
    error_code ignored;
    const auto number = ++accepted_;
    state_.books.wake();
    switch (door_.load()) {
        case door::open: serve_connection(state_, std::move(socket), tls_ ? &*tls_ : nullptr, number); return;
        case door::reset:
            // Closed here: a socket's destructor takes the linger of 0 back and says FIN.
            socket.set_option(asio::socket_base::linger{true, 0}, ignored);
            socket.close(ignored);
            return;
        case door::close: return;
        case door::silent:
            // The timer keeps the socket: whoever waits for a word must give up by itself.
            auto held = std::make_shared<tcp::socket>(std::move(socket));
            auto timer = std::make_shared<asio::steady_timer>(*context_, std::chrono::minutes{10});
            timer->async_wait([held, timer](error_code) {});
            return;
    }
}

// --- provider

provider::provider(options settings) : server_(std::make_unique<server>(std::move(settings))) {}
provider::~provider() = default;

void provider::start() { server_->start(); }
void provider::stop() { server_->stop(); }
int provider::port() const { return server_->port_; }
const std::string& provider::name() const { return server_->state_.settings.name; }

std::string provider::url() const {
    const auto& address = server_->state_.settings.address;
    return (server_->state_.settings.tls ? "https://" : "http://") + address.substr(0, address.rfind(':')) + ':' + std::to_string(port());
}

void provider::once(script how, std::string path_contains) { server_->state_.books.once(std::move(how), std::move(path_contains)); }
void provider::on(chooser choose) { server_->state_.books.on(std::move(choose)); }
void provider::always(script how) { server_->state_.books.always(std::move(how)); }
void provider::set_door(door how) { server_->door_ = how; }

std::vector<call> provider::calls() const { return server_->state_.books.calls(); }
std::size_t provider::call_count() const { return server_->state_.books.call_count(); }
std::uint64_t provider::connections() const { return server_->accepted_; }
std::uint64_t provider::open_connections() const { return server_->state_.open_connections; }
void provider::forget() { server_->state_.books.forget(); }

bool provider::wait_for(const std::function<bool(const std::vector<call>&)>& enough, milliseconds limit) const {
    return server_->state_.books.wait_for(enough, limit);
}

}  // namespace weir::mock
