#include "app/bound_sockets.hpp"

#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "admin/admin_api.hpp"
#include "telemetry/event_log.hpp"

namespace weir::app {
namespace {

std::optional<core::wall_time> end_of(const SSL_CTX* context) {
    const X509* const leaf = SSL_CTX_get0_certificate(context);
    std::tm utc{};
    if (!leaf || ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &utc) != 1) return std::nullopt;
    return core::wall_clock::from_time_t(::timegm(&utc));
}

}  // namespace

std::shared_ptr<net::listening_socket> bound_sockets::listen_on(std::string_view role, const std::string& address) {
    if (const auto adopted = given_.take(role, address)) return std::make_shared<net::listening_socket>(address, *adopted);
    return std::make_shared<net::listening_socket>(address);
}

bound_sockets::list bound_sockets::make(const config::conf& c, std::size_t workers) {
    list made;
    for (const auto& settings : c.listeners) {
        auto l = std::make_shared<pools::listener_runtime>();
        l->name = settings.address;
        l->proxy_protocol = settings.proxy_protocol;
        l->hosts = {settings.hosts, admin::is_loopback(settings.address)};
        for (const auto& written : settings.trusted_proxies)
            if (const auto block = policy::ip_block::parse(written)) l->trusted.push_back(*block);
        if (settings.tls)
            for (std::size_t i = 0; i < workers; ++i) l->contexts.push_back(net::make_server_context(*settings.tls, tickets_, settings.address));
        for (const auto& old : listeners_)
            if (old->name == settings.address) l->socket = old->socket;
        if (!l->socket) l->socket = listen_on("listener", settings.address);
        made.push_back(std::move(l));
    }
    return made;
}

void bound_sockets::stop_unserved(const list& before) const {
    for (const auto& old : before) {
        const auto stays = [&](const auto& now) { return now->socket == old->socket; };
        if (std::none_of(listeners_.begin(), listeners_.end(), stays)) old->socket->stop();
    }
}

void bound_sockets::stop_listeners() {
    for (const auto& l : listeners_) l->socket->stop();
    listeners_.clear();
}

std::vector<std::string> bound_sockets::addresses() const {
    std::vector<std::string> out;
    for (const auto& l : listeners_) out.push_back(l->socket->bound());
    return out;
}

std::vector<served_certificate> bound_sockets::certificates(const config::conf& of) const {
    std::vector<served_certificate> out;
    for (std::size_t i = 0; i < std::min(listeners_.size(), of.listeners.size()); ++i) {
        if (!of.listeners[i].tls || listeners_[i]->contexts.empty()) continue;
        const auto expires = end_of(listeners_[i]->contexts.front().get());
        const auto& file = of.listeners[i].tls->certificate;
        const auto same = [&](const served_certificate& other) { return other.file == file; };
        if (expires && std::none_of(out.begin(), out.end(), same)) out.push_back({file, *expires});
    }
    return out;
}

std::shared_ptr<net::listening_socket> bound_sockets::open_admin(const std::string& address) {
    admin_address_ = address;
    admin_ = listen_on("admin", address);
    return admin_;
}

void bound_sockets::close_unwanted() {
    for (const auto& rest : given_.close_rest())
        telemetry::log(telemetry::level::warn,
                       "was started with a socket on " + rest + " that no listener of the conf has as its address; it is closed");
}

std::vector<net::handed_socket> bound_sockets::to_hand_over() const {
    std::vector<net::handed_socket> out;
    for (const auto& l : listeners_) out.push_back({"listener", l->name, l->socket->fd(), l->socket->shared()});
    if (admin_) out.push_back({"admin", admin_address_, admin_->fd(), admin_->shared()});
    return out;
}

void bound_sockets::share() {
    for (const auto& l : listeners_) l->socket->share();
    if (admin_) admin_->share();
}

}  // namespace weir::app
