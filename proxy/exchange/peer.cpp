#include "exchange/peer.hpp"

#include <string>

#include "policy/real_peer.hpp"

namespace weir::exchange {
namespace {

std::string joined_forwarded_for(const http::field_list& fields) {
    std::string all;
    for (const auto& f : fields) {
        if (f.id != http::field_id::other || !http::iequals(f.name, "x-forwarded-for")) continue;
        if (!all.empty()) all += ',';
        all += f.value;
    }
    return all;
}

}  // namespace

void peer::set(const net::address& other_end) {
    host_size_ = static_cast<std::uint8_t>(net::write_host(other_end, host_.data()));
    trusted_ = !listener_->trusted.empty() && policy::is_trusted(host(), listener_->trusted);
}

std::string_view peer::real_client(const http::field_list& fields) {
    if (!trusted_) return host();
    const auto all = joined_forwarded_for(fields);
    const auto found = policy::real_peer(all, host(), listener_->trusted);
    // Kept as it is matched: the log and the key's networks must see the same address.
    const auto same = net::literal(found, 0);
    if (!same) return host();
    if (!real_client_) real_client_ = std::make_unique<std::array<char, 46>>();
    return {real_client_->data(), net::write_host(*same, real_client_->data())};
}

}  // namespace weir::exchange
