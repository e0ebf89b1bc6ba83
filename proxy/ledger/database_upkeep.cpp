// The database beside its rows: numbers kept by name, what was learned of models, giving space back to the disk.
#include "ledger/database.hpp"

namespace weir::ledger {

verdict database::kept_number(std::string_view name, std::int64_t first, std::int64_t& out, std::string& why) {
    statement keep(db_, "INSERT INTO ledger VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = value RETURNING value");
    keep.bind(1, name);
    keep.bind(2, first);
    if (keep.step() != SQLITE_ROW) return failed(why);
    out = keep.integer(0);
    return keep.step() == SQLITE_DONE ? verdict::fine : failed(why);
}

verdict database::keep_number(std::string_view name, std::int64_t value, std::string& why) {
    statement keep(db_, "INSERT INTO ledger VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = excluded.value");
    keep.bind(1, name);
    keep.bind(2, value);
    return keep.step() == SQLITE_DONE ? verdict::fine : failed(why);
}

verdict database::keep_models(const std::vector<kept_model>& models, std::string& why) {
    if (const auto v = begin(why); v != verdict::fine) return v;
    verdict v =
        run("CREATE TABLE IF NOT EXISTS models(name TEXT PRIMARY KEY, n0 INTEGER, n1 INTEGER, n2 INTEGER, n3 INTEGER, "
            "n4 INTEGER, n5 INTEGER)",
            why);
    if (v == verdict::fine) {
        statement put(db_, "INSERT OR REPLACE INTO models VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        for (const auto& each : models) {
            put.bind(1, std::string_view{each.name});
            for (std::size_t i = 0; i < each.numbers.size(); ++i) put.bind(static_cast<int>(i) + 2, each.numbers[i]);
            if (put.step() != SQLITE_DONE) v = failed(why);
            put.reset();
        }
    }
    if (v == verdict::fine) v = commit(why);
    if (v != verdict::fine) rollback();
    return v;
}

verdict database::kept_models(std::vector<kept_model>& out, std::string& why) {
    statement there(db_, "SELECT count(*) FROM sqlite_master WHERE name = 'models'");
    if (there.step() != SQLITE_ROW) return failed(why);
    if (there.integer(0) == 0) return verdict::fine;
    statement all(db_, "SELECT name, n0, n1, n2, n3, n4, n5 FROM models");
    int step = all.step();
    for (; step == SQLITE_ROW; step = all.step()) {
        kept_model one{all.text(0), {}};
        for (std::size_t i = 0; i < one.numbers.size(); ++i) one.numbers[i] = all.integer(static_cast<int>(i) + 1);
        out.push_back(std::move(one));
    }
    return step == SQLITE_DONE ? verdict::fine : failed(why);
}

// In steps, since the writer waits meanwhile. A database from before space was given back at all is rewritten whole, once.
verdict database::compact(bool& more, std::string& why) {
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
