#include "ledger/row_mover.hpp"

#include <pthread.h>
#include <signal.h>

#include <utility>
#include <vector>

namespace weir::ledger {
namespace {

constexpr std::size_t rows_per_transaction = 16000;
constexpr std::size_t rows_per_step = 256;  // what one statement moves: their decoded form stays in the cache

}  // namespace

void row_mover::start(std::chrono::milliseconds interval) {
    thread_ = std::thread([this, interval] { run(interval); });
}

bool row_mover::stop() {
    if (!thread_.joinable()) return false;
    {
        const std::lock_guard lock(lock_);
        stop_ = true;
    }
    wake_.notify_all();
    thread_.join();
    return true;
}

void row_mover::run(std::chrono::milliseconds interval) {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals belong to the main thread
    std::unique_lock lock(lock_);
    while (!stop_) {
        wake_.wait_for(lock, interval, [this] { return stop_; });
        lock.unlock();
        [[maybe_unused]] const bool moved = move_all();  // a failure was reported; the rows stay in their journals
        lock.lock();
    }
}

bool row_mover::move_all() {
    const auto db = to_.lock();
    const std::string ledger = "ledger " + db->file.path() + ": ";
    bool fine = true, room = true, wrote = false;
    for (journal* const from : from_.all()) {
        std::string why;
        if (empty_one(*from, *db, wrote, why) != verdict::fine) {
            fine = false;
            faults_.complain(fault_reports::kind::move, why + "; settled requests stay in " + from->path());
        }
        if (std::string full; !from->prepare(full)) {
            room = false;
            faults_.complain(fault_reports::kind::room, ledger + full);
        }
    }
    if (std::string why; !wrote && db->file.probe(why) != verdict::fine) {
        fine = false;
        faults_.complain(fault_reports::kind::move, why + "; settled requests will stay in their journals");
    }
    faults_.set_failing(!fine || !room);
    if (const auto lost = from_.newly_lost(); lost > 0)
        faults_.report(ledger + std::to_string(lost) + " requests found no room in the journal and are not in the ledger");
    if (fine) faults_.is_over(fault_reports::kind::move);
    if (room) faults_.is_over(fault_reports::kind::room);
    return fine;
}

verdict row_mover::empty_one(journal& from, database& into, bool& wrote, std::string& why) {
    std::size_t moved = rows_per_transaction;
    verdict v = verdict::fine;
    bool fresh = false;  // one new database for one fault: a disk that damages everything must not fill up with them
    while (moved == rows_per_transaction && v == verdict::fine) {
        v = move_batch(from, into, moved, why);
        wrote = wrote || moved > 0;
        if (v != verdict::corrupt || std::exchange(fresh, true)) continue;
        v = into.begin_anew(why, faults_);
        if (std::int64_t ignored = 0; v == verdict::fine) v = into.numbers.next_instance(numbers_.newest(), ignored, why);
        moved = rows_per_transaction;
    }
    return v;
}

verdict row_mover::move_batch(journal& from, database& into, std::size_t& moved, std::string& why) {
    journal::taken marks;
    verdict v = verdict::fine;
    bool begun = false;
    std::vector<row> step;
    const auto insert = [&] {
        if (!begun && v == verdict::fine) v = into.file.begin(why);
        begun = begun || v == verdict::fine;
        if (v == verdict::fine) v = into.requests.insert(step, why);
        step.clear();
    };
    moved = from.take(rows_per_transaction, marks, [&](const row& r) {
        step.push_back(r);
        if (step.size() == rows_per_step) insert();
    });
    if (!step.empty()) insert();
    if (begun && v == verdict::fine) v = into.file.commit(why);
    if (v == verdict::fine) {
        from.release(marks);
    } else {
        into.file.rollback();
    }
    return v;
}

}  // namespace weir::ledger
