// A request that is being served, and one that went wrong, as an operator sees them. Made on the worker's thread, shown on another.
#pragma once

#include <cstdint>
#include <string>

#include "core/clock.hpp"
#include "usage/money.hpp"

namespace weir::exchange {

struct open_request {
    std::string request_id, client, key, endpoint, model, pool, upstream;
    bool stream = false;
    std::int64_t age_ms = 0;
    std::int64_t output_tokens = 0;  ///< as counted so far
    usage::nanousd cost = 0;         ///< so far; 0 as long as it is not known
};

struct recent_error {
    core::wall_time time{};
    std::string request_id, key, model, pool, upstream, code;
    int status = 0;
};

}  // namespace weir::exchange
