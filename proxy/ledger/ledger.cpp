#include "ledger/ledger.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "ledger/journal_format.hpp"
#include "ledger/ledger_files.hpp"

namespace weir::ledger {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t workers_per_instance = (1u << worker_bits) - 1;
constexpr std::size_t rows_per_transaction = 16000;
constexpr std::size_t rows_per_step = 256;  // what one statement moves: their decoded form stays in the cache

sequence first_sequence(std::int64_t instance, std::size_t worker) {
    return (static_cast<sequence>(instance) << (worker_bits + counter_bits)) | (sequence{worker} << counter_bits);
}

}  // namespace

std::string read_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    std::string bytes;
    std::string piece(block_size, '\0');
    for (;;) {
        const ssize_t n = ::read(fd, piece.data(), piece.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        bytes.append(piece, 0, static_cast<std::size_t>(n));
    }
    ::close(fd);
    return bytes;
}

std::vector<std::string> journal_files(const std::string& path) {
    const fs::path ledger(path);
    const fs::path folder = ledger.has_parent_path() ? ledger.parent_path() : fs::path(".");
    const std::string prefix = ledger.filename().string() + ".w";
    std::vector<std::string> found;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (name.starts_with(prefix) && name.ends_with(".journal")) found.push_back(it->path().string());
    }
    std::sort(found.begin(), found.end());
    return found;
}

ledger::ledger(options how) : how_(std::move(how)) {}

std::unique_ptr<ledger> ledger::open(options how, std::string& error) {
    std::unique_ptr<ledger> made(new ledger(std::move(how)));
    if (!made->take_lock(error) || !made->open_database(error) || !made->replay(error)) return nullptr;
    made->last_late_ = first_sequence(made->instance_, workers_per_instance);  // no worker has that number
    made->give_other_locks_back();
    made->thread_ = std::thread([l = made.get()] { l->run(); });
    return made;
}

ledger::~ledger() {
    if (thread_.joinable()) {
        {
            const std::lock_guard lock(lock_);
            stop_ = true;
        }
        wake_.notify_all();
        thread_.join();
        if (move_all()) remove_empty_journals();
    }
    database_.close();
    for (const int fd : lock_fds_)
        if (fd >= 0) ::close(fd);
}

// Every slot's lock is held while journals are replayed: a journal is settled by its owner, or by us when that has gone.
bool ledger::take_lock(std::string& error) {
    std::size_t taken = 0;
    std::string owner;
    bool found = false;
    for (std::size_t slot = 0; slot < slots; ++slot) {
        const std::string path = lock_path(how_.path, slot);
        // Slot 0 exists always; another one only when a takeover made it.
        const bool needed = slot == 0 || (how_.beside_predecessor && !found);
        const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | (needed ? O_CREAT : 0), 0640);
        if (fd < 0 && needed) {
            error = "ledger " + how_.path + ": cannot make " + path + ": " + std::strerror(errno);
            return false;
        }
        lock_fds_.push_back(fd);
        if (fd < 0) continue;
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
            ++taken;
            owner = read_file(path);
            ::close(std::exchange(lock_fds_.back(), -1));
        } else if (!std::exchange(found, true)) {
            slot_ = slot;
        }
    }
    if (!found || (taken > 0 && !how_.beside_predecessor)) {
        error = "ledger " + how_.path + ": another process uses it" + (owner.empty() ? "" : " (pid " + owner + ")") +
                "; give each weir a state.ledger of its own";
        return false;
    }
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(lock_fds_[slot_], 0) == 0) {
        [[maybe_unused]] const ssize_t n = ::pwrite(lock_fds_[slot_], pid.data(), pid.size(), 0);
    }
    return true;
}

void ledger::give_other_locks_back() {
    for (std::size_t slot = 0; slot < lock_fds_.size(); ++slot)
        if (slot != slot_ && lock_fds_[slot] >= 0) ::close(std::exchange(lock_fds_[slot], -1));
}

bool ledger::open_database(std::string& error) {
    std::string why;
    verdict v = database_.open(how_.path, why);
    if (v == verdict::corrupt) {
        set_database_aside(why);
        v = database_.open(how_.path, why);
    }
    if (v == verdict::fine) return true;
    error = why;
    return false;
}

void ledger::set_database_aside(std::string_view why) {
    database_.close();
    const std::string aside = how_.path + ".corrupt-" + stamp_now();
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::error_code ignored;
        fs::rename(how_.path + suffix, aside + suffix, ignored);
    }
    report(std::string(why) + "; the damaged file is kept as " + aside + " and a new ledger is begun");
}

journal& ledger::worker_journal(int index) {
    const auto at = static_cast<std::size_t>(index);
    number_workers(at + 1);
    const auto numbered = [this](std::size_t worker) {
        const std::size_t group = worker / workers_per_instance;
        return first_sequence(group == 0 ? instance_ : more_instances_[group - 1], worker % workers_per_instance);
    };
    const std::lock_guard lock(lock_);
    while (journals_.size() <= at) {
        const std::size_t worker = journals_.size();
        journals_.push_back(std::make_unique<journal>(journal_path(how_.path, worker, slot_), numbered(worker), how_.max_journal_bytes));
        std::string why;
        if (!journals_.back()->prepare(why)) report("ledger " + how_.path + ": " + why);
    }
    return *journals_[at];
}

// Before lock_ is taken: who moves rows holds database_lock_ when it takes that.
void ledger::number_workers(std::size_t count) {
    const std::lock_guard one_at_a_time(database_lock_);
    while (more_instances_.size() * workers_per_instance + workers_per_instance < count) {
        std::int64_t another = newest_instance() + 1;
        std::string why;
        if (database_.numbers.next_instance(another, another, why) != verdict::fine) report(why);
        more_instances_.push_back(another);
    }
}

