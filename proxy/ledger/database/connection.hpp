// One connection to a SQLite file: statements, transactions, and what an error means to who asked. It does not know what is kept in the file
// (the tables beside it do). One thread at a time.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::ledger {

/// How a call to the database ended. Where it is not `fine`, `why` says what is wrong, for the operator.
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
    /// Not `ready` when `sql` cannot be prepared; each step says so, too.
    statement(sqlite3* db, std::string_view sql);
    ~statement();
    statement(statement&& other) noexcept;
    statement& operator=(statement&& other) noexcept;

    [[nodiscard]] bool ready() const { return handle_ != nullptr; }
    /// Parameters count from 1.
    void bind(int index, std::int64_t value);
    void bind(int index, std::string_view value);  ///< the bytes must live until `reset`
    [[nodiscard]] int step();                      ///< SQLITE_ROW, SQLITE_DONE or an error
    void reset();
    /// Of the row that the last step came to; columns count from 0.
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string text(int column) const;

private:
    sqlite3_stmt* handle_ = nullptr;
};

class connection {
public:
    /// `noun`: what the file is to its operator.
    explicit connection(std::string_view noun = "ledger") : noun_(noun) {}
    ~connection() { close(); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Opens or makes the file; one that was open is closed.
    [[nodiscard]] verdict open(const std::string& path, std::string& why);
    /// Statements must be gone before.
    void close();
    /// How long a call waits while others keep the file locked, before it ends with `retry`.
    void wait_for_others(std::chrono::milliseconds at_most);

    /// Null while it is not open.
    [[nodiscard]] sqlite3* handle() const { return db_; }
    /// Of the file that was opened last.
    [[nodiscard]] const std::string& path() const { return path_; }

    /// One or more statements that yield no rows.
    [[nodiscard]] verdict run(const char* sql, std::string& why);
    /// What the call that failed just now means.
    [[nodiscard]] verdict failed(std::string& why) const;
    /// The number that a PRAGMA says; false: it says none.
    [[nodiscard]] bool pragma(const char* name, std::int64_t& out);

    /// A transaction that may write.
    [[nodiscard]] verdict begin(std::string& why);
    [[nodiscard]] verdict commit(std::string& why);
    /// Does nothing outside a transaction.
    void rollback();
    /// Whether something could be written now: nobody else keeps the file locked. Outside a transaction.
    [[nodiscard]] verdict probe(std::string& why);
    /// Gives some of the free pages back to the disk when they are a quarter of the file; `more`: call again.
    [[nodiscard]] verdict compact(bool& more, std::string& why);

private:
    std::string_view noun_;
    sqlite3* db_ = nullptr;
    std::string path_;
};

}  // namespace weir::ledger
