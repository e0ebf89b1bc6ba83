// What a request may cost before anybody is asked, and which candidates of its route have a price. Of conf and route alone: no socket, no clock.
#pragma once

#include <cstddef>
#include <string_view>

#include "config/conf.hpp"
#include "policy/route.hpp"
#include "usage/counts.hpp"

namespace weir::exchange {

struct quote {
    usage::nanousd dearest = 0;  ///< of all candidates, at the dearest of their upstreams
    bool priced = false;         ///< some candidate has a price at each of its upstreams
    std::string_view to_price;   ///< the name of the first candidate that has none, as it would be sent
};

/// Whichever upstream of the candidate's pool took the request, there would be a price. `asked`: the name that the client wrote.
[[nodiscard]] bool has_price(const config::conf& of, const policy::candidate& to, std::string_view asked, policy::made_names& made);

/// Of the route's first `candidates` places, for `answers` to one request (`n`). Names in it live as long as the route, `asked` and `made` do.
[[nodiscard]] quote quote_for(const config::conf& of, const policy::route& route, std::size_t candidates, std::string_view asked,
                              policy::made_names& made, const usage::counts& expected, std::int64_t answers = 1);

}  // namespace weir::exchange
