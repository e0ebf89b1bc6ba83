// The ledger's SQLite file: its schema, inserting rows, and the questions asked of it.
// It does not know journals (ledger.hpp, spend.hpp do). One thread at a time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/kept_models.hpp"
#include "ledger/made_object.hpp"
#include "ledger/row.hpp"
#include "ledger/row_table.hpp"

namespace weir::ledger {

/// How a call to the database ended.
enum class verdict {
    fine,
    retry,    ///< busy, disk full, I/O error: nothing was changed, later it may work
    corrupt,  ///< the file is damaged or no database
    foreign,  ///< a database that is not a ledger, or one of a newer weir
};

/// A prepared statement, finalised when it goes.
class statement {
public:
    statement() = default;
    statement(sqlite3* db, std::string_view sql);
    ~statement();
    statement(statement&& other) noexcept;
    statement& operator=(statement&& other) noexcept;

    [[nodiscard]] bool ready() const { return handle_ != nullptr; }
    void bind(int index, std::int64_t value);
    void bind(int index, std::string_view value);  ///< the bytes must live until `reset`
    [[nodiscard]] int step();                      ///< SQLITE_ROW, SQLITE_DONE or an error
    void reset();
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string text(int column) const;

private:
    sqlite3_stmt* handle_ = nullptr;
};

/// What changes of an object when late usage is charged; only where `booked_before` still holds and usage is due.
struct object_booking {
    std::string_view id;
    usage::nanousd booked_before = 0, booked_after = 0;
    bool still_owed = false;
};

class database {
public:
    database() = default;
    ~database();
    database(const database&) = delete;
    database& operator=(const database&) = delete;

    /// Opens or makes the file and its schema. `why` says what is wrong.
    [[nodiscard]] verdict open(const std::string& path, std::string& why);
    void close();

    [[nodiscard]] verdict begin(std::string& why);
    /// Inside a transaction. A row whose `seq` is there already changes nothing. Their bytes must live until this returns.
    [[nodiscard]] verdict insert(std::span<const row> rows, std::string& why);
    [[nodiscard]] verdict commit(std::string& why);
    void rollback();

    /// Whether something could be written now: nobody else keeps the database locked. Outside a transaction.
    [[nodiscard]] verdict probe(std::string& why);

    /// A number that no earlier start of this ledger had, at least `at_least`.
    [[nodiscard]] verdict next_instance(std::int64_t at_least, std::int64_t& out, std::string& why);

    /// The number kept under `name`; `first` is kept when there is none yet.
    [[nodiscard]] verdict kept_number(std::string_view name, std::int64_t first, std::int64_t& out, std::string& why);

    /// Keeps `value` under `name`, whatever was there.
    [[nodiscard]] verdict keep_number(std::string_view name, std::int64_t value, std::string& why);

    [[nodiscard]] verdict keep_models(const std::vector<kept_model>& models, std::string& why);
    [[nodiscard]] verdict kept_models(std::vector<kept_model>& out, std::string& why);
    /// Gives some of the free pages back to the disk if they are many; `more`: call again.
    [[nodiscard]] verdict compact(bool& more, std::string& why);

    // database_objects.cpp
    [[nodiscard]] verdict find_object(std::string_view id, std::optional<made_object>& out, std::string& why);
    /// Whose usage is still to come, the oldest first.
    [[nodiscard]] verdict owed_objects(std::int64_t since_ms, std::int64_t most, std::vector<made_object>& out, std::string& why);
    /// Inside a transaction. `due`: it was.
    [[nodiscard]] verdict book_object(const object_booking& what, bool& due, std::string& why);
    [[nodiscard]] verdict forget_objects(std::int64_t before_ms, std::int64_t most, std::int64_t& deleted, std::string& why);

    /// From the sums by hour, which outlive the rows that `remove_before` deletes; only the first hour is read row by row.
    [[nodiscard]] verdict spent_since(std::string_view key, std::int64_t since_ms, std::int64_t& nanousd, std::string& why);
    /// Deletes at most `most` rows older than `before_ms`, and remembers that; `deleted` says how many.
    [[nodiscard]] verdict remove_before(std::int64_t before_ms, std::int64_t most, std::int64_t& deleted, std::string& why);
    /// Older rows were deleted; 0: none ever.
    [[nodiscard]] verdict removed_before(std::int64_t& time_ms, std::string& why);

private:
    [[nodiscard]] verdict run(const char* sql, std::string& why);
    [[nodiscard]] verdict failed(std::string& why) const;
    [[nodiscard]] verdict prepare(std::string& why);
    [[nodiscard]] verdict make_schema(std::string& why);
    [[nodiscard]] verdict make_object_tables(std::string& why);
    [[nodiscard]] verdict add_objects(std::span<const row> rows, std::string& why);
    [[nodiscard]] verdict check(std::string& why);
    [[nodiscard]] bool pragma(const char* name, std::int64_t& out);
    [[nodiscard]] verdict insert_batch(std::span<const row> rows, std::int64_t& inserted, std::string& why);
    [[nodiscard]] verdict insert_one_by_one(std::span<const row> rows, std::string& why);
    [[nodiscard]] verdict add_to_hours(std::span<const row> rows, std::string& why);

    arriving_rows arriving_;  // outlives db_
    sqlite3* db_ = nullptr;
    std::string path_;
    statement insert_, add_hour_, add_object_;
};

}  // namespace weir::ledger
