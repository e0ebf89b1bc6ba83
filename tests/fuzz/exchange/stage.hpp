// Plays a scene on a real worker, in one thread and without a network: the client's end and the upstreams' ends are socket pairs, and between
// two turns of the worker's event loop the stage reads what came and sends the next piece.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "fuzz/exchange/scene.hpp"

namespace weir::fuzz {

/// What an upstream received on one connection, and what it was for.
struct upstream_record {
    std::string got;
    std::vector<std::size_t> answers;  ///< of its requests in order: indices into `played::answers`
};

struct given_answer {
    const answer_plan* plan = nullptr;
    int request = -1;            ///< the number that its request's path names; -1: none
    std::size_t client_had = 0;  ///< final answers that the client had begun to get when the request came
    bool too_soon = false;       ///< its request came before the connection's last answer was sent
    bool sent = false;           ///< to its end
};

/// All that was seen from outside.
struct played {
    std::string client_got;
    bool client_left = false;  ///< on its own, before it had everything
    std::vector<upstream_record> connections;
    std::vector<given_answer> answers;
    int connections_left = 0;     ///< of clients, by the worker's own count, at the end
    std::size_t bodies_left = 0;  ///< bytes of request bodies that it still holds
    int leases_left = 0;          ///< requests that it still counts as being at an upstream
};

[[nodiscard]] played play(const scene& what);

}  // namespace weir::fuzz
