// Which descriptors connections may take. The last few numbers are for the admin address, health checks and files, so that whoever watches is
// answered and the ledger is written when clients and upstreams have all the others.
#pragma once

#include <algorithm>
#include <atomic>
#include <limits>

namespace weir::net {

/// Connections of clients and to upstreams get descriptors below this number only; the kernel gives the lowest that is free. Set once, before the
/// workers start.
inline std::atomic<int> connections_below{std::numeric_limits<int>::max()};

/// How many of `most` descriptors are kept from connections.
[[nodiscard]] constexpr int kept_from_connections(int most) { return std::clamp(most / 64, 16, 256); }

}  // namespace weir::net
