#include "ledger/database/number_table.hpp"

namespace weir::ledger {

verdict number_table::next_instance(std::int64_t at_least, std::int64_t& out, std::string& why) {
    statement next(file_.handle(),
                   "INSERT INTO ledger VALUES('instance', ?1) "
                   "ON CONFLICT(name) DO UPDATE SET value = max(value + 1, ?1) RETURNING value");
    next.bind(1, at_least);
    if (next.step() != SQLITE_ROW) return file_.failed(why);
    out = next.integer(0);
    return next.step() == SQLITE_DONE ? verdict::fine : file_.failed(why);
}

verdict number_table::find(std::string_view name, std::int64_t first, std::int64_t& out, std::string& why) {
    statement ask(file_.handle(), "INSERT INTO ledger VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = value RETURNING value");
    ask.bind(1, name);
    ask.bind(2, first);
    if (ask.step() != SQLITE_ROW) return file_.failed(why);
    out = ask.integer(0);
    return ask.step() == SQLITE_DONE ? verdict::fine : file_.failed(why);
}

verdict number_table::keep(std::string_view name, std::int64_t value, std::string& why) {
    statement put(file_.handle(), "INSERT INTO ledger VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = excluded.value");
    put.bind(1, name);
    put.bind(2, value);
    return put.step() == SQLITE_DONE ? verdict::fine : file_.failed(why);
}

}  // namespace weir::ledger