std::int64_t ledger::newest_instance() const { return more_instances_.empty() ? instance_ : std::max(instance_, more_instances_.back()); }

std::vector<journal*> ledger::journals() {
    const std::lock_guard lock(lock_);
    std::vector<journal*> all;
    all.reserve(journals_.size());
    for (const auto& each : journals_) all.push_back(each.get());
    return all;
}

void ledger::run() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals belong to the main thread
    std::unique_lock lock(lock_);
    while (!stop_) {
        wake_.wait_for(lock, how_.interval, [this] { return stop_; });
        lock.unlock();
        [[maybe_unused]] const bool moved = move_all();  // a failure was reported; the rows stay in their journals
        lock.lock();
    }
}

bool ledger::flush() { return move_all(); }

bool ledger::move_all() {
    const std::lock_guard one_at_a_time(database_lock_);
    bool fine = true, room = true, wrote = false;
    for (journal* const from : journals()) {
        std::string why;
        std::size_t moved = rows_per_transaction;
        verdict v = verdict::fine;
        bool fresh = false;  // one new database for one fault: a disk that damages everything must not fill up with them
        while (moved == rows_per_transaction && v == verdict::fine) {
            v = move_batch(*from, moved, why);
            wrote = wrote || moved > 0;
            if (v != verdict::corrupt || std::exchange(fresh, true)) continue;
            set_database_aside(why);
            v = database_.open(how_.path, why);
            if (std::int64_t ignored = 0; v == verdict::fine) v = database_.numbers.next_instance(newest_instance(), ignored, why);
            moved = rows_per_transaction;
        }
        fine = fine && v == verdict::fine;
        if (v != verdict::fine) complain("move", why + "; settled requests stay in " + from->path());
        if (std::string full; !from->prepare(full)) {
            room = false;
            complain("room", "ledger " + how_.path + ": " + full);
        }
    }
    if (std::string why; !wrote && database_.file.probe(why) != verdict::fine) {
        fine = false;
        complain("move", why + "; settled requests will stay in their journals");
    }
    failing_.store(!fine || !room, std::memory_order_relaxed);
    watch_losses();
    if (fine) complained_.clear();
    return fine;
}

verdict ledger::move_batch(journal& from, std::size_t& moved, std::string& why) {
    journal::taken marks;
    verdict v = verdict::fine;
    bool begun = false;
    std::vector<row> step;
    const auto insert = [&] {
        if (!begun && v == verdict::fine) v = database_.file.begin(why);
        begun = begun || v == verdict::fine;
        if (v == verdict::fine) v = database_.requests.insert(step, why);
        step.clear();
    };
    moved = from.take(rows_per_transaction, marks, [&](const row& r) {
        step.push_back(r);
        if (step.size() == rows_per_step) insert();
    });
    if (!step.empty()) insert();
    if (begun && v == verdict::fine) v = database_.file.commit(why);
    if (v == verdict::fine) {
        from.release(marks);
    } else {
        database_.file.rollback();
    }
    return v;
}

void ledger::watch_losses() {
    const std::uint64_t now = lost();
    if (now > reported_losses_)
        report("ledger " + how_.path + ": " + std::to_string(now - reported_losses_) +
               " requests found no room in the journal and are not in the ledger");
    reported_losses_ = now;
}

// One fault, one message, until it is over: the disk may stay full for hours.
void ledger::complain(std::string_view kind, std::string_view message) {
    failing_.store(true, std::memory_order_relaxed);  // before anybody is told
    if (complained_ == kind) return;
    complained_ = kind;
    report(message);
}

void ledger::report(std::string_view message) const {
    if (how_.on_fault) how_.on_fault(message);
}

usage::nanousd ledger::spent_since(std::string_view key, core::wall_time since) {
    flush();
    const std::lock_guard one_at_a_time(database_lock_);
    std::string why;
    std::int64_t sum = 0;
    const auto since_ms = std::chrono::duration_cast<std::chrono::milliseconds>(since.time_since_epoch()).count();
    if (database_.requests.spent_since(key, since_ms, sum, why) != verdict::fine) report(why);
    return sum;
}

bool ledger::add_up(std::span<spent> what) {
    constexpr std::size_t at_once = 64;  // who moves rows waits meanwhile
    bool fine = flush();
    while (!what.empty()) {
        const std::lock_guard one_at_a_time(database_lock_);
        const auto some = what.first(std::min(what.size(), at_once));
        for (auto& each : some) {
            std::string why;
            const auto since_ms = std::chrono::duration_cast<std::chrono::milliseconds>(each.since.time_since_epoch()).count();
            if (database_.requests.spent_since(each.key, since_ms, each.sum, why) == verdict::fine) continue;
            fine = false;
            report(why);
        }
        what = what.subspan(some.size());
    }
    return fine;
}

void ledger::remove_empty_journals() {
    const std::lock_guard lock(lock_);
    for (const auto& each : journals_) {
        if (!each->empty()) continue;
        std::error_code ignored;
        fs::remove(each->path(), ignored);
    }
}

std::uint64_t ledger::settled() const {
    const std::lock_guard lock(lock_);
    std::uint64_t sum = 0;
    for (const auto& each : journals_) sum += each->settled();
    return sum;
}

std::size_t ledger::journal_bytes() const {
    const std::lock_guard lock(lock_);
    std::size_t sum = 0;
    for (const auto& each : journals_) sum += each->bytes();
    return sum;
}

std::uint64_t ledger::lost() const {
    const std::lock_guard lock(lock_);
    std::uint64_t sum = 0;
    for (const auto& each : journals_) sum += each->lost();
    return sum;
}

}  // namespace weir::ledger
