// What others keep in a ledger over a restart: its name, small numbers by name, what was learned of models. What they mean is their business.
// Any thread; each function waits for the database.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "ledger/database/shared_database.hpp"
#include "ledger/fault_reports.hpp"
#include "ledger/kept_models.hpp"

namespace weir::ledger {

class kept_numbers {
public:
    kept_numbers(shared_database& in, const fault_reports& faults) : database_(in), faults_(faults) {}

    /// A number that names this ledger for as long as its file exists: `fresh` when it has none yet, or the database refuses (reported).
    [[nodiscard]] std::int64_t identity(std::int64_t fresh);

    /// What is kept under `name`; 0: nothing, or it cannot be read (reported).
    [[nodiscard]] std::int64_t number(std::string_view name);
    /// False: it could not be written.
    bool keep(std::string_view name, std::int64_t value);

    /// Of all models, from any start of this ledger. Fewer where they cannot be read (reported).
    [[nodiscard]] std::vector<kept_model> models();
    /// All of them or, where that could not be written, none: false. Others stay as they are.
    bool keep_models(const std::vector<kept_model>& learned);

private:
    shared_database& database_;
    const fault_reports& faults_;
};

}  // namespace weir::ledger
