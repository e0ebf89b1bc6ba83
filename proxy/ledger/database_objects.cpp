// The database beside its rows: the objects that requests made, and usage that came late.
#include "ledger/database.hpp"

namespace weir::ledger {
namespace {

constexpr const char* columns =
    "o.id, o.key, o.pool, o.upstream, o.endpoint, o.request_id, o.model, o.served_model, o.time, o.owed, o.booked_nanousd, "
    "r.input_tokens, r.cached_input_tokens, r.cache_write_tokens, r.output_tokens, r.reasoning_tokens, "
    "r.audio_input_tokens, r.audio_output_tokens, r.image_output_tokens";
constexpr const char* from = " FROM objects o LEFT JOIN requests r ON r.seq = o.seq ";

made_object read_object(const statement& row) {
    made_object out;
    int at = 0;
    for (std::string* text : {&out.id, &out.key, &out.pool, &out.upstream, &out.endpoint, &out.request_id, &out.model, &out.served_model})
        *text = row.text(at++);
    out.time_ms = row.integer(at++);
    out.owes = row.integer(at++) != 0;
    out.booked_cost = row.integer(at++);
    auto& u = out.booked;
    for (std::int64_t* n : {&u.input, &u.cached_input, &u.cache_write, &u.output, &u.reasoning, &u.audio_input, &u.audio_output, &u.image_output})
        *n = row.integer(at++);
    return out;
}

}  // namespace

// Beside the versioned schema: an earlier weir neither knows nor minds them. `late` is computed, so that one that still writes while this
// one takes over needs no further column.
verdict database::make_object_tables(std::string& why) {
    const verdict v =
        run("CREATE TABLE IF NOT EXISTS objects(id TEXT PRIMARY KEY, seq INTEGER NOT NULL, time INTEGER NOT NULL, key TEXT NOT NULL, "
            "pool TEXT NOT NULL, upstream TEXT NOT NULL, endpoint TEXT NOT NULL, request_id TEXT NOT NULL, model TEXT NOT NULL, "
            "served_model TEXT NOT NULL, booked_nanousd INTEGER NOT NULL, owed INTEGER NOT NULL) WITHOUT ROWID;"
            "CREATE INDEX IF NOT EXISTS objects_by_time ON objects(time);"
            "CREATE INDEX IF NOT EXISTS objects_owed ON objects(time) WHERE owed = 1;",
            why);
    if (v != verdict::fine) return v;
    statement there(db_, "SELECT count(*) FROM pragma_table_xinfo('requests') WHERE name = 'late'");
    if (there.step() != SQLITE_ROW) return failed(why);
    if (there.integer(0) > 0) return verdict::fine;
    return run("ALTER TABLE requests ADD COLUMN late INTEGER GENERATED ALWAYS AS (code = 'late') VIRTUAL", why);
}

// Whose id it is stays as it was first said: a later request cannot take an object over.
verdict database::add_objects(std::span<const row> rows, std::string& why) {
    for (const row& r : rows) {
        if (r.object.empty()) continue;
        add_object_.bind(1, r.object);
        add_object_.bind(2, static_cast<std::int64_t>(r.seq));
        add_object_.bind(3, r.time_ms);
        int at = 4;
        for (const std::string_view text : {r.key, r.pool, r.upstream, r.endpoint, r.request_id, r.model, r.served_model})
            add_object_.bind(at++, text);
        add_object_.bind(11, r.cost);
        add_object_.bind(12, std::int64_t{r.owes});
        const int code = add_object_.step();
        const verdict v = code == SQLITE_DONE ? verdict::fine : failed(why);
        add_object_.reset();
        if (v != verdict::fine) return v;
    }
    return verdict::fine;
}

verdict database::find_object(std::string_view id, std::optional<made_object>& out, std::string& why) {
    statement find(db_, std::string{"SELECT "} + columns + from + "WHERE o.id = ?1");
    find.bind(1, id);
    const int code = find.step();
    if (code == SQLITE_ROW) out = read_object(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ? verdict::fine : failed(why);
}

verdict database::owed_objects(std::int64_t since_ms, std::int64_t most, std::vector<made_object>& out, std::string& why) {
    statement all(db_, std::string{"SELECT "} + columns + from + "WHERE o.owed = 1 AND o.time >= ?1 ORDER BY o.time LIMIT ?2");
    all.bind(1, since_ms);
    all.bind(2, most);
    int code = all.step();
    for (; code == SQLITE_ROW; code = all.step()) out.push_back(read_object(all));
    return code == SQLITE_DONE ? verdict::fine : failed(why);
}

verdict database::book_object(const object_booking& what, bool& due, std::string& why) {
    statement book(db_, "UPDATE objects SET booked_nanousd = ?2, owed = ?3 WHERE id = ?1 AND owed = 1 AND booked_nanousd = ?4");
    book.bind(1, what.id);
    book.bind(2, what.booked_after);
    book.bind(3, std::int64_t{what.still_owed});
    book.bind(4, what.booked_before);
    if (book.step() != SQLITE_DONE) return failed(why);
    due = sqlite3_changes(db_) == 1;
    return verdict::fine;
}

verdict database::forget_objects(std::int64_t before_ms, std::int64_t most, std::int64_t& deleted, std::string& why) {
    statement remove(db_, "DELETE FROM objects WHERE id IN (SELECT id FROM objects WHERE time < ?1 LIMIT ?2)");
    remove.bind(1, before_ms);
    remove.bind(2, most);
    if (remove.step() != SQLITE_DONE) return failed(why);
    deleted = sqlite3_changes(db_);
    return verdict::fine;
}

}  // namespace weir::ledger
