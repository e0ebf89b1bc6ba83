// What requests made at their providers, over all lives of a ledger: whose it is, and usage that comes after the request's own row.
// Any thread; each function waits for the database. object_index.hpp has those of late in memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "ledger/database/shared_database.hpp"
#include "ledger/fault_reports.hpp"
#include "ledger/made_object.hpp"
#include "ledger/row_mover.hpp"
#include "ledger/sequence_numbers.hpp"

namespace weir::ledger {

class object_store {
public:
    object_store(shared_database& in, row_mover& rows, const instances& numbers, fault_reports& faults)
        : database_(in), rows_(rows), numbers_(numbers), faults_(faults) {}

    /// As far as the row of the request that made it has been moved. Nothing where nobody made it, it was forgotten, or the database cannot be
    /// read (reported).
    [[nodiscard]] std::optional<made_object> find(std::string_view id);

    /// Those made since then whose usage is still to come, the oldest first. Fewer where the database cannot be read (reported).
    [[nodiscard]] std::vector<made_object> owed(core::wall_time since, std::size_t most);

    /// Books usage that came late and writes `what` as a row of its own, both or neither. Its seq and code are given here.
    [[nodiscard]] late_charge charge_late(row what, const object_booking& booking);

    /// Deletes those that were made more than `keep` before `now`, in steps. A failure is reported, and the next call goes on.
    void forget(std::chrono::hours keep, core::wall_time now);

private:
    shared_database& database_;
    row_mover& rows_;
    const instances& numbers_;
    fault_reports& faults_;
    std::uint64_t late_rows_ = 0;  // since the start; while the database is locked
};

}  // namespace weir::ledger
