// The rows of the ledger's file, one per request, and beside them what each key spent in each hour: these sums outlive the rows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ledger/database/connection.hpp"
#include "ledger/database/number_table.hpp"
#include "ledger/database/object_table.hpp"
#include "ledger/database/row_table.hpp"
#include "ledger/row.hpp"

namespace weir::ledger {

class request_table {
public:
    /// What a row made goes to `made`, up to when rows were deleted stands among `numbers`.
    request_table(connection& in, number_table& numbers, object_table& made) : file_(in), numbers_(numbers), objects_(made) {}

    /// Once the schema is there.
    [[nodiscard]] verdict prepare(std::string& why);
    /// Before the file is closed.
    void release();

    /// Inside a transaction, which must be rolled back where this fails. A row whose `seq` is there already changes nothing. The rows' bytes
    /// must live until this returns.
    [[nodiscard]] verdict insert(std::span<const row> rows, std::string& why);

    /// What `key` spent since then (milliseconds since the Unix epoch). From the sums by hour, which outlive the rows that `remove_before`
    /// deletes; only the first hour is read row by row.
    [[nodiscard]] verdict spent_since(std::string_view key, std::int64_t since_ms, std::int64_t& nanousd, std::string& why);

    /// Deletes at most `most` rows older than `before_ms`, and remembers that; `deleted` says how many. Outside a transaction.
    [[nodiscard]] verdict remove_before(std::int64_t before_ms, std::int64_t most, std::int64_t& deleted, std::string& why);

    /// Older rows were deleted; 0: none ever.
    [[nodiscard]] verdict removed_before(std::int64_t& time_ms, std::string& why);

private:
    [[nodiscard]] verdict insert_batch(std::span<const row> rows, std::int64_t& inserted, std::string& why);
    [[nodiscard]] verdict insert_one_by_one(std::span<const row> rows, std::string& why);
    [[nodiscard]] verdict add_to_hours(std::span<const row> rows, std::string& why);

    connection& file_;
    number_table& numbers_;
    object_table& objects_;
    arriving_rows arriving_;  // the connection sees it until it is closed
    statement insert_, add_hour_;
};

}  // namespace weir::ledger
