// An answer's head on its way from an upstream to the client: which fields cross, what they say of the body, and how it is read and charged.
#pragma once

#include <string_view>

#include "exchange/answer/answer.hpp"
#include "exchange/attempt/outgoing.hpp"
#include "exchange/request.hpp"
#include "http/head.hpp"

namespace weir::exchange {

/// What a 429 or 503 says of when to come back.
struct pause_told {
    std::string retry_after, retry_after_ms;
};

/// `head`'s fields point into the answer's window; afterwards everything that is needed of them stands in `in` and `pause`.
void read_answer_head(request& of, answer& in, const outgoing& what, const http::response_head& head, pause_told& pause);

/// What weir says of itself beneath the upstream's fields, before the answer goes out. `decided`: what it costs is known.
void write_own_fields(request& of, answer& in, bool decided);

}  // namespace weir::exchange
