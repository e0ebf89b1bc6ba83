// The ledger's SQLite file: a connection and the tables in it, one class per subject. Who uses it asks the table.
// It does not know journals (row_mover.hpp, spend.hpp do). One thread at a time: shared_database.hpp sees to it.
#pragma once

#include <string>

#include "ledger/database/connection.hpp"
#include "ledger/database/model_table.hpp"
#include "ledger/database/number_table.hpp"
#include "ledger/database/object_table.hpp"
#include "ledger/database/request_table.hpp"
#include "ledger/fault_reports.hpp"

namespace weir::ledger {

class database {
public:
    database() = default;
    ~database() { close(); }
    database(const database&) = delete;
    database& operator=(const database&) = delete;

    /// Opens or makes the file and its schema. Not `fine`: nothing can be asked of it, and `why` says what is wrong.
    [[nodiscard]] verdict open(const std::string& path, std::string& why);
    void close();

    /// Keeps the damaged file under another name and begins a new one in its place. `why` says what the damage is, and then what is wrong
    /// where the new one cannot be used either. Told to `faults`.
    [[nodiscard]] verdict begin_anew(std::string& why, const fault_reports& faults);

    connection file;
    number_table numbers{file};
    model_table models{file};
    object_table objects{file};
    request_table requests{file, numbers, objects};
};

}  // namespace weir::ledger
