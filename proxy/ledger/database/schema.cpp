#include "ledger/database/schema.hpp"

#include <sys/stat.h>

#include "ledger/database/row_table.hpp"

namespace weir::ledger {
namespace {

constexpr std::int64_t application_id = 0x77656972;  // "weir": `file` and other programs can tell whose file it is
constexpr std::int64_t schema_version = 2;           // 1: no key_hours, an index by key instead
constexpr off_t largest_checked_file = 256 << 20;    // a full check of a larger one would delay the start for too long

verdict make_request_tables(connection& file, std::string& why) {
    std::int64_t version = 0;
    if (!file.pragma("user_version", version)) return file.failed(why);
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
    const verdict v = file.run(sql.c_str(), why);
    if (v != verdict::fine) file.rollback();
    return v;
}

// Beside the versioned schema: an earlier weir neither knows nor minds them. `late` is computed, so that one that still writes while this
// one takes over needs no further column.
verdict make_object_tables(connection& file, std::string& why) {
    const verdict v = file.run(
        "CREATE TABLE IF NOT EXISTS objects(id TEXT PRIMARY KEY, seq INTEGER NOT NULL, time INTEGER NOT NULL, key TEXT NOT NULL, "
        "pool TEXT NOT NULL, upstream TEXT NOT NULL, endpoint TEXT NOT NULL, request_id TEXT NOT NULL, model TEXT NOT NULL, "
        "served_model TEXT NOT NULL, booked_nanousd INTEGER NOT NULL, owed INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX IF NOT EXISTS objects_by_time ON objects(time);"
        "CREATE INDEX IF NOT EXISTS objects_owed ON objects(time) WHERE owed = 1;",
        why);
    if (v != verdict::fine) return v;
    statement there(file.handle(), "SELECT count(*) FROM pragma_table_xinfo('requests') WHERE name = 'late'");
    if (there.step() != SQLITE_ROW) return file.failed(why);
    if (there.integer(0) > 0) return verdict::fine;
    return file.run("ALTER TABLE requests ADD COLUMN late INTEGER GENERATED ALWAYS AS (code = 'late') VIRTUAL", why);
}

}  // namespace

verdict check_file(connection& file, std::string& why) {
    std::int64_t application = 0, version = 0;
    if (!file.pragma("application_id", application) || !file.pragma("user_version", version)) return file.failed(why);
    statement tables(file.handle(), "SELECT count(*) FROM sqlite_master");
    if (tables.step() != SQLITE_ROW) return file.failed(why);
    if (tables.integer(0) == 0) return verdict::fine;
    if (application != application_id) {
        why = "ledger " + file.path() + ": this is a database of another program; state.ledger must name a file of its own";
        return verdict::foreign;
    }
    if (version > schema_version) {
        why = "ledger " + file.path() + ": written by a newer weir (schema " + std::to_string(version) + ")";
        return verdict::foreign;
    }
    struct stat on_disk{};
    if (::stat(file.path().c_str(), &on_disk) == 0 && on_disk.st_size > largest_checked_file) return verdict::fine;
    statement quick(file.handle(), "PRAGMA quick_check(1)");
    if (quick.step() != SQLITE_ROW) return file.failed(why);
    if (quick.text(0) == "ok") return verdict::fine;
    why = "ledger " + file.path() + ": " + quick.text(0);
    return verdict::corrupt;
}

verdict make_schema(connection& file, std::string& why) {
    const verdict v = make_request_tables(file, why);
    return v == verdict::fine ? make_object_tables(file, why) : v;
}

}  // namespace weir::ledger
