// The ledger beside its rows: its name, what was learned of models, retention and compaction.
#include "ledger/ledger.hpp"

namespace weir::ledger {
namespace {

constexpr std::int64_t rows_per_deletion = 5000;

}  // namespace

std::int64_t ledger::identity(std::int64_t fresh) {
    const std::lock_guard one_at_a_time(database_lock_);
    std::string why;
    std::int64_t kept = fresh;
    if (database_.numbers.find("identity", fresh, kept, why) != verdict::fine) report(why);
    return kept;
}

std::int64_t ledger::kept(std::string_view name) {
    const std::lock_guard one_at_a_time(database_lock_);
    std::string why;
    std::int64_t number = 0;
    if (database_.numbers.find(name, 0, number, why) != verdict::fine) report(why);
    return number;
}

bool ledger::keep(std::string_view name, std::int64_t number) {
    const std::lock_guard one_at_a_time(database_lock_);
    std::string why;
    return database_.numbers.keep(name, number, why) == verdict::fine;  // a full disk is reported by who moves rows
}

bool ledger::keep_models(const std::vector<kept_model>& models) {
    const std::lock_guard one_at_a_time(database_lock_);
    std::string why;
    return database_.models.keep(models, why) == verdict::fine;  // a full disk is reported by who moves rows
}

std::vector<kept_model> ledger::kept_models() {
    const std::lock_guard one_at_a_time(database_lock_);
    std::vector<kept_model> all;
    std::string why;
    if (database_.models.all(all, why) != verdict::fine) report(why);
    return all;
}

std::int64_t ledger::retain(std::chrono::hours keep, core::wall_time now) {
    const auto before = std::chrono::duration_cast<std::chrono::milliseconds>((now - keep).time_since_epoch()).count();
    std::int64_t total = 0;
    for (std::int64_t deleted = rows_per_deletion; deleted == rows_per_deletion; total += deleted) {
        const std::lock_guard one_at_a_time(database_lock_);
        std::string why;
        deleted = 0;
        if (database_.requests.remove_before(before, rows_per_deletion, deleted, why) != verdict::fine) report(why);
    }
    return total;
}

void ledger::compact() {
    std::string why;
    for (bool more = true; more;) {
        const std::lock_guard one_at_a_time(database_lock_);
        if (database_.file.compact(more, why) != verdict::fine) return report(why);
    }
}

}  // namespace weir::ledger
