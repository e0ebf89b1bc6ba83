#include "policy/web_guard.hpp"

#include <algorithm>

#include "policy/ip_block.hpp"

namespace weir::policy {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool ends_with(std::string_view text, std::string_view end) { return text.size() >= end.size() && same(text.substr(text.size() - end.size()), end); }

struct authority {
    std::string_view host;  ///< without brackets and without the dot that ends a whole name
    std::string_view port;  ///< empty: none
};

authority take_apart(std::string_view text) {
    authority out;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return out;
        out.host = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
        if (text.starts_with(':')) out.port = text.substr(1);
        return out;
    }
    const auto colon = std::min(text.find(':'), text.size());
    out.host = text.substr(0, colon);
    if (out.host.ends_with('.')) out.host.remove_suffix(1);
    if (colon < text.size()) out.port = text.substr(colon + 1);
    return out;
}

// Browsers take every name that ends in a number for an address, so that no site can have it: 127.1 is one, too.
bool is_loopback_number(std::string_view host) {
    constexpr std::string_view net = "127.";
    return host.starts_with(net) && host.size() > net.size() && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_loopback_name(std::string_view host) {
    if (same(host, "localhost") || ends_with(host, ".localhost") || is_loopback_number(host)) return true;
    if (host.find(':') == std::string_view::npos) return false;
    static const ip_block own_v4 = *ip_block::parse("127.0.0.0/8"), own_v6 = *ip_block::parse("::1");
    const auto address = ip_address::parse(host);
    return address && (own_v4.contains(*address) || own_v6.contains(*address));
}

bool is_named(const host_rules& rules, std::string_view host) {
    return std::any_of(rules.names.begin(), rules.names.end(), [&](const auto& one) { return same(one, host); });
}

std::string_view default_port(std::string_view scheme) { return same(scheme, "https") ? "443" : "80"; }

// Only what browsers give to pages that came over the network. The rest (app://, file://, tauri://, extensions) are programs of this machine.
bool is_web_scheme(std::string_view scheme) { return same(scheme, "http") || same(scheme, "https") || same(scheme, "ftp"); }

// `for_message`: what a client says is repeated up to a length.
std::string quoted(std::string_view for_message) {
    constexpr std::size_t most = 200;
    return "'" + std::string{for_message.substr(0, most)} + "'";
}

}  // namespace

bool is_loopback_host(std::string_view host) { return is_loopback_name(take_apart(host).host); }

bool allows_host(const host_rules& rules, std::string_view host) {
    if (!rules.loopback_only || host.empty()) return true;
    const auto said = take_apart(host).host;
    return is_loopback_name(said) || is_named(rules, said);
}

core::error check_host(const host_rules& rules, std::string_view host) {
    if (allows_host(rules, host)) return {};
    return {core::code::host_not_allowed,
            "this address is on loopback, and weir asks for no keys here, so it answers to localhost and loopback addresses only, not to " +
                quoted(host) + ": if that is its name, write it into the listener's hosts, or set keys"};
}

core::error check_page(const host_rules& rules, const cors_settings* cors, std::string_view origin, std::string_view host) {
    if (origin.empty() || (cors && allows_origin(*cors, origin))) return {};
    constexpr std::string_view after_scheme = "://";
    const auto colon = origin.find(after_scheme);
    if (colon != std::string_view::npos && colon > 0) {
        const auto scheme = origin.substr(0, colon);
        if (!is_web_scheme(scheme)) return {};
        const auto from = take_apart(origin.substr(colon + after_scheme.size()));
        const auto here = take_apart(host);
        const auto usual = default_port(scheme);
        const auto port_of = [&](const authority& a) { return a.port.empty() ? usual : a.port; };
        const bool own = !from.host.empty() && same(from.host, here.host) && port_of(from) == port_of(here);
        // Another site's name may lead here, an address or a name that never leaves the machine cannot.
        if (own && (is_loopback_name(from.host) || ip_address::parse(from.host) || is_named(rules, from.host))) return {};
    }
    return {core::code::origin_not_allowed,
            "pages of " + quoted(origin) +
                " may not call this weir: it asks for no keys, so any page could spend its owner's money. Its conf must name the "
                "origin in cors.origins, or set keys"};
}

}  // namespace weir::policy
