// A virtual table, read only, without constraints: https://sqlite.org/vtab.html ("eponymous-only").
#include "ledger/database/row_table.hpp"

#include <iterator>
#include <string>

namespace weir::ledger {
namespace {

void give(sqlite3_context* to, std::int64_t value) { sqlite3_result_int64(to, value); }

// The bytes outlive the statement. A null pointer would be NULL; no name is the empty string here.
void give(sqlite3_context* to, std::string_view value) {
    sqlite3_result_text(to, value.data() == nullptr ? "" : value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
}

struct column {
    const char* sql;
    void (*value)(sqlite3_context* to, const row& of);
};

#define WEIR_COLUMN(sql, expression) {sql, [](sqlite3_context* to, const row& r) { give(to, expression); }}

constexpr column columns[] = {
    WEIR_COLUMN("seq INTEGER PRIMARY KEY", static_cast<std::int64_t>(r.seq)),
    WEIR_COLUMN("time INTEGER NOT NULL", r.time_ms),
    WEIR_COLUMN("request_id TEXT NOT NULL", r.request_id),
    WEIR_COLUMN("key TEXT NOT NULL", r.key),
    WEIR_COLUMN("route TEXT NOT NULL", r.route),
    WEIR_COLUMN("model TEXT NOT NULL", r.model),
    WEIR_COLUMN("served_model TEXT NOT NULL", r.served_model),
    WEIR_COLUMN("pool TEXT NOT NULL", r.pool),
    WEIR_COLUMN("upstream TEXT NOT NULL", r.upstream),
    WEIR_COLUMN("endpoint TEXT NOT NULL", r.endpoint),
    WEIR_COLUMN("status INTEGER NOT NULL", r.status),
    WEIR_COLUMN("code TEXT NOT NULL", r.code),
    WEIR_COLUMN("attempts INTEGER NOT NULL", r.attempts),
    WEIR_COLUMN("stream INTEGER NOT NULL", std::int64_t{r.stream}),
    WEIR_COLUMN("input_tokens INTEGER NOT NULL", r.usage.input),
    WEIR_COLUMN("cached_input_tokens INTEGER NOT NULL", r.usage.cached_input),
    WEIR_COLUMN("cache_write_tokens INTEGER NOT NULL", r.usage.cache_write),
    WEIR_COLUMN("output_tokens INTEGER NOT NULL", r.usage.output),
    WEIR_COLUMN("reasoning_tokens INTEGER NOT NULL", r.usage.reasoning),
    WEIR_COLUMN("audio_input_tokens INTEGER NOT NULL", r.usage.audio_input),
    WEIR_COLUMN("audio_output_tokens INTEGER NOT NULL", r.usage.audio_output),
    WEIR_COLUMN("image_output_tokens INTEGER NOT NULL", r.usage.image_output),
    WEIR_COLUMN("estimated INTEGER NOT NULL", std::int64_t{r.estimated}),
    WEIR_COLUMN("recovered INTEGER NOT NULL", std::int64_t{r.recovered}),
    WEIR_COLUMN("cost_nanousd INTEGER NOT NULL", r.cost),
    {"first_token_ms INTEGER",
     [](sqlite3_context* to, const row& r) {
         if (r.first_token_ms >= 0) give(to, r.first_token_ms);  // else NULL
     }},
    WEIR_COLUMN("duration_ms INTEGER NOT NULL", r.duration_ms),
};

#undef WEIR_COLUMN

struct table {
    sqlite3_vtab base{};
    const arriving_rows* from = nullptr;
};

struct cursor {
    sqlite3_vtab_cursor base{};
    std::span<const row> rows;
    std::size_t at = 0;
};

// SQLite hands the base back, which stands first.
cursor& whole(sqlite3_vtab_cursor* c) { return *reinterpret_cast<cursor*>(c); }

int connect(sqlite3* db, void* from, int, const char* const*, sqlite3_vtab** out, char**) {
    const std::string sql = "CREATE TABLE arriving(" + std::string{columns_sql()} + ")";
    if (const int code = sqlite3_declare_vtab(db, sql.c_str()); code != SQLITE_OK) return code;
    auto* const made = new table;
    made->from = static_cast<const arriving_rows*>(from);
    *out = &made->base;
    return SQLITE_OK;
}

int disconnect(sqlite3_vtab* t) {
    delete reinterpret_cast<table*>(t);
    return SQLITE_OK;
}

int best_index(sqlite3_vtab*, sqlite3_index_info*) { return SQLITE_OK; }

int open(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
    auto* const made = new cursor;
    *out = &made->base;
    return SQLITE_OK;
}

int close(sqlite3_vtab_cursor* c) {
    delete &whole(c);
    return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* c, int, const char*, int, sqlite3_value**) {
    whole(c).rows = reinterpret_cast<const table*>(c->pVtab)->from->rows;
    whole(c).at = 0;
    return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* c) {
    ++whole(c).at;
    return SQLITE_OK;
}

int at_end(sqlite3_vtab_cursor* c) { return whole(c).at >= whole(c).rows.size() ? 1 : 0; }

int value_of(sqlite3_vtab_cursor* c, sqlite3_context* to, int which) {
    if (which >= 0 && which < static_cast<int>(std::size(columns))) columns[which].value(to, whole(c).rows[whole(c).at]);
    return SQLITE_OK;
}

int row_id(sqlite3_vtab_cursor* c, sqlite3_int64* out) {
    *out = static_cast<sqlite3_int64>(whole(c).at);
    return SQLITE_OK;
}

constexpr sqlite3_module make_module() {
    sqlite3_module m{};
    m.xConnect = connect;
    m.xBestIndex = best_index;
    m.xDisconnect = disconnect;
    m.xOpen = open;
    m.xClose = close;
    m.xFilter = filter;
    m.xNext = next;
    m.xEof = at_end;
    m.xColumn = value_of;
    m.xRowid = row_id;
    return m;
}

constexpr sqlite3_module module_of_arriving = make_module();

}  // namespace

std::string_view columns_sql() {
    static const std::string sql = [] {
        std::string all;
        for (const column& c : columns) all.append(all.empty() ? "" : ", ").append(c.sql);
        return all;
    }();
    return sql;
}

const std::string& column_names() {
    static const std::string names = [] {
        std::string all;
        for (const column& c : columns) {
            const std::string_view sql{c.sql};
            all.append(all.empty() ? "" : ", ").append(sql.substr(0, sql.find(' ')));
        }
        return all;
    }();
    return names;
}

bool add_arriving_table(sqlite3* db, arriving_rows& from) { return sqlite3_create_module(db, "arriving", &module_of_arriving, &from) == SQLITE_OK; }

}  // namespace weir::ledger
