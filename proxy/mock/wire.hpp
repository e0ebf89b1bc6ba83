// From an answer and a script to the bytes that go out, in the pieces and with the pauses they go out with.
// It does not write them (mock/connection.cpp does).
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "mock/answer.hpp"
#include "mock/script.hpp"

namespace weir::mock {

/// Pauses of a stream: before the first event, then between `least` and `most` before each further one.
struct timing {
    milliseconds first{150};
    milliseconds least{15};
    milliseconds most{40};
    [[nodiscard]] static timing none() { return {milliseconds{0}, milliseconds{0}, milliseconds{0}}; }
};

struct piece {
    milliseconds pause{0};  ///< before it
    std::string bytes;
    std::uint64_t times = 1;
    std::uint64_t events = 0;  ///< events that are complete with each repetition
};

struct plan_of_wire {
    std::vector<piece> pieces;
    std::optional<std::uint64_t> cut_at;  ///< bytes after which the script's ending comes
    bool closes = false;                  ///< the connection ends after it
    std::string body;                     ///< the body without framing; repeated events stand once, see body_repeats
    bool body_repeats = false;            ///< `body` is shorter than what goes out
};

/// `no_body`: the answer to HEAD. The random engine only spreads the pauses.
[[nodiscard]] plan_of_wire wire_of(const answer& what, const script& how, const timing& pace, bool no_body, std::minstd_rand& random);

}  // namespace weir::mock
