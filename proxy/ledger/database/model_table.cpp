#include "ledger/database/model_table.hpp"

#include <utility>

namespace weir::ledger {

verdict model_table::keep(const std::vector<kept_model>& models, std::string& why) {
    if (const auto v = file_.begin(why); v != verdict::fine) return v;
    verdict v = file_.run(
        "CREATE TABLE IF NOT EXISTS models(name TEXT PRIMARY KEY, n0 INTEGER, n1 INTEGER, n2 INTEGER, n3 INTEGER, "
        "n4 INTEGER, n5 INTEGER)",
        why);
    if (v == verdict::fine) {
        statement put(file_.handle(), "INSERT OR REPLACE INTO models VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        for (const auto& each : models) {
            put.bind(1, std::string_view{each.name});
            for (std::size_t i = 0; i < each.numbers.size(); ++i) put.bind(static_cast<int>(i) + 2, each.numbers[i]);
            if (put.step() != SQLITE_DONE) v = file_.failed(why);
            put.reset();
        }
    }
    if (v == verdict::fine) v = file_.commit(why);
    if (v != verdict::fine) file_.rollback();
    return v;
}

verdict model_table::all(std::vector<kept_model>& out, std::string& why) {
    statement there(file_.handle(), "SELECT count(*) FROM sqlite_master WHERE name = 'models'");
    if (there.step() != SQLITE_ROW) return file_.failed(why);
    if (there.integer(0) == 0) return verdict::fine;
    statement every(file_.handle(), "SELECT name, n0, n1, n2, n3, n4, n5 FROM models");
    int step = every.step();
    for (; step == SQLITE_ROW; step = every.step()) {
        kept_model one{every.text(0), {}};
        for (std::size_t i = 0; i < one.numbers.size(); ++i) one.numbers[i] = every.integer(static_cast<int>(i) + 1);
        out.push_back(std::move(one));
    }
    return step == SQLITE_DONE ? verdict::fine : file_.failed(why);
}

}  // namespace weir::ledger
