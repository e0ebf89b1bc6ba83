// Who is at the other end when proxies stand between: X-Forwarded-For read from the right, past every proxy that is trusted. What
// stands left of the first address that is not trusted may be anything its sender liked, and is not looked at.
#pragma once

#include <span>
#include <string_view>

#include "policy/ip_block.hpp"

namespace weir::policy {

/// Whether `address` lies in one of the blocks; what is no address does not.
[[nodiscard]] bool is_trusted(std::string_view address, std::span<const ip_block> trusted);

/// The client's address in an X-Forwarded-For value that the trusted `proxy` sent, without port and brackets: the rightmost one
/// that is not trusted, or the leftmost when all are. An entry that is no address ends the search: the last proxy before it
/// stands for what is behind it.
[[nodiscard]] std::string_view real_peer(std::string_view forwarded_for, std::string_view proxy, std::span<const ip_block> trusted);

}  // namespace weir::policy
