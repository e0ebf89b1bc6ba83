// One worker's own copy of what a request needs from the conf: turns and connections of each pool. Requests in flight keep the one they began with.
#pragma once

#include <memory>
#include <vector>

#include "policy/upstreams/balancer.hpp"
#include "pools/snapshot.hpp"
#include "wire/upstream_stream.hpp"

namespace weir::pools {

/// One worker's way to a pool.
struct pool_view {
    const pool_runtime* pool = nullptr;
    policy::balancer balancer;
    std::vector<policy::pool_member> members;
    std::vector<std::shared_ptr<wire::links>> connections;
};

struct worker_view {
    std::shared_ptr<const snapshot> shared;
    std::vector<pool_view> pools;
};

}  // namespace weir::pools
