#include "ledger/database/response_table.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>

#include "ledger/ledger_files.hpp"

namespace weir::ledger {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t application_id = 0x77656973;  // "weis": it is no ledger
constexpr std::int64_t schema_version = 1;
constexpr off_t largest_checked_file = 256 << 20;  // a full check of a larger one would delay the start for too long
constexpr auto opening_patience = 5000ms;          // a predecessor may be busy with it
constexpr auto usual_patience = 250ms;             // who asks for a response waits behind who writes one

// Conversations stand in it. The files that SQLite puts beside it get the same permissions.
void make_private(const std::string& path) {
    constexpr mode_t owner_alone = 0600;
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, owner_alone);
    if (fd < 0) return;  // opening it says why
    (void)::fchmod(fd, owner_alone);
    ::close(fd);
}

}  // namespace

verdict response_table::open(const std::string& path, std::string& why) {
    file_.close();
    make_private(path);
    verdict v = file_.open(path, why);
    if (v != verdict::fine) return v;
    file_.wait_for_others(opening_patience);
    v = check(why);
    if (v == verdict::fine) v = file_.run("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;", why);
    const std::string sql = "BEGIN IMMEDIATE; PRAGMA application_id=" + std::to_string(application_id) +
                            "; PRAGMA user_version=" + std::to_string(schema_version) +
                            "; CREATE TABLE IF NOT EXISTS responses(id TEXT PRIMARY KEY, time INTEGER NOT NULL, key TEXT NOT NULL, "
                            "model TEXT NOT NULL, input TEXT NOT NULL, document TEXT NOT NULL);"
                            "CREATE INDEX IF NOT EXISTS responses_by_time ON responses(time); COMMIT;";
    if (v == verdict::fine) v = file_.run(sql.c_str(), why);
    if (v != verdict::fine) file_.rollback();
    file_.wait_for_others(usual_patience);
    return v;
}

verdict response_table::check(std::string& why) {
    std::int64_t application = 0, version = 0;
    if (!file_.pragma("application_id", application) || !file_.pragma("user_version", version)) return file_.failed(why);
    statement tables(file_.handle(), "SELECT count(*) FROM sqlite_master");
    if (tables.step() != SQLITE_ROW) return file_.failed(why);
    if (tables.integer(0) == 0) return verdict::fine;
    if (application != application_id || version > schema_version) {
        why = "responses_store " + file_.path() + ": " +
              (application != application_id ? "this is a database of something else; responses_store.path must name a file of its own"
                                             : "written by a newer weir (schema " + std::to_string(version) + ")");
        return verdict::foreign;
    }
    struct stat on_disk{};
    if (::stat(file_.path().c_str(), &on_disk) == 0 && on_disk.st_size > largest_checked_file) return verdict::fine;
    statement quick(file_.handle(), "PRAGMA quick_check(1)");
    if (quick.step() != SQLITE_ROW) return file_.failed(why);
    if (quick.text(0) == "ok") return verdict::fine;
    why = "responses_store " + file_.path() + ": " + quick.text(0);
    return verdict::corrupt;
}

verdict response_table::begin_anew(std::string& why, const fault_reports& faults) {
    const std::string path = file_.path();
    file_.close();
    const std::string aside = path + ".corrupt-" + stamp_now();
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::error_code ignored;
        std::filesystem::rename(path + suffix, aside + suffix, ignored);
    }
    faults.report(why + "; the damaged file is kept as " + aside + " and a new one is begun");
    return open(path, why);
}

verdict response_table::add(const stored_response& what, std::string& why) {
    statement put(file_.handle(), "INSERT OR IGNORE INTO responses VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
    put.bind(1, what.id);
    put.bind(2, what.time_ms);
    int at = 3;
    for (const std::string* text : {&what.key, &what.model, &what.input, &what.document}) put.bind(at++, std::string_view{*text});
    return put.step() == SQLITE_DONE ? verdict::fine : file_.failed(why);
}

verdict response_table::find(std::string_view id, std::int64_t not_before_ms, stored_ref& out, std::string& why) {
    statement ask(file_.handle(), "SELECT time, key, model, input, document FROM responses WHERE id = ?1 AND time >= ?2");
    ask.bind(1, id);
    ask.bind(2, not_before_ms);
    const int code = ask.step();
    if (code == SQLITE_ROW)
        out = std::make_shared<const stored_response>(
            stored_response{std::string{id}, ask.text(1), ask.text(2), ask.integer(0), ask.text(3), ask.text(4)});
    return code == SQLITE_ROW || code == SQLITE_DONE ? verdict::fine : file_.failed(why);
}

verdict response_table::remove(std::string_view id, std::string& why) {
    statement gone(file_.handle(), "DELETE FROM responses WHERE id = ?1");
    gone.bind(1, id);
    return gone.step() == SQLITE_DONE ? verdict::fine : file_.failed(why);
}

verdict response_table::forget(std::int64_t before_ms, std::int64_t most, std::int64_t& deleted, std::string& why) {
    statement old(file_.handle(), "DELETE FROM responses WHERE rowid IN (SELECT rowid FROM responses WHERE time < ?1 LIMIT ?2)");
    old.bind(1, before_ms);
    old.bind(2, most);
    if (old.step() != SQLITE_DONE) return file_.failed(why);
    deleted = sqlite3_changes(file_.handle());
    return verdict::fine;
}

}  // namespace weir::ledger
