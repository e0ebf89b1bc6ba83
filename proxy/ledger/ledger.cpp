#include "ledger/ledger.hpp"

#include <algorithm>
#include <utility>

#include "ledger/ledger_files.hpp"
#include "ledger/unix_time.hpp"

namespace weir::ledger {
namespace {

constexpr std::int64_t rows_per_deletion = 5000;

}  // namespace

ledger::ledger(options how)
    : how_(std::move(how)),
      faults_(how_.on_fault),
      locks_(how_.path),
      journals_(how_.path, how_.max_journal_bytes, locks_, faults_),
      mover_(journals_, database_, instances_, faults_),
      objects_(database_, mover_, instances_, faults_),
      kept_(database_, faults_) {}

std::unique_ptr<ledger> ledger::open(options how, std::string& error) {
    std::unique_ptr<ledger> made(new ledger(std::move(how)));
    if (!made->locks_.take(made->how_.beside_predecessor, error) || !made->open_database(error) || !made->replay(error)) return nullptr;
    made->locks_.give_others_back();
    made->mover_.start(made->how_.interval);
    return made;
}

ledger::~ledger() {
    if (mover_.stop() && mover_.move_all()) journals_.remove_empty();
}

bool ledger::open_database(std::string& error) {
    const auto db = database_.lock();
    std::string why;
    verdict v = db->open(how_.path, why);
    if (v == verdict::corrupt) v = db->begin_anew(why, faults_);
    if (v == verdict::fine) return true;
    error = why;
    return false;
}

// What earlier processes left. Those that still live settle theirs themselves.
bool ledger::replay(std::string& error) {
    std::vector<std::string> files = journal_files(how_.path);
    std::erase_if(files, [this](const std::string& file) { return locks_.is_anothers(slot_of(file)); });
    const left_journals left(std::move(files));
    recovery_ = left.found();
    const auto db = database_.lock();
    std::string why;
    std::int64_t deleted_before = 0;
    verdict v = db->requests.removed_before(deleted_before, why);
    if (v == verdict::fine) v = insert_and_begin(*db, left.rows(deleted_before), left.newest_instance() + 1, why);
    if (v == verdict::corrupt) {  // a check of a large file at the start does not look everywhere
        v = db->begin_anew(why, faults_);
        if (v == verdict::fine) v = insert_and_begin(*db, left.rows(0), left.newest_instance() + 1, why);
    }
    if (v != verdict::fine) {
        error = why + "; the journals beside it are untouched";
        return false;
    }
    left.put_away(how_.path, faults_);
    return true;
}

verdict ledger::insert_and_begin(database& into, const std::vector<row>& rows, std::int64_t instance, std::string& why) {
    verdict v = into.file.begin(why);
    std::int64_t own = 0;
    if (v == verdict::fine) v = into.requests.insert(rows, why);
    if (v == verdict::fine) v = into.numbers.next_instance(instance, own, why);
    if (v == verdict::fine) v = into.file.commit(why);
    if (v == verdict::fine)
        instances_.begin(own);
    else
        into.file.rollback();
    return v;
}

bool ledger::alone() {
    return locks_.alone([this](std::size_t slot) { return adopt(slot); });
}

// What a process that used the slot left when it was killed. Its lock is held.
bool ledger::adopt(std::size_t slot) {
    std::vector<std::string> files = journal_files(how_.path);
    std::erase_if(files, [slot](const std::string& file) { return slot_of(file) != slot; });
    const left_journals left(std::move(files));
    if (left.none()) return true;
    const auto db = database_.lock();
    std::string why;
    std::int64_t deleted_before = 0;
    verdict v = db->requests.removed_before(deleted_before, why);
    if (v == verdict::fine) v = db->file.begin(why);
    if (v == verdict::fine) v = db->requests.insert(left.rows(deleted_before), why);
    if (v == verdict::fine) v = db->file.commit(why);
    if (v != verdict::fine) {
        db->file.rollback();
        return false;  // who moves rows says why, and this is tried again
    }
    left.put_away(how_.path, faults_);
    if (const auto recovered = left.found().recovered; recovered > 0)
        faults_.report("ledger " + how_.path + ": " + std::to_string(recovered) +
                       " requests of another process that died were settled from their last progress");
    return true;
}

journal& ledger::worker_journal(int index) {
    const auto worker = static_cast<std::size_t>(index);
    number_workers(worker + 1);
    return journals_.at(worker, instances_);
}

// Before the journals are locked: who moves rows has the database when it locks those.
void ledger::number_workers(std::size_t count) {
    const auto db = database_.lock();
    while (!instances_.has_room_for(count)) {
        std::int64_t another = instances_.newest() + 1;
        std::string why;
        if (db->numbers.next_instance(another, another, why) != verdict::fine) faults_.report(why);
        instances_.add(another);
    }
}

bool ledger::flush() { return mover_.move_all(); }

usage::nanousd ledger::spent_since(std::string_view key, core::wall_time since) {
    spent one{key, since, 0};
    (void)add_up({&one, 1});
    return one.sum;
}

bool ledger::add_up(std::span<spent> what) {
    constexpr std::size_t at_once = 64;  // who moves rows waits meanwhile
    bool fine = flush();
    while (!what.empty()) {
        const auto db = database_.lock();
        const auto some = what.first(std::min(what.size(), at_once));
        for (auto& each : some) {
            std::string why;
            if (db->requests.spent_since(each.key, unix_ms(each.since), each.sum, why) == verdict::fine) continue;
            fine = false;
            faults_.report(why);
        }
        what = what.subspan(some.size());
    }
    return fine;
}

std::int64_t ledger::retain(std::chrono::hours keep, core::wall_time now) {
    const auto before = unix_ms(now - keep);
    std::int64_t total = 0;
    for (std::int64_t deleted = rows_per_deletion; deleted == rows_per_deletion; total += deleted) {
        const auto db = database_.lock();
        std::string why;
        deleted = 0;
        if (db->requests.remove_before(before, rows_per_deletion, deleted, why) != verdict::fine) faults_.report(why);
    }
    return total;
}

void ledger::compact() {
    std::string why;
    for (bool more = true; more;) {
        const auto db = database_.lock();
        if (db->file.compact(more, why) != verdict::fine) return faults_.report(why);
    }
}

}  // namespace weir::ledger
