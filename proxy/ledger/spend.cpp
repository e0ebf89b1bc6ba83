#include "ledger/spend.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>

#include "ledger/database/connection.hpp"
#include "ledger/database/row_table.hpp"
#include "ledger/journal_format.hpp"
#include "ledger/ledger_files.hpp"
#include "ledger/unix_time.hpp"

namespace weir::ledger {
namespace {

struct field {
    std::string_view name;
    std::string_view sql;
};

constexpr field fields[] = {
    {"key", "key"},
    {"model", "model"},
    {"served_model", "served_model"},
    {"route", "route"},
    {"pool", "pool"},
    {"upstream", "upstream"},
    {"endpoint", "endpoint"},
    {"status", "status"},
    {"code", "code"},
    {"stream", "CASE stream WHEN 0 THEN 'false' ELSE 'true' END"},
    {"estimated", "CASE estimated WHEN 0 THEN 'false' ELSE 'true' END"},
    {"recovered", "CASE recovered WHEN 0 THEN 'false' ELSE 'true' END"},
    {"late", "CASE code WHEN 'late' THEN 'true' ELSE 'false' END"},
    {"request_id", "request_id"},
    {"hour", "strftime('%Y-%m-%dT%H:00Z', time / 1000, 'unixepoch')"},
    {"day", "strftime('%Y-%m-%d', time / 1000, 'unixepoch')"},
    {"month", "strftime('%Y-%m', time / 1000, 'unixepoch')"},
};

const field* find_field(std::string_view name) {
    const auto* const at = std::find_if(std::begin(fields), std::end(fields), [&](const field& f) { return f.name == name; });
    return at == std::end(fields) ? nullptr : at;
}

std::string unknown_field(std::string_view name) {
    std::string message = "unknown field '";
    message.append(name).append("'; there are ");
    for (const field& f : fields) message.append(&f == fields ? "" : ", ").append(f.name);
    return message;
}

// A connection for reading only, with the journals' rows beside the table.
class reader {
public:
    ~reader() { sqlite3_close_v2(db_); }
    reader() = default;
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;

    bool open(const std::string& path, std::string& error);
    [[nodiscard]] sqlite3* handle() const { return db_; }
    [[nodiscard]] std::string message() const { return sqlite3_errmsg(db_); }

private:
    bool try_open(const std::string& uri);
    bool add_pending(const std::vector<std::string>& journals);

