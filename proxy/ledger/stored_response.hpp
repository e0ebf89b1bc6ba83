// One answer that a client may go on from (`previous_response_id`), as it is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace weir::ledger {

struct stored_response {
    std::string id;            ///< as the client got it
    std::string key;           ///< the name of the key that made it; empty: there are no keys
    std::string model;         ///< as the client called it
    std::int64_t time_ms = 0;  ///< since the Unix epoch
    std::string input;         ///< all items that it answers, those of the turns before it included: JSON values with commas between them
    std::string document;      ///< the response itself, with its output
};

using stored_ref = std::shared_ptr<const stored_response>;

}  // namespace weir::ledger
