// The PROXY protocol, versions 1 and 2 (HAProxy, "The PROXY protocol", sections 2.1 and 2.2): what a balancer in front says about
// whose connection this is. It reads nothing from a socket and believes nothing: the caller decides whom to trust.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/address.hpp"

namespace weir::net {

struct proxy_header {
    enum class state : std::uint8_t { need_more, done, failed };
    state is = state::need_more;
    std::size_t size = 0;           ///< with done: bytes that belong to the header
    std::optional<address> source;  ///< none: LOCAL, UNKNOWN or no internet address; the connection's own counts
    std::string_view why = {};      ///< with failed: static text
};

/// Beyond so many bytes a header is refused: far more than an address and the usual extensions need.
inline constexpr std::size_t longest_proxy_header = 2048;

/// Reads the header at the start of `bytes`; call again with more when it needs more.
[[nodiscard]] proxy_header read_proxy_header(std::string_view bytes);

}  // namespace weir::net
