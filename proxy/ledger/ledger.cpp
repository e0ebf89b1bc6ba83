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
#include <unordered_set>
#include <utility>

#include "ledger/journal_format.hpp"

namespace weir::ledger {
namespace {

namespace fs = std::filesystem;

// seq = instance (19 bits), worker (8 bits), counter (36 bits): positive as SQLite's signed 64-bit row id.
constexpr int counter_bits = 36;
constexpr int worker_bits = 8;
constexpr std::size_t most_journals = (1u << worker_bits) - 1;
constexpr std::size_t rows_per_transaction = 16000;
constexpr std::size_t rows_per_step = 256;  // what one statement moves: their decoded form stays in the cache

sequence first_sequence(std::int64_t instance, std::size_t worker) {
    return (static_cast<sequence>(instance) << (worker_bits + counter_bits)) | (sequence{worker} << counter_bits);
}
std::int64_t instance_of(sequence seq) { return static_cast<std::int64_t>(seq >> (worker_bits + counter_bits)); }

// Who takes over from a weir that still drains uses the next slot: a lock and journals of its own.
constexpr std::size_t slots = 16;

std::string lock_path(const std::string& ledger, std::size_t slot) {
    return ledger + (slot == 0 ? "" : "." + std::to_string(slot)) + ".lock";
}

std::string journal_path(const std::string& ledger, std::size_t worker, std::size_t slot) {
    return ledger + ".w" + std::to_string(worker) + (slot == 0 ? "" : "." + std::to_string(slot)) + ".journal";
}

// The slot of a journal's name: "….w0.journal" is of slot 0, "….w0.3.journal" of slot 3.
std::size_t slot_of(const std::string& journal) {
    const std::string stem = fs::path(journal).stem().string();
    const auto dot = stem.rfind('.');
    if (dot == std::string::npos || dot + 1 == stem.size()) return 0;
    std::size_t slot = 0;
    for (const char c : stem.substr(dot + 1)) {
        if (c < '0' || c > '9' || slot > slots) return 0;
        slot = slot * 10 + static_cast<std::size_t>(c - '0');
    }
    return slot;
}

std::string stamp_now() {
    using namespace std::chrono;
    return std::to_string(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
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

bool ledger::replay(std::string& error) {
    std::vector<std::string> files = journal_files(how_.path);
    std::erase_if(files, [this](const std::string& file) {
        const std::size_t slot = slot_of(file);
        return slot < lock_fds_.size() && lock_fds_[slot] < 0 && fs::exists(lock_path(how_.path, slot));
    });
    std::vector<std::string> contents;
    contents.reserve(files.size());
    for (const std::string& file : files) contents.push_back(read_file(file));

    std::vector<row> rows;
    std::unordered_set<sequence> settled;
    std::vector<row> open;
    std::int64_t newest_instance = 0;
    std::vector<std::size_t> damaged(files.size(), 0);
    for (std::size_t i = 0; i < files.size(); ++i) {
        const scan_result found = scan(
            contents[i],
            [&](const row& r) {
                if (settled.insert(r.seq).second) rows.push_back(r);
            },
            [&](const row& r) { open.push_back(r); });
        damaged[i] = found.damaged;
        recovery_.damaged += found.damaged;
    }
    recovery_.settled = rows.size();
    for (row& r : open) {
        if (!settled.insert(r.seq).second) continue;
        r.recovered = true;
        r.estimated = !r.usage.empty();  // the last progress is weir's own count
        rows.push_back(r);
        ++recovery_.recovered;
    }
    for (const row& r : rows) newest_instance = std::max(newest_instance, instance_of(r.seq));

    std::string why;
    verdict v = insert_all(rows, newest_instance + 1, why);
    if (v == verdict::corrupt) {  // a check of a large file at the start does not look everywhere
        set_database_aside(why);
        v = database_.open(how_.path, why);
        if (v == verdict::fine) v = insert_all(rows, newest_instance + 1, why);
    }
    if (v != verdict::fine) {
        error = why + "; the journals beside it are untouched";
        return false;
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        std::error_code ignored;
        if (damaged[i] == 0) {
            fs::remove(files[i], ignored);
            continue;
        }
        const std::string aside = files[i] + ".damaged-" + stamp_now();
        fs::rename(files[i], aside, ignored);
        report("ledger " + how_.path + ": " + std::to_string(damaged[i]) + " damaged places in " + files[i] +
               "; what could be read is settled, the file is kept as " + aside);
    }
    return true;
}

verdict ledger::insert_all(const std::vector<row>& rows, std::int64_t instance, std::string& why) {
    verdict v = database_.begin(why);
    if (v == verdict::fine) v = database_.insert(rows, why);
    if (v == verdict::fine) v = database_.next_instance(instance, instance_, why);
    if (v == verdict::fine) v = database_.commit(why);
    if (v != verdict::fine) database_.rollback();
    return v;
}

journal& ledger::worker_journal(int index) {
    const std::lock_guard lock(lock_);
    const std::size_t at = std::min(static_cast<std::size_t>(index), most_journals - 1);
    while (journals_.size() <= at) {
        const std::size_t worker = journals_.size();
        journals_.push_back(std::make_unique<journal>(journal_path(how_.path, worker, slot_), first_sequence(instance_, worker),
                                                      how_.max_journal_bytes));
        std::string why;
        if (!journals_.back()->prepare(why)) report("ledger " + how_.path + ": " + why);
    }
    return *journals_[at];
}

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
    bool fine = true, room = true;
    for (journal* const from : journals()) {
        std::string why;
        std::size_t moved = rows_per_transaction;
        verdict v = verdict::fine;
        bool fresh = false;  // one new database for one fault: a disk that damages everything must not fill up with them
        while (moved == rows_per_transaction && v == verdict::fine) {
            v = move_batch(*from, moved, why);
            if (v != verdict::corrupt || std::exchange(fresh, true)) continue;
            set_database_aside(why);
            v = database_.open(how_.path, why);
            if (v == verdict::fine) v = database_.next_instance(instance_, instance_, why);
            moved = rows_per_transaction;
        }
        fine = fine && v == verdict::fine;
        if (v != verdict::fine) complain("move", why + "; settled requests stay in " + from->path());
        if (std::string full; !from->prepare(full)) {
            room = false;
            complain("room", "ledger " + how_.path + ": " + full);
        }
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
        if (!begun && v == verdict::fine) v = database_.begin(why);
        begun = begun || v == verdict::fine;
        if (v == verdict::fine) v = database_.insert(step, why);
        step.clear();
    };
    moved = from.take(rows_per_transaction, marks, [&](const row& r) {
        step.push_back(r);
        if (step.size() == rows_per_step) insert();
    });
    if (!step.empty()) insert();
    if (begun && v == verdict::fine) v = database_.commit(why);
    if (v == verdict::fine) {
        from.release(marks);
    } else {
        database_.rollback();
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
    std::int64_t spent = 0;
    const auto since_ms = std::chrono::duration_cast<std::chrono::milliseconds>(since.time_since_epoch()).count();
    if (database_.spent_since(key, since_ms, spent, why) != verdict::fine) report(why);
    return spent;
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

std::uint64_t ledger::lost() const {
    const std::lock_guard lock(lock_);
    std::uint64_t sum = 0;
    for (const auto& each : journals_) sum += each->lost();
    return sum;
}

}  // namespace weir::ledger
