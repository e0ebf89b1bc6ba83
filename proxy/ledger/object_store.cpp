#include "ledger/object_store.hpp"

#include <string>

#include "ledger/unix_time.hpp"

namespace weir::ledger {
namespace {

constexpr std::int64_t objects_per_deletion = 5000;

}  // namespace

std::optional<made_object> object_store::find(std::string_view id) {
    const auto db = database_.lock();
    std::optional<made_object> found;
    std::string why;
    if (db->objects.find(id, found, why) != verdict::fine) faults_.report(why);
    return found;
}

std::vector<made_object> object_store::owed(core::wall_time since, std::size_t most) {
    const auto db = database_.lock();
    std::vector<made_object> found;
    std::string why;
    if (db->objects.owed(unix_ms(since), static_cast<std::int64_t>(most), found, why) != verdict::fine) faults_.report(why);
    return found;
}

late_charge object_store::charge_late(row what, const object_booking& booking) {
    (void)rows_.move_all();  // what made the object may still stand in a journal
    const auto db = database_.lock();
    std::string why;
    bool due = false;
    what.seq = numbers_.first_late() + ++late_rows_;
    what.code = late_code;
    verdict v = db->file.begin(why);
    if (v == verdict::fine) v = db->objects.book(booking, due, why);
    if (v == verdict::fine && due && (what.cost != 0 || !what.usage.empty())) v = db->requests.insert({&what, 1}, why);
    if (v == verdict::fine) v = db->file.commit(why);
    if (v == verdict::fine) {
        faults_.is_over(fault_reports::kind::late);
        return due ? late_charge::charged : late_charge::not_due;
    }
    db->file.rollback();
    faults_.complain(fault_reports::kind::late, why + "; usage that came late is charged when that works again");
    return late_charge::failed;
}

void object_store::forget(std::chrono::hours keep, core::wall_time now) {
    for (std::int64_t deleted = objects_per_deletion; deleted == objects_per_deletion;) {
        const auto db = database_.lock();
        std::string why;
        deleted = 0;
        if (db->objects.forget(unix_ms(now - keep), objects_per_deletion, deleted, why) != verdict::fine) faults_.report(why);
    }
}

}  // namespace weir::ledger
