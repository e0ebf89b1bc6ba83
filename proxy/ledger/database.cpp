#include "ledger/database.hpp"

#include <sys/stat.h>

#include <map>
#include <utility>

namespace weir::ledger {
namespace {

constexpr std::int64_t application_id = 0x77656972;  // "weir": `file` and other programs can tell whose file it is
constexpr std::int64_t schema_version = 2;           // 1: no key_hours, an index by key instead
constexpr off_t largest_checked_file = 256 << 20;    // a full check of a larger one would delay the start for too long
constexpr int opening_ms = 5000;                     // a predecessor may be busy with it
constexpr int busy_ms = 1000;                        // who keeps it locked for longer refuses us
constexpr std::int64_t hour_ms = 3'600'000;

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

database::~database() { close(); }

void database::close() {
    insert_ = {};
    add_hour_ = {};
    add_object_ = {};
    sqlite3_close_v2(db_);
    db_ = nullptr;
}

verdict database::failed(std::string& why) const {
    why = "ledger " + path_ + ": " + (db_ == nullptr ? "cannot be opened" : sqlite3_errmsg(db_));
    return db_ == nullptr ? verdict::retry : verdict_of(sqlite3_errcode(db_));
}

verdict database::run(const char* sql, std::string& why) {
    return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK ? verdict::fine : failed(why);
}

bool database::pragma(const char* name, std::int64_t& out) {
    statement ask(db_, std::string("PRAGMA ") + name);
    if (ask.step() != SQLITE_ROW) return false;
    out = ask.integer(0);
    return true;
}

verdict database::open(const std::string& path, std::string& why) {
    close();
    path_ = path;
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path.c_str(), &db_, flags, nullptr) != SQLITE_OK) return failed(why);
    sqlite3_busy_timeout(db_, opening_ms);
    const verdict v = prepare(why);
    sqlite3_busy_timeout(db_, busy_ms);
    return v;
}

