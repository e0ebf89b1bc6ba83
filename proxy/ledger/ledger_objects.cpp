// The ledger's part about what requests made: whose it is, and usage that comes after the request's own row.
#include "ledger/ledger.hpp"

namespace weir::ledger {
namespace {

constexpr std::int64_t objects_per_deletion = 5000;

std::int64_t milliseconds(core::wall_time when) { return std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count(); }

}  // namespace

std::optional<made_object> ledger::find_object(std::string_view id) {
    const std::lock_guard one_at_a_time(database_lock_);
    std::optional<made_object> found;
    std::string why;
    if (database_.objects.find(id, found, why) != verdict::fine) report(why);
    return found;
}

std::vector<made_object> ledger::owed_objects(core::wall_time since, std::size_t most) {
    const std::lock_guard one_at_a_time(database_lock_);
    std::vector<made_object> found;
    std::string why;
    if (database_.objects.owed(milliseconds(since), static_cast<std::int64_t>(most), found, why) != verdict::fine) report(why);
    return found;
}

late_charge ledger::charge_late(row what, const object_booking& booking) {
    (void)move_all();  // what made the object may still stand in a journal
    const std::lock_guard one_at_a_time(database_lock_);
    std::string why;
    bool due = false;
    what.seq = ++last_late_;
    what.code = late_code;
    verdict v = database_.file.begin(why);
    if (v == verdict::fine) v = database_.objects.book(booking, due, why);
    if (v == verdict::fine && due && (what.cost != 0 || !what.usage.empty())) v = database_.requests.insert({&what, 1}, why);
    if (v == verdict::fine) v = database_.file.commit(why);
    if (v == verdict::fine) return due ? late_charge::charged : late_charge::not_due;
    database_.file.rollback();
    complain("late", why + "; usage that came late is charged when that works again");
    return late_charge::failed;
}

void ledger::forget_objects(std::chrono::hours keep, core::wall_time now) {
    for (std::int64_t deleted = objects_per_deletion; deleted == objects_per_deletion;) {
        const std::lock_guard one_at_a_time(database_lock_);
        std::string why;
        deleted = 0;
        if (database_.objects.forget(milliseconds(now - keep), objects_per_deletion, deleted, why) != verdict::fine) report(why);
    }
}

}  // namespace weir::ledger
