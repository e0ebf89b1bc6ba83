// Charges usage that comes after the request that caused it: to the budgets of who made the object, to the ledger, to the metrics.
// It learns of none itself (object_keeper.hpp hands it over), and is for one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dialect/read/object_reader.hpp"
#include "exchange/objects/latest_snapshot.hpp"
#include "ledger/object_index.hpp"
#include "ledger/object_store.hpp"

namespace weir::exchange {

/// What came late, for the metrics.
struct late_spend {
    std::string key, model_label, pool;
    usage::counts usage;      ///< how much more, or less, than was charged before
    usage::nanousd cost = 0;  ///< likewise
};

class late_charger {
public:
    enum class outcome : std::uint8_t {
        done,       ///< charged, or there was nothing to charge
        try_again,  ///< the ledger cannot be written now; nothing was charged
    };

    /// `books`: null: nothing outlives the process. `tell`: hears what was charged; may be empty. All of them outlive this.
    late_charger(const latest_snapshot& current, ledger::object_store* books, std::function<void(late_spend)> tell);

    /// `usages`: all that is known of the object by now, by model; empty: nothing new. `over`: more will not come, so that it owes nothing any more
    /// (where `usages` is empty too, what was charged for it stands). Charges the difference to what was charged before, and notes it in `of`.
    [[nodiscard]] outcome charge(const ledger::object_ref& of, const std::vector<dialect::model_usage>& usages, bool over);

private:
    struct bill;
    [[nodiscard]] static bill bill_for(const pools::snapshot& s, const ledger::made_object& what, const std::vector<dialect::model_usage>& usages);
    [[nodiscard]] ledger::late_charge book(const ledger::row& row, const ledger::object_booking& booking, const policy::key* maker,
                                           core::wall_time now) const;

    const latest_snapshot& current_;
    ledger::object_store* books_;
    std::function<void(late_spend)> tell_;
};

}  // namespace weir::exchange
