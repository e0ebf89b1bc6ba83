// Decides what a request is answered: from what arrived and its script to the bytes that are to go out, refusals among them. It does not send them
// (mock/connection.cpp does). Private to mock/.
#pragma once

#include <optional>
#include <random>
#include <string>

#include "mock/call.hpp"
#include "mock/options.hpp"
#include "mock/script.hpp"
#include "mock/shelf.hpp"
#include "mock/wire.hpp"

namespace weir::mock {

/// Why a request gets an error instead of its answer.
struct refusal {
    int status = 0;
    std::string message;  ///< for the client, in the shape that its dialect gives errors
};

/// What a provider with these settings and this script refuses by itself; none when all is well.
[[nodiscard]] std::optional<refusal> refusal_of(const received& what, const options& settings, const script& how);

struct reply {
    int status = 0;
    mock::answer answer;  ///< what would have been said, also where something else is sent
    script how;           ///< as it came, with what a refusal changed
    plan_of_wire plan;
};

/// One for all connections; every thread may use it at once.
class responder {
public:
    /// `settings` must outlive it.
    explicit responder(const options& settings) : settings_(settings) {}

    /// A script that names a status is obeyed, whatever is wrong with the request. The random engine only spreads the pauses.
    [[nodiscard]] reply reply_to(const received& what, script how, std::minstd_rand& random);

private:
    [[nodiscard]] answer answer_for(const received& what, const script& how);

    const options& settings_;
    shelf shelf_;
};

}  // namespace weir::mock
