// What one request has to do with an object that its provider keeps; null for nearly every request.
// It decides nothing (policy/keys/object_owner.hpp does) and keeps nothing beyond the request (object_keeper.hpp does).
#pragma once

#include <memory>

#include "dialect/object_path.hpp"
#include "dialect/read/object_reader.hpp"
#include "exchange/translation/stored_turn.hpp"
#include "ledger/object_index.hpp"

namespace weir::exchange {

struct exchange_object {
    dialect::object_ask asked;
    ledger::object_ref known;                        ///< the object that the request is about; null: nobody knows who made it
    std::unique_ptr<dialect::object_reader> reader;  ///< of the answer at hand, while there is something to learn from it
    std::string made;                                ///< the id that the answer gave
    ledger::object_ref ours;                         ///< it, once the keeper knows; null: the id was somebody's before
    std::unique_ptr<stored_turn> turn;               ///< null: there is no store for responses, or it makes none

    /// Its answer tells what it cost.
    [[nodiscard]] bool awaits_usage() const { return known && known->owes; }
    [[nodiscard]] bool reads_answer() const { return asked.makes || awaits_usage(); }
};

}  // namespace weir::exchange
