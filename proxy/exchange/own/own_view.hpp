// What weir knows of itself for its own answers: which models its upstreams list, and where clients reach it.
#pragma once

#include <string>

#include "net/task.hpp"

namespace weir::exchange {

struct request;

/// Where only the upstreams know what is served, they are asked, and the caller waits; not long, since a list without them is better than none.
[[nodiscard]] net::task<void> learn_served_models(request& of);

/// Where the client reached weir: what a trusted proxy in front says, else what it looks like from here.
[[nodiscard]] std::string own_origin(request& of);

}  // namespace weir::exchange
