// listeners, admin, workers, limits: what weir itself listens to and holds.
#include <algorithm>
#include <thread>

#include "config/address.hpp"
#include "config/pem_files.hpp"
#include "config/safety.hpp"
#include "config/sections.hpp"

namespace weir::config {

namespace {

std::optional<std::string> listen_address(section& from) {
    const auto v = from.require("address");
    return v ? v->as(parse_listen_address) : std::nullopt;
}

void read_hosts(section& from, std::vector<std::string>& into) {
    if (const auto list = from.find("hosts"))
        for (const value& item : list->items(true))
            if (auto name = item.as(parse_host_name)) into.push_back(std::move(*name));
}

bool lets_the_system_choose(std::string_view address) { return address.ends_with(":0"); }

/// A required file of a TLS section, checked; empty when it is not usable.
template <class Check>
std::string checked_file(section& from, std::string_view key, std::string& target, const Check& check) {
    const auto v = from.require(key);
    const auto path = v ? v->path() : std::nullopt;
    if (!path) return {};
    target = *path;
    return report_verdict(*v, *path, check(*path)) ? *path : std::string{};
}

net::tls_server_settings read_server_tls(const value& from) {
    net::tls_server_settings tls;
    section s{from, tables::listener_tls};
    const auto now = from.in().now;
    const std::string certificate =
        checked_file(s, "certificate", tls.certificate, [&](const auto& path) { return check_certificate_file(path, now); });
    const std::string key = checked_file(s, "private_key", tls.private_key, check_key_file);
    if (!key.empty()) warn_of_key_file(*s.find("private_key"), key);
    if (!certificate.empty() && !key.empty() && !key_fits_certificate(key, certificate))
        s.require("private_key")->error("private_key: the key does not belong to the certificate");
    if (const auto ca = s.find("client_ca"))
        if (const auto path = ca->path(); path && report_verdict(*ca, *path, check_ca_file(*path))) tls.client_ca = *path;
    s.choice<std::string>("min_version", tls.min_version, {"1.2", "1.3"});
    s.finish();
    return tls;
}

}  // namespace

void read_listeners(const value& from, conf& into, mentions& seen) {
    for (const value& item : from.items()) {
        section s{item, tables::listener};
        net::listener_settings listener;
        if (const auto address = listen_address(s)) {
            listener.address = *address;
            const value where = *s.find("address");
            const auto same = [&](const mention& other) { return other.name == *address; };
            if (!lets_the_system_choose(*address) && std::any_of(seen.listener_addresses.begin(), seen.listener_addresses.end(), same))
                where.refuse("is already the address of another listener");
            seen.listener_addresses.push_back({*address, where});
        }
        if (const auto tls = s.find("tls")) listener.tls = read_server_tls(*tls);
        if (const auto trusted = s.find("trusted_proxies"))
            for (const value& block : trusted->items())
                if (auto parsed = block.as(parse_client_block)) {
                    if (parsed->ends_with("/0"))
                        block.warn("trusted_proxies: " + in_quotes(*parsed) +
                                   " is everybody: each client may say who it is; name the proxies' addresses");
                    listener.trusted_proxies.push_back(std::move(*parsed));
                }
        read_hosts(s, listener.hosts);
        s.flag("proxy_protocol", listener.proxy_protocol);
        s.finish();
        into.listeners.push_back(std::move(listener));
    }
}

void read_admin(const value& from, conf& into, mentions& seen) {
    section s{from, tables::admin};
    if (const auto v = s.find("address"))
        if (const auto address = v->as(parse_listen_address)) {
            into.admin_address = *address;
            seen.admin_address.push_back({*address, *v});
        }
    read_hosts(s, into.admin_hosts);
    if (const auto v = s.find("token")) {
        seen.admin_token_written = true;
        // Said on purpose: whoever reaches the address may look, and nobody changes anything.
        if (v->raw() == "off" || v->raw() == "false")
            into.admin_token = {};
        else if (auto token = v->secret())
            into.admin_token = std::move(*token);
    }
    s.finish();
}

void read_workers(const value& from, conf& into) {
    if (from.raw() == "auto") return;
    const auto number = from.integer();
    if (!number) return;
    into.workers = static_cast<int>(*number);
    // Each is a thread that is always busy or asleep; more than there are cores only take turns.
    constexpr std::int64_t at_most_per_core = 4;
    const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
    if (*number > at_most_per_core * cores)
        from.warn("workers: this machine has " + std::to_string(cores) + " cores; write auto for as many workers");
}

void read_limits(const value& from, conf& into, mentions& seen) {
    section s{from, tables::limits};
    net::limits& limits = into.limits;
    s.size("request_head", limits.request_head);
    s.size("request_body", limits.request_body);
    s.size("buffered_bodies", limits.buffered_bodies);
    s.size("event", limits.event);
    s.size("collected", limits.collected);
    s.integer("connections", limits.connections);
    s.duration("event_loop_delay", limits.event_loop_delay);
    s.duration("head_timeout", limits.head_timeout);
    s.duration("body_timeout", limits.body_timeout);
    s.duration("keepalive_timeout", limits.keepalive_timeout);
    s.duration("drain_timeout", limits.drain_timeout);
    s.flag("normalize_paths", limits.normalize_paths);
    if (const auto v = s.find("request_body")) seen.request_body.push_back({"request_body", *v});
    if (const auto v = s.find("buffered_bodies")) seen.buffered_bodies.push_back({"buffered_bodies", *v});
    s.finish();
}

}  // namespace weir::config
