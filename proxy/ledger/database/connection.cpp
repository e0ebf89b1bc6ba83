#include "ledger/database/connection.hpp"

#include <utility>

namespace weir::ledger {
namespace {

verdict verdict_of(int code) {
    switch (code & 0xff) {
        case SQLITE_OK:
        case SQLITE_DONE:
        case SQLITE_ROW: return verdict::fine;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return verdict::corrupt;
        default: return verdict::retry;
    }
}

}  // namespace

statement::statement(sqlite3* db, std::string_view sql) { sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &handle_, nullptr); }

statement::~statement() { sqlite3_finalize(handle_); }

statement::statement(statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

statement& statement::operator=(statement&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
}

void statement::bind(int index, std::int64_t value) { sqlite3_bind_int64(handle_, index, value); }

void statement::bind(int index, std::string_view value) {
    // A null pointer would bind NULL; no name is the empty string here.
    sqlite3_bind_text(handle_, index, value.data() == nullptr ? "" : value.data(), static_cast<int>(value.size()), nullptr);
}

int statement::step() { return handle_ == nullptr ? SQLITE_MISUSE : sqlite3_step(handle_); }
void statement::reset() { sqlite3_reset(handle_); }
std::int64_t statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

std::string statement::text(int column) const {
    const unsigned char* const bytes = sqlite3_column_text(handle_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
    return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes), size);
}

verdict connection::open(const std::string& path, std::string& why) {
    close();
    path_ = path;
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    return sqlite3_open_v2(path.c_str(), &db_, flags, nullptr) == SQLITE_OK ? verdict::fine : failed(why);
}

void connection::close() {
    sqlite3_close_v2(db_);
    db_ = nullptr;
}

void connection::wait_for_others(std::chrono::milliseconds at_most) { sqlite3_busy_timeout(db_, static_cast<int>(at_most.count())); }

verdict connection::failed(std::string& why) const {
    why = std::string{noun_} + " " + path_ + ": " + (db_ == nullptr ? "cannot be opened" : sqlite3_errmsg(db_));
    return db_ == nullptr ? verdict::retry : verdict_of(sqlite3_errcode(db_));
}

verdict connection::run(const char* sql, std::string& why) {
    return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK ? verdict::fine : failed(why);
}

bool connection::pragma(const char* name, std::int64_t& out) {
    statement ask(db_, std::string("PRAGMA ") + name);
    if (ask.step() != SQLITE_ROW) return false;
    out = ask.integer(0);
    return true;
}

verdict connection::begin(std::string& why) { return run("BEGIN IMMEDIATE", why); }
verdict connection::commit(std::string& why) { return run("COMMIT", why); }

void connection::rollback() {
    if (db_ != nullptr && sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

verdict connection::probe(std::string& why) {
    const verdict v = begin(why);
    rollback();
    return v;
}

// In steps, since the writer waits meanwhile. A database from before space was given back at all is rewritten whole, once.
verdict connection::compact(bool& more, std::string& why) {
    constexpr std::int64_t incremental = 2, few_pages = 256;
    more = false;
    std::int64_t free = 0, pages = 0, mode = 0;
    if (!pragma("freelist_count", free) || !pragma("page_count", pages) || !pragma("auto_vacuum", mode)) return failed(why);
    if (free < few_pages || free < pages / 4) return run("PRAGMA wal_checkpoint(TRUNCATE)", why);
    const verdict v = mode == incremental ? run("PRAGMA incremental_vacuum(1000)", why) : run("PRAGMA auto_vacuum=INCREMENTAL; VACUUM", why);
    more = v == verdict::fine && mode == incremental;
    return v;
}

}  // namespace weir::ledger
