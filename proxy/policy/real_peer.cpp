#include "policy/real_peer.hpp"

#include <algorithm>

namespace weir::policy {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// Some balancers write 192.0.2.1:4711 and [2001:db8::1]:4711.
std::string_view without_port(std::string_view entry) {
    if (entry.starts_with('[')) {
        const auto end = entry.find(']');
        return end == std::string_view::npos ? entry : entry.substr(1, end - 1);
    }
    const auto colon = entry.find(':');
    const bool one_colon = colon != std::string_view::npos && entry.find(':', colon + 1) == std::string_view::npos;
    return one_colon ? entry.substr(0, colon) : entry;
}

}  // namespace

bool is_trusted(std::string_view address, std::span<const ip_block> trusted) {
    const auto ip = ip_address::parse(address);
    return ip && std::any_of(trusted.begin(), trusted.end(), [&](const auto& block) { return block.contains(*ip); });
}

std::string_view real_peer(std::string_view forwarded_for, std::string_view proxy, std::span<const ip_block> trusted) {
    std::string_view peer = proxy;
    while (true) {
        const auto comma = forwarded_for.rfind(',');
        const auto entry = without_port(trimmed(comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1)));
        if (!ip_address::parse(entry)) return peer;
        peer = entry;
        if (comma == std::string_view::npos || !is_trusted(entry, trusted)) return peer;
        forwarded_for = forwarded_for.substr(0, comma);
    }
}

}  // namespace weir::policy
