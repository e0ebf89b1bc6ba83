// Rows in memory as a table that SQLite reads: `INSERT INTO requests SELECT * FROM arriving` moves a whole batch with one
// step of one statement, at half the price of binding each row (bench/ledger shows both).
// It knows the columns of a row, nothing of transactions (connection.hpp does).
#pragma once

#include <sqlite3.h>

#include <span>
#include <string>
#include <string_view>

#include "ledger/row.hpp"

namespace weir::ledger {

/// The columns of one row, in the order of the table; the same for the table and for the pending rows of readers.
[[nodiscard]] std::string_view columns_sql();  ///< "seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, …"

/// Their names alone; a table of a later weir has more.
[[nodiscard]] const std::string& column_names();  ///< "seq, time, …"

/// What the table `arriving` of one connection shows. Set `rows` before the statement runs; their bytes must outlive it.
struct arriving_rows {
    std::span<const row> rows;
};

/// Makes the table known to `db`; `from` must outlive the connection. False: out of memory.
[[nodiscard]] bool add_arriving_table(sqlite3* db, arriving_rows& from);

}  // namespace weir::ledger