    arriving_rows arriving_;  // outlives db_
    sqlite3* db_ = nullptr;
};

std::string file_uri(const std::string& path, std::string_view parameters) {
    std::string uri = "file:";
    for (const char c : path) {
        constexpr char hex[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        if (c == '%' || c == '?' || c == '#') {
            uri += {'%', hex[byte >> 4], hex[byte & 15]};
        } else {
            uri += c;
        }
    }
    return uri.append("?").append(parameters);
}

bool reader::try_open(const std::string& uri) {
    sqlite3_close_v2(db_);
    db_ = nullptr;
    constexpr int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(uri.c_str(), &db_, flags, nullptr) != SQLITE_OK) return false;
    sqlite3_busy_timeout(db_, 2000);
    statement probe(db_, "SELECT count(*) FROM sqlite_master WHERE name = 'requests'");
    return probe.step() == SQLITE_ROW && probe.integer(0) == 1;
}

bool reader::open(const std::string& path, std::string& error) {
    if (::access(path.c_str(), R_OK) != 0) {
        error = "ledger " + path + ": there is no such file, or it cannot be read";
        return false;
    }
    // First the journals, then the database: a row on its way from one to the other is met at least once.
    std::vector<std::string> journals;
    for (const std::string& file : journal_files(path)) journals.push_back(read_file(file));
    // Without the right to write beside the file SQLite cannot share a write-ahead log, and there is none to share then.
    if (!try_open(file_uri(path, "mode=ro")) && !try_open(file_uri(path, "immutable=1"))) {
        error = "ledger " + path + ": " + (sqlite3_errcode(db_) == SQLITE_OK ? "this is not a ledger" : message());
        return false;
    }
    if (add_pending(journals)) return true;
    error = "ledger " + path + ": " + message();
    return false;
}

bool reader::add_pending(const std::vector<std::string>& journals) {
    std::string sql = "PRAGMA temp_store=MEMORY; CREATE TEMP TABLE pending(";
    sql.append(columns_sql()).append(");");
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return false;
    if (!add_arriving_table(db_, arriving_)) return false;
    statement add(db_, "INSERT OR IGNORE INTO temp.pending SELECT * FROM arriving");
    if (!add.ready()) return false;
    sqlite3_exec(db_, "BEGIN", nullptr, nullptr, nullptr);  // one view of the database from here on
    bool fine = true;
    for (const std::string& bytes : journals) {
        std::vector<row> settled;
        scan(bytes, [&](const row& r) { settled.push_back(r); }, [](const row&) {});  // open slots are in flight: not spent
        arriving_.rows = settled;
        fine = fine && add.step() == SQLITE_DONE;
        add.reset();
        arriving_.rows = {};
    }
    return fine;
}

std::string sql_of(const spend_query& what) {
    std::string groups, select;
    for (const std::string& name : what.by) {
        groups.append(groups.empty() ? "" : ", ").append(std::to_string(&name - what.by.data() + 1));
        select.append(find_field(name)->sql).append(", ");
    }
    std::string sql = "SELECT " + select +
                      "sum(code <> 'late'), sum(input_tokens), sum(cached_input_tokens), sum(cache_write_tokens), sum(output_tokens), "
                      "sum(reasoning_tokens), sum(audio_input_tokens), sum(audio_output_tokens), "
                      "sum(image_output_tokens), sum(cost_nanousd) FROM (SELECT " +
                      column_names() +
                      " FROM main.requests UNION ALL "
                      "SELECT " +
                      column_names() + " FROM temp.pending WHERE seq NOT IN (SELECT seq FROM main.requests)) WHERE 1";
    if (what.since) sql += " AND time >= ?1";
    if (what.until) sql += " AND time < ?2";
    for (std::size_t i = 0; i < what.filters.size(); ++i)
        sql.append(" AND CAST(").append(find_field(what.filters[i].first)->sql).append(" AS TEXT) = ?").append(std::to_string(i + 3));
    if (!groups.empty()) sql.append(" GROUP BY ").append(groups).append(" ORDER BY ").append(groups);
    return sql;
}

spend_row read_row(const statement& from, std::size_t by) {
    spend_row r;
    int at = 0;
    for (std::size_t i = 0; i < by; ++i) r.by.push_back(from.text(at++));
    r.requests = from.integer(at++);
    r.usage.input = from.integer(at++);
    r.usage.cached_input = from.integer(at++);
    r.usage.cache_write = from.integer(at++);
    r.usage.output = from.integer(at++);
    r.usage.reasoning = from.integer(at++);
    r.usage.audio_input = from.integer(at++);
    r.usage.audio_output = from.integer(at++);
    r.usage.image_output = from.integer(at++);
    r.cost = from.integer(at++);
    return r;
}

}  // namespace

const std::vector<std::string>& spend_fields() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const field& f : fields) all.emplace_back(f.name);
        return all;
    }();
    return names;
}

spend_result spend(const std::string& path, const spend_query& what) {
    spend_result result;
    for (const std::string& name : what.by)
        if (find_field(name) == nullptr) result.error = unknown_field(name);
    for (const auto& [name, value] : what.filters)
        if (find_field(name) == nullptr) result.error = unknown_field(name);
    reader from;
    if (!result.error.empty() || !from.open(path, result.error)) return result;

    statement ask(from.handle(), sql_of(what));
    if (what.since) ask.bind(1, unix_ms(*what.since));
    if (what.until) ask.bind(2, unix_ms(*what.until));
    for (std::size_t i = 0; i < what.filters.size(); ++i) ask.bind(static_cast<int>(i) + 3, std::string_view(what.filters[i].second));
    result.by = what.by;
    int code = ask.step();
    for (; code == SQLITE_ROW; code = ask.step()) result.rows.push_back(read_row(ask, what.by.size()));
    if (code == SQLITE_DONE) return result;
    result.rows.clear();
    result.error = "ledger " + path + ": " + from.message();
    return result;
}

}  // namespace weir::ledger
