#include "ledger/database.hpp"

#include <sys/stat.h>

#include <utility>

namespace weir::ledger {
namespace {

constexpr std::int64_t application_id = 0x77656972;  // "weir": `file` and other programs can tell whose file it is
constexpr std::int64_t schema_version = 1;
constexpr off_t largest_checked_file = 256 << 20;    // a full check of a larger one would delay the start for too long
constexpr int busy_ms = 2000;

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

statement::statement(sqlite3* db, std::string_view sql) {
    sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &handle_, nullptr);
}

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

std::string_view columns_sql() {
    return "seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, request_id TEXT NOT NULL, key TEXT NOT NULL, route TEXT NOT NULL, "
           "model TEXT NOT NULL, served_model TEXT NOT NULL, pool TEXT NOT NULL, upstream TEXT NOT NULL, "
           "endpoint TEXT NOT NULL, status INTEGER NOT NULL, code TEXT NOT NULL, attempts INTEGER NOT NULL, "
           "stream INTEGER NOT NULL, input_tokens INTEGER NOT NULL, cached_input_tokens INTEGER NOT NULL, "
           "cache_write_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL, "
           "audio_input_tokens INTEGER NOT NULL, audio_output_tokens INTEGER NOT NULL, image_output_tokens INTEGER NOT NULL, "
           "estimated INTEGER NOT NULL, recovered INTEGER NOT NULL, cost_nanousd INTEGER NOT NULL, first_token_ms INTEGER, "
           "duration_ms INTEGER NOT NULL";
}

std::string insert_sql(std::string_view table) {
    std::string sql = "INSERT OR IGNORE INTO ";
    sql.append(table).append(" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,"
                             "?24,?25,NULLIF(?26,-1),?27)");
    return sql;
}

void bind_row(statement& into, const row& what) {
    int at = 0;
    const auto number = [&](std::int64_t value) { into.bind(++at, value); };
    const auto text = [&](std::string_view value) { into.bind(++at, value); };
    number(static_cast<std::int64_t>(what.seq));
    number(what.time_ms);
    text(what.request_id);
    text(what.key);
    text(what.route);
    text(what.model);
    text(what.served_model);
    text(what.pool);
    text(what.upstream);
    text(what.endpoint);
    number(what.status);
    text(what.code);
    number(what.attempts);
    number(what.stream);
    number(what.usage.input);
    number(what.usage.cached_input);
    number(what.usage.cache_write);
    number(what.usage.output);
    number(what.usage.reasoning);
    number(what.usage.audio_input);
    number(what.usage.audio_output);
    number(what.usage.image_output);
    number(what.estimated);
    number(what.recovered);
    number(what.cost);
    number(what.first_token_ms);
    number(what.duration_ms);
}

database::~database() { close(); }

void database::close() {
    insert_ = {};
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
    sqlite3_busy_timeout(db_, busy_ms);
    if (const verdict v = check(why); v != verdict::fine) return v;
    if (const verdict v = run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;", why); v != verdict::fine) return v;
    if (const verdict v = make_schema(why); v != verdict::fine) return v;
    insert_ = statement(db_, insert_sql("requests"));
    return insert_.ready() ? verdict::fine : failed(why);
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
    struct stat file {};
    if (::stat(path_.c_str(), &file) == 0 && file.st_size > largest_checked_file) return verdict::fine;
    statement quick(db_, "PRAGMA quick_check(1)");
    if (quick.step() != SQLITE_ROW) return failed(why);
    if (quick.text(0) == "ok") return verdict::fine;
    why = "ledger " + path_ + ": " + quick.text(0);
    return verdict::corrupt;
}

verdict database::make_schema(std::string& why) {
    std::string sql = "BEGIN IMMEDIATE; PRAGMA application_id=" + std::to_string(application_id) +
                      "; PRAGMA user_version=" + std::to_string(schema_version) + "; CREATE TABLE IF NOT EXISTS requests(";
    sql.append(columns_sql());
    sql += "); CREATE INDEX IF NOT EXISTS requests_by_time ON requests(time);"
           "CREATE INDEX IF NOT EXISTS requests_by_key ON requests(key, time, cost_nanousd);"
           "CREATE TABLE IF NOT EXISTS ledger(name TEXT PRIMARY KEY, value INTEGER NOT NULL); COMMIT;";
    const verdict v = run(sql.c_str(), why);
    if (v != verdict::fine) rollback();
    return v;
}

verdict database::begin(std::string& why) { return run("BEGIN IMMEDIATE", why); }
verdict database::commit(std::string& why) { return run("COMMIT", why); }

void database::rollback() {
    if (db_ != nullptr && sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

verdict database::insert(const row& what, std::string& why) {
    bind_row(insert_, what);
    const int code = insert_.step();
    const verdict v = code == SQLITE_DONE ? verdict::fine : failed(why);
    insert_.reset();
    return v;
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

verdict database::kept_number(std::string_view name, std::int64_t first, std::int64_t& out, std::string& why) {
    statement keep(db_, "INSERT INTO ledger VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = value RETURNING value");
    keep.bind(1, name);
    keep.bind(2, first);
    if (keep.step() != SQLITE_ROW) return failed(why);
    out = keep.integer(0);
    return keep.step() == SQLITE_DONE ? verdict::fine : failed(why);
}

verdict database::spent_since(std::string_view key, std::int64_t since_ms, std::int64_t& nanousd, std::string& why) {
    statement sum(db_, "SELECT coalesce(sum(cost_nanousd), 0) FROM requests WHERE key = ?1 AND time >= ?2");
    sum.bind(1, key);
    sum.bind(2, since_ms);
    if (sum.step() != SQLITE_ROW) return failed(why);
    nanousd = sum.integer(0);
    return verdict::fine;
}

verdict database::remove_before(std::int64_t before_ms, std::int64_t most, std::int64_t& deleted, std::string& why) {
    statement remove(db_, "DELETE FROM requests WHERE seq IN (SELECT seq FROM requests WHERE time < ?1 LIMIT ?2)");
    remove.bind(1, before_ms);
    remove.bind(2, most);
    if (remove.step() != SQLITE_DONE) return failed(why);
    deleted = sqlite3_changes(db_);
    return verdict::fine;
}

}  // namespace weir::ledger
