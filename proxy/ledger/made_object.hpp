// What providers keep for the keys that asked them: a stored response, a video, a batch. Who made it, where, and whether its usage is still to come.
#pragma once

#include <cstdint>
#include <string>

#include "ledger/row.hpp"
#include "usage/counts.hpp"
#include "usage/money.hpp"

namespace weir::ledger {

struct made_object {
    std::string id;
    std::string key, pool, upstream;
    std::string endpoint;             ///< its label
    std::string request_id;           ///< of the request that made it
    std::string model, served_model;  ///< as asked, as sent
    std::int64_t time_ms = 0;         ///< when it was made, since the Unix epoch
    bool owes = false;                ///< its usage has not been reported
    usage::counts booked;             ///< what was charged for it so far: the estimate
    usage::nanousd booked_cost = 0;
};

/// How charging usage that came late ended.
enum class late_charge : std::uint8_t {
    charged,
    not_due,  ///< another process has charged it, or it is not known
    failed,   ///< the database cannot be written now
};

}  // namespace weir::ledger
