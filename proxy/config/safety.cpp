#include "config/safety.hpp"

#include <arpa/inet.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "config/address.hpp"
#include "config/suggest.hpp"

namespace weir::config {
namespace {

std::string_view host_of(std::string_view address) {
    auto host = address.substr(0, address.rfind(':'));
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return host;
}

bool is_loopback(std::string_view host) { return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "::1"; }

// 10/8, 172.16/12, 192.168/16, 169.254/16, 100.64/10 (RFC 1918, 3927, 6598).
bool is_private_v4(const std::string& host, bool& is_address) {
    in_addr parsed{};
    is_address = ::inet_pton(AF_INET, host.c_str(), &parsed) == 1;
    const auto bits = ntohl(parsed.s_addr);
    const auto in = [&](std::uint32_t net, int length) { return bits >> (32 - length) == net >> (32 - length); };
    return is_address && (in(0x0A000000, 8) || in(0xAC100000, 12) || in(0xC0A80000, 16) || in(0xA9FE0000, 16) || in(0x64400000, 10));
}

// The host's own provider speaks this; without it the first request fails.
struct known_host {
    std::string_view host;
    dialect::kind speaks;
};
constexpr std::array<known_host, 3> known_hosts{{{"api.openai.com", dialect::kind::openai},
                                                 {"api.anthropic.com", dialect::kind::anthropic},
                                                 {"generativelanguage.googleapis.com", dialect::kind::gemini}}};

void check_open_listeners(const conf& what, const mentions& seen) {
    if (!what.keys.empty()) return;
    for (const auto& pool : what.pools)
        for (const auto& up : pool.upstreams) {
            if (up.api_key.empty()) continue;
            for (const mention& listener : seen.listener_addresses) {
                const auto same = [&](const auto& l) { return l.address == listener.name && l.tls && !l.tls->client_ca.empty(); };
                if (!is_open(listener.name) || std::any_of(what.listeners.begin(), what.listeners.end(), same)) continue;
                listener.where.warn("address: who reaches " + in_quotes(listener.name) + " spends the api_key of " + in_quotes(up.name) +
                                    ", since there are no keys; add keys, or listen on 127.0.0.1");
            }
            return;
        }
}

void check_open_admin(const conf& what, const mentions& seen) {
    if (!what.admin_token.empty() || seen.admin_token_written) return;
    for (const mention& admin : seen.admin_address)
        if (is_open(admin.name))
            admin.where.warn("address: who reaches " + in_quotes(admin.name) +
                             " reads metrics and status, and nobody can change anything, since there is no "
                             "token; add one (or token: off, if that is meant), or listen on 127.0.0.1");
}

}  // namespace

bool is_this_machine(std::string_view address) { return address.starts_with("unix:") || is_loopback(host_of(address)); }

bool is_open(std::string_view listen_address) {
    in_addr v4{};
    const std::string host{host_of(listen_address)};
    return !is_this_machine(listen_address) && (::inet_pton(AF_INET, host.c_str(), &v4) == 1 || is_ipv6(host));
}

bool is_public(std::string_view host) {
    if (is_loopback(host)) return false;
    bool is_address = false;
    if (is_private_v4(std::string{host}, is_address)) return false;
    if (is_address) return true;
    if (is_ipv6(host)) return !(host.starts_with("fe80:") || host.starts_with("fc") || host.starts_with("fd"));
    // Container and service names, and the domains that no registry gives away.
    constexpr std::array<std::string_view, 9> own{".local", ".internal", ".lan", ".home.arpa", ".svc", ".test", ".example", ".invalid", ".intranet"};
    if (host.find('.') == std::string_view::npos) return false;
    return std::none_of(own.begin(), own.end(), [&](auto suffix) { return host.ends_with(suffix); });
}

void warn_of_upstream(const upstream_conf& upstream, const value& url) {
    const bool secret = !upstream.api_key.empty();
    if (secret && upstream.scheme == "http" && is_public(upstream.host))
        url.warn("url: the api_key goes to " + in_quotes(upstream.host) + " in the clear; start the url with https://");
}

void warn_of_dialect(const pool_conf& pool, const value& at, const std::optional<value>& written) {
    for (const auto& up : pool.upstreams)
        for (const auto& known : known_hosts) {
            if (up.host != known.host || pool.dialect == known.speaks) continue;
            // OpenAI's dialect is what others speak too, below a path of its own or beside their own: who writes it means it.
            const bool compatible = pool.dialect == dialect::kind::openai && (written || up.base_path.find("openai") != std::string::npos);
            if (compatible) continue;
            const std::string theirs{dialect::name_of(known.speaks)}, text = in_quotes(up.host) + " speaks " + theirs + "; set dialect: " + theirs;
            if (written)
                written->warn("dialect: " + text);
            else
                at.warn_at_key("the pool " + in_quotes(pool.name) + " says no dialect, and " + text);
            return;
        }
}

void warn_of_key_file(const value& at, const std::string& path) {
    struct stat facts{};
    if (::stat(path.c_str(), &facts) == 0 && (facts.st_mode & S_IROTH) != 0)
        at.warn(at.name() + ": everybody on this machine can read " + in_quotes(path) + "; chmod o= it");
}

void check_safety(const conf& what, const mentions& seen) {
    check_open_listeners(what, seen);
    check_open_admin(what, seen);
}

}  // namespace weir::config
