// What a failed attempt means for its upstream: it is counted, it rests, it is asked whether its credential still holds.
#pragma once

#include "exchange/attempt/attempt.hpp"
#include "exchange/request.hpp"
#include "policy/upstreams/retry.hpp"

namespace weir::exchange {

/// Once for each attempt that failed.
policy::judgement note_failure(request& of, attempt& failed);

}  // namespace weir::exchange
