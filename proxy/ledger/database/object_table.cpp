#include "ledger/database/object_table.hpp"

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

verdict object_table::prepare(std::string& why) {
    add_ = statement(file_.handle(), "INSERT OR IGNORE INTO objects VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
    return add_.ready() ? verdict::fine : file_.failed(why);
}

verdict object_table::add(std::span<const row> rows, std::string& why) {
    for (const row& r : rows) {
        if (r.object.empty()) continue;
        add_.bind(1, r.object);
        add_.bind(2, static_cast<std::int64_t>(r.seq));
        add_.bind(3, r.time_ms);
        int at = 4;
        for (const std::string_view text : {r.key, r.pool, r.upstream, r.endpoint, r.request_id, r.model, r.served_model}) add_.bind(at++, text);
        add_.bind(11, r.cost);
        add_.bind(12, std::int64_t{r.owes});
        const int code = add_.step();
        const verdict v = code == SQLITE_DONE ? verdict::fine : file_.failed(why);
        add_.reset();
        if (v != verdict::fine) return v;
    }
    return verdict::fine;
}

verdict object_table::find(std::string_view id, std::optional<made_object>& out, std::string& why) {
    statement ask(file_.handle(), std::string{"SELECT "} + columns + from + "WHERE o.id = ?1");
    ask.bind(1, id);
    const int code = ask.step();
    if (code == SQLITE_ROW) out = read_object(ask);
    return code == SQLITE_ROW || code == SQLITE_DONE ? verdict::fine : file_.failed(why);
}

verdict object_table::owed(std::int64_t since_ms, std::int64_t most, std::vector<made_object>& out, std::string& why) {
    statement all(file_.handle(), std::string{"SELECT "} + columns + from + "WHERE o.owed = 1 AND o.time >= ?1 ORDER BY o.time LIMIT ?2");
    all.bind(1, since_ms);
    all.bind(2, most);
    int code = all.step();
    for (; code == SQLITE_ROW; code = all.step()) out.push_back(read_object(all));
    return code == SQLITE_DONE ? verdict::fine : file_.failed(why);
}

verdict object_table::book(const object_booking& what, bool& due, std::string& why) {
    statement change(file_.handle(), "UPDATE objects SET booked_nanousd = ?2, owed = ?3 WHERE id = ?1 AND owed = 1 AND booked_nanousd = ?4");
    change.bind(1, what.id);
    change.bind(2, what.booked_after);
    change.bind(3, std::int64_t{what.still_owed});
    change.bind(4, what.booked_before);
    if (change.step() != SQLITE_DONE) return file_.failed(why);
    due = sqlite3_changes(file_.handle()) == 1;
    return verdict::fine;
}

verdict object_table::forget(std::int64_t before_ms, std::int64_t most, std::int64_t& deleted, std::string& why) {
    statement remove(file_.handle(), "DELETE FROM objects WHERE id IN (SELECT id FROM objects WHERE time < ?1 LIMIT ?2)");
    remove.bind(1, before_ms);
    remove.bind(2, most);
    if (remove.step() != SQLITE_DONE) return file_.failed(why);
    deleted = sqlite3_changes(file_.handle());
    return verdict::fine;
}

}  // namespace weir::ledger
