// Where an attempt goes: what it leaves behind is told with its own place.
#pragma once

#include <string_view>

#include "policy/made_names.hpp"
#include "pools/snapshot.hpp"

namespace weir::exchange {

struct place {
    const pools::pool_runtime* pool = nullptr;
    const pools::upstream_runtime* to = nullptr;
    std::string_view model;  ///< as it is asked for there
};

/// The n-th upstream of a pool, for a candidate that calls the model so: the upstream may call it something else.
[[nodiscard]] inline place place_in(const pools::pool_runtime& pool, std::size_t n, std::string_view model, policy::made_names& made) {
    const auto& to = pool.upstreams[n];
    return {&pool, &to, to.conf->rename.empty() ? model : to.conf->rename.of(model, made)};
}

}  // namespace weir::exchange
