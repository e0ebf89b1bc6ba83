// Where a request goes that names no model. It does not know what made an object or which dialect a pool speaks: both are told.
#pragma once

#include <cstddef>
#include <optional>

#include "policy/route_table.hpp"

namespace weir::policy {

/// To the pool that made the object that it is about, else by the route for everything, else to the first pool that speaks its dialect. Null:
/// nowhere.
[[nodiscard]] inline const route* route_without_model(const route_table& routes, std::optional<std::size_t> made_in,
                                                      std::optional<std::size_t> first_that_speaks) {
    if (made_in) return &routes.only_to(*made_in);
    if (const auto* all = routes.find({})) return all;
    return first_that_speaks ? &routes.only_to(*first_that_speaks) : nullptr;
}

}  // namespace weir::policy
