#include "ledger/database/request_table.hpp"

#include <map>
#include <utility>

#include "ledger/database/schema.hpp"

namespace weir::ledger {

verdict request_table::prepare(std::string& why) {
    if (!add_arriving_table(file_.handle(), arriving_)) return file_.failed(why);
    insert_ = statement(file_.handle(), "INSERT OR IGNORE INTO requests SELECT * FROM arriving");
    if (!insert_.ready()) return file_.failed(why);
    add_hour_ = statement(file_.handle(),
                          "INSERT INTO key_hours VALUES(?1, ?2, ?3) "
                          "ON CONFLICT(key, hour) DO UPDATE SET cost_nanousd = cost_nanousd + excluded.cost_nanousd");
    return add_hour_.ready() ? verdict::fine : file_.failed(why);
}

void request_table::release() {
    insert_ = {};
    add_hour_ = {};
}

verdict request_table::insert(std::span<const row> rows, std::string& why) {
    if (rows.empty()) return verdict::fine;
    std::int64_t inserted = 0;
    if (const verdict v = file_.run("SAVEPOINT batch", why); v != verdict::fine) return v;
    verdict v = insert_batch(rows, inserted, why);
    const bool all_new = inserted == static_cast<std::int64_t>(rows.size());
    if (v == verdict::fine && all_new) v = add_to_hours(rows, why);
    if (v == verdict::fine && all_new) v = objects_.add(rows, why);
    if (v == verdict::fine && !all_new) {
        // Some were there already, and the sums must not count them twice.
        v = file_.run("ROLLBACK TO batch", why);
        if (v == verdict::fine) v = insert_one_by_one(rows, why);
    }
    if (v == verdict::fine) v = file_.run("RELEASE batch", why);
    return v;
}

verdict request_table::insert_batch(std::span<const row> rows, std::int64_t& inserted, std::string& why) {
    arriving_.rows = rows;
    const int code = insert_.step();
    const verdict v = code == SQLITE_DONE ? verdict::fine : file_.failed(why);
    inserted = v == verdict::fine ? sqlite3_changes64(file_.handle()) : 0;
    insert_.reset();
    arriving_.rows = {};
    return v;
}

verdict request_table::insert_one_by_one(std::span<const row> rows, std::string& why) {
    verdict v = verdict::fine;
    for (std::size_t i = 0; v == verdict::fine && i < rows.size(); ++i) {
        const auto one = rows.subspan(i, 1);
        std::int64_t inserted = 0;
        v = insert_batch(one, inserted, why);
        if (v == verdict::fine && inserted == 1) v = add_to_hours(one, why);
        if (v == verdict::fine && inserted == 1) v = objects_.add(one, why);
    }
    return v;
}

verdict request_table::add_to_hours(std::span<const row> rows, std::string& why) {
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
        const verdict v = code == SQLITE_DONE ? verdict::fine : file_.failed(why);
        add_hour_.reset();
        if (v != verdict::fine) return v;
    }
    return verdict::fine;
}

verdict request_table::spent_since(std::string_view key, std::int64_t since_ms, std::int64_t& nanousd, std::string& why) {
    const std::int64_t whole_hours = (since_ms + hour_ms - 1) / hour_ms;
    statement sum(file_.handle(),
                  "SELECT (SELECT coalesce(sum(cost_nanousd), 0) FROM key_hours WHERE key = ?1 AND hour >= ?2) + "
                  "(SELECT coalesce(sum(cost_nanousd), 0) FROM requests WHERE time >= ?3 AND time < ?4 AND key = ?1)");
    sum.bind(1, key);
    sum.bind(2, whole_hours);
    sum.bind(3, since_ms);
    sum.bind(4, whole_hours * hour_ms);
    if (sum.step() != SQLITE_ROW) return file_.failed(why);
    nanousd = sum.integer(0);
    return verdict::fine;
}

verdict request_table::remove_before(std::int64_t before_ms, std::int64_t most, std::int64_t& deleted, std::string& why) {
    std::int64_t known = 0;
    verdict v = file_.begin(why);
    if (v == verdict::fine) v = removed_before(known, why);
    if (v == verdict::fine && before_ms > known) v = numbers_.keep("removed_before", before_ms, why);
    if (v == verdict::fine) {
        statement remove(file_.handle(), "DELETE FROM requests WHERE seq IN (SELECT seq FROM requests WHERE time < ?1 LIMIT ?2)");
        remove.bind(1, before_ms);
        remove.bind(2, most);
        if (remove.step() != SQLITE_DONE) v = file_.failed(why);
        deleted = sqlite3_changes(file_.handle());
    }
    if (v == verdict::fine) v = file_.commit(why);
    if (v != verdict::fine) file_.rollback();
    return v;
}

verdict request_table::removed_before(std::int64_t& time_ms, std::string& why) {
    statement ask(file_.handle(), "SELECT coalesce(max(value), 0) FROM ledger WHERE name = 'removed_before'");
    if (ask.step() != SQLITE_ROW) return file_.failed(why);
    time_ms = ask.integer(0);
    return verdict::fine;
}

}  // namespace weir::ledger
