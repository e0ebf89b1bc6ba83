#include "ledger/kept_numbers.hpp"

#include <string>

// Where writing fails nothing is reported: a full disk is, by who moves rows (row_mover.hpp).
namespace weir::ledger {

std::int64_t kept_numbers::identity(std::int64_t fresh) {
    const auto db = database_.lock();
    std::string why;
    std::int64_t kept = fresh;
    if (db->numbers.find("identity", fresh, kept, why) != verdict::fine) faults_.report(why);
    return kept;
}

std::int64_t kept_numbers::number(std::string_view name) {
    const auto db = database_.lock();
    std::string why;
    std::int64_t kept = 0;
    if (db->numbers.find(name, 0, kept, why) != verdict::fine) faults_.report(why);
    return kept;
}

bool kept_numbers::keep(std::string_view name, std::int64_t value) {
    const auto db = database_.lock();
    std::string why;
    return db->numbers.keep(name, value, why) == verdict::fine;
}

std::vector<kept_model> kept_numbers::models() {
    const auto db = database_.lock();
    std::vector<kept_model> all;
    std::string why;
    if (db->models.all(all, why) != verdict::fine) faults_.report(why);
    return all;
}

bool kept_numbers::keep_models(const std::vector<kept_model>& learned) {
    const auto db = database_.lock();
    std::string why;
    return db->models.keep(learned, why) == verdict::fine;
}

}  // namespace weir::ledger
