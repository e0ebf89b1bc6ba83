// Who is at the other end of a connection, and behind it: what a balancer's PROXY header and a trusted proxy's X-Forwarded-For say.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "http/head.hpp"
#include "net/address.hpp"
#include "pools/listener_runtime.hpp"

namespace weir::exchange {

class peer {
public:
    explicit peer(std::shared_ptr<const pools::listener_runtime> on) : listener_(std::move(on)) {}

    void set(const net::address& other_end);
    /// The other end of the connection, or whom its PROXY header names.
    [[nodiscard]] std::string_view host() const { return {host_.data(), host_size_}; }
    /// Behind trusted proxies: whom X-Forwarded-For names. Valid until the next call.
    [[nodiscard]] std::string_view real_client(const http::field_list& fields);
    /// What it says about the client and itself (X-Forwarded-*) counts.
    [[nodiscard]] bool trusted() const { return trusted_; }
    [[nodiscard]] const pools::listener_runtime& listener() const { return *listener_; }

private:
    std::shared_ptr<const pools::listener_runtime> listener_;
    std::array<char, 46> host_{};
    std::uint8_t host_size_ = 0;
    bool trusted_ = false;
    std::unique_ptr<std::array<char, 46>> real_client_;  ///< made behind trusted proxies only
};

}  // namespace weir::exchange