verdict database::prepare(std::string& why) {
    if (const verdict v = check(why); v != verdict::fine) return v;
    if (const verdict v = run("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;", why); v != verdict::fine)
        return v;
    if (const verdict v = make_schema(why); v != verdict::fine) return v;
    if (const verdict v = make_object_tables(why); v != verdict::fine) return v;
    if (!add_arriving_table(db_, arriving_)) return failed(why);
    add_object_ = statement(db_, "INSERT OR IGNORE INTO objects VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
    insert_ = statement(db_, "INSERT OR IGNORE INTO requests SELECT * FROM arriving");
    add_hour_ = statement(db_,
                          "INSERT INTO key_hours VALUES(?1, ?2, ?3) "
                          "ON CONFLICT(key, hour) DO UPDATE SET cost_nanousd = cost_nanousd + excluded.cost_nanousd");
    return insert_.ready() && add_hour_.ready() && add_object_.ready() ? verdict::fine : failed(why);
}

verdict database::check(std::string& why) {
    std::int64_t application = 0, version = 0;
    if (!pragma("application_id", application) || !pragma("user_version", version)) return failed(why);
    statement tables(db_, "SELECT count(*) FROM sqlite_master");
    if (tables.step() != SQLITE_ROW) return failed(why);
    if (tables.integer(0) == 0) return verdict::fine;
    if (application != application_id) {
        why = "ledger " + path_ + ": this is a database of another program; state.ledger must name a file of its own";
        return verdict::foreign;
    }
    if (version > schema_version) {
        why = "ledger " + path_ + ": written by a newer weir (schema " + std::to_string(version) + ")";
        return verdict::foreign;
    }
    struct stat file{};
    if (::stat(path_.c_str(), &file) == 0 && file.st_size > largest_checked_file) return verdict::fine;
    statement quick(db_, "PRAGMA quick_check(1)");
    if (quick.step() != SQLITE_ROW) return failed(why);
    if (quick.text(0) == "ok") return verdict::fine;
    why = "ledger " + path_ + ": " + quick.text(0);
    return verdict::corrupt;
}

verdict database::make_schema(std::string& why) {
    std::int64_t version = 0;
    if (!pragma("user_version", version)) return failed(why);
    if (version == schema_version) return verdict::fine;
    std::string sql = "BEGIN IMMEDIATE; PRAGMA application_id=" + std::to_string(application_id) +
                      "; PRAGMA user_version=" + std::to_string(schema_version) + "; CREATE TABLE IF NOT EXISTS requests(";
    sql.append(columns_sql());
    sql +=
        "); CREATE INDEX IF NOT EXISTS requests_by_time ON requests(time);"
        "CREATE TABLE IF NOT EXISTS ledger(name TEXT PRIMARY KEY, value INTEGER NOT NULL);"
        "CREATE TABLE key_hours(key TEXT NOT NULL, hour INTEGER NOT NULL, cost_nanousd INTEGER NOT NULL, "
        "PRIMARY KEY(key, hour)) WITHOUT ROWID;"
        "INSERT INTO key_hours SELECT key, time / " +
        std::to_string(hour_ms) +
        " AS hour, sum(cost_nanousd) FROM requests "
        "GROUP BY key, hour; DROP INDEX IF EXISTS requests_by_key; COMMIT;";
    const verdict v = run(sql.c_str(), why);
    if (v != verdict::fine) rollback();
    return v;
}

verdict database::begin(std::string& why) { return run("BEGIN IMMEDIATE", why); }
verdict database::commit(std::string& why) { return run("COMMIT", why); }

verdict database::probe(std::string& why) {
    const verdict v = begin(why);
    rollback();
    return v;
}

void database::rollback() {
    if (db_ != nullptr && sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

verdict database::insert(std::span<const row> rows, std::string& why) {
    if (rows.empty()) return verdict::fine;
    std::int64_t inserted = 0;
    if (const verdict v = run("SAVEPOINT batch", why); v != verdict::fine) return v;
    verdict v = insert_batch(rows, inserted, why);
    const bool all_new = inserted == static_cast<std::int64_t>(rows.size());
    if (v == verdict::fine && all_new) v = add_to_hours(rows, why);
    if (v == verdict::fine && all_new) v = add_objects(rows, why);
    if (v == verdict::fine && !all_new) {
        // Some were there already, and the sums must not count them twice.
        v = run("ROLLBACK TO batch", why);
        if (v == verdict::fine) v = insert_one_by_one(rows, why);
    }
    if (v == verdict::fine) v = run("RELEASE batch", why);
    return v;
}

verdict database::insert_batch(std::span<const row> rows, std::int64_t& inserted, std::string& why) {
    arriving_.rows = rows;
    const int code = insert_.step();
    const verdict v = code == SQLITE_DONE ? verdict::fine : failed(why);
    inserted = v == verdict::fine ? sqlite3_changes64(db_) : 0;
    insert_.reset();
    arriving_.rows = {};
    return v;
}

verdict database::insert_one_by_one(std::span<const row> rows, std::string& why) {
    verdict v = verdict::fine;
    for (std::size_t i = 0; v == verdict::fine && i < rows.size(); ++i) {
        const auto one = rows.subspan(i, 1);
        std::int64_t inserted = 0;
        v = insert_batch(one, inserted, why);
        if (v == verdict::fine && inserted == 1) v = add_to_hours(one, why);
        if (v == verdict::fine && inserted == 1) v = add_objects(one, why);
    }
    return v;
}

verdict database::add_to_hours(std::span<const row> rows, std::string& why) {
    std::map<std::pair<std::string_view, std::int64_t>, usage::nanousd> sums;
    auto last = sums.end();  // neighbours mostly share key and hour
    for (const row& r : rows) {
        const std::int64_t hour = r.time_ms / hour_ms;
        if (last == sums.end() || last->first.first != r.key || last->first.second != hour) last = sums.try_emplace({r.key, hour}, 0).first;
        last->second += r.cost;
    }
    for (const auto& [which, cost] : sums) {
        add_hour_.bind(1, which.first);
        add_hour_.bind(2, which.second);
        add_hour_.bind(3, cost);
        const int code = add_hour_.step();
        const verdict v = code == SQLITE_DONE ? verdict::fine : failed(why);
        add_hour_.reset();
        if (v != verdict::fine) return v;
    }
    return verdict::fine;
}

verdict database::next_instance(std::int64_t at_least, std::int64_t& out, std::string& why) {
    statement next(db_,
                   "INSERT INTO ledger VALUES('instance', ?1) "
                   "ON CONFLICT(name) DO UPDATE SET value = max(value + 1, ?1) RETURNING value");
    next.bind(1, at_least);
    if (next.step() != SQLITE_ROW) return failed(why);
    out = next.integer(0);
    return next.step() == SQLITE_DONE ? verdict::fine : failed(why);
}

verdict database::spent_since(std::string_view key, std::int64_t since_ms, std::int64_t& nanousd, std::string& why) {
    const std::int64_t whole_hours = (since_ms + hour_ms - 1) / hour_ms;
    statement sum(db_,
                  "SELECT (SELECT coalesce(sum(cost_nanousd), 0) FROM key_hours WHERE key = ?1 AND hour >= ?2) + "
                  "(SELECT coalesce(sum(cost_nanousd), 0) FROM requests WHERE time >= ?3 AND time < ?4 AND key = ?1)");
    sum.bind(1, key);
    sum.bind(2, whole_hours);
    sum.bind(3, since_ms);
    sum.bind(4, whole_hours * hour_ms);
    if (sum.step() != SQLITE_ROW) return failed(why);
    nanousd = sum.integer(0);
    return verdict::fine;
}

verdict database::remove_before(std::int64_t before_ms, std::int64_t most, std::int64_t& deleted, std::string& why) {
    std::int64_t known = 0;
    verdict v = begin(why);
    if (v == verdict::fine) v = removed_before(known, why);
    if (v == verdict::fine && before_ms > known) v = keep_number("removed_before", before_ms, why);
    if (v == verdict::fine) {
        statement remove(db_, "DELETE FROM requests WHERE seq IN (SELECT seq FROM requests WHERE time < ?1 LIMIT ?2)");
        remove.bind(1, before_ms);
        remove.bind(2, most);
        if (remove.step() != SQLITE_DONE) v = failed(why);
        deleted = sqlite3_changes(db_);
    }
    if (v == verdict::fine) v = commit(why);
    if (v != verdict::fine) rollback();
    return v;
}

verdict database::removed_before(std::int64_t& time_ms, std::string& why) {
    statement ask(db_, "SELECT coalesce(max(value), 0) FROM ledger WHERE name = 'removed_before'");
    if (ask.step() != SQLITE_ROW) return failed(why);
    time_ms = ask.integer(0);
    return verdict::fine;
}

}  // namespace weir::ledger
