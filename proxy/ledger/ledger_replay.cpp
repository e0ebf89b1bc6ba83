// What earlier processes left in their journals: read at the start, and when another process of the same ledger has died.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <unordered_set>
#include <utility>

#include "ledger/journal_format.hpp"
#include "ledger/ledger.hpp"
#include "ledger/ledger_files.hpp"

namespace weir::ledger {
namespace {

namespace fs = std::filesystem;

std::int64_t instance_of(sequence seq) { return static_cast<std::int64_t>(seq >> (worker_bits + counter_bits)); }

// Journals of processes that are gone, whole in memory: the rows are views into them.
class remains {
public:
    explicit remains(std::vector<std::string> files) : files_(std::move(files)), damaged_(files_.size(), 0) {
        contents_.reserve(files_.size());
        std::vector<row> open;
        std::unordered_set<sequence> known;
        for (std::size_t i = 0; i < files_.size(); ++i) {
            contents_.push_back(read_file(files_[i]));
            const auto add_to = [&known](std::vector<row>& rows) {
                return [&known, &rows](const row& r) {
                    if (known.insert(r.seq).second) rows.push_back(r);
                };
            };
            const scan_result found = scan(contents_[i], add_to(fresh_), [&](const row& r) { open.push_back(r); }, add_to(moved_));
            damaged_[i] = found.damaged;
            seen.damaged += found.damaged;
        }
        seen.settled = fresh_.size() + moved_.size();
        for (row& r : open) {
            if (!known.insert(r.seq).second) continue;
            r.recovered = true;
            r.estimated = !r.usage.empty();  // the last progress is weir's own count
            fresh_.push_back(r);
            ++seen.recovered;
        }
        for (const sequence seq : known) newest_instance = std::max(newest_instance, instance_of(seq));
    }

    [[nodiscard]] bool none() const { return files_.empty(); }

    /// What the database lacks, as far as one can tell. Rows that were moved into it are said again, in case it lost them with its power;
    /// but not those that are old enough to have been deleted since: their sums are kept, and must not be made twice.
    [[nodiscard]] std::vector<row> rows(std::int64_t deleted_before_ms) const {
        std::vector<row> all = fresh_;
        std::copy_if(moved_.begin(), moved_.end(), std::back_inserter(all), [&](const row& r) { return r.time_ms >= deleted_before_ms; });
        return all;
    }

    /// They are in the database now. Damaged files are kept under another name; `report` is told which.
    template <class Report>
    void put_away(Report report) const {
        for (std::size_t i = 0; i < files_.size(); ++i) {
            std::error_code ignored;
            if (damaged_[i] == 0) {
                fs::remove(files_[i], ignored);
                continue;
            }
            const std::string aside = files_[i] + ".damaged-" + stamp_now();
            fs::rename(files_[i], aside, ignored);
            report(std::to_string(damaged_[i]) + " damaged places in " + files_[i] + "; what could be read is settled, the file is kept as " + aside);
        }
    }

    recovery seen;
    std::int64_t newest_instance = 0;

private:
    std::vector<std::string> files_, contents_;
    std::vector<std::size_t> damaged_;
    std::vector<row> fresh_, moved_;
};

}  // namespace

std::string lock_path(const std::string& ledger, std::size_t slot) { return ledger + (slot == 0 ? "" : "." + std::to_string(slot)) + ".lock"; }

std::string journal_path(const std::string& ledger, std::size_t worker, std::size_t slot) {
    return ledger + ".w" + std::to_string(worker) + (slot == 0 ? "" : "." + std::to_string(slot)) + ".journal";
}

std::string stamp_now() {
    using namespace std::chrono;
    return std::to_string(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

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

bool ledger::replay(std::string& error) {
    std::vector<std::string> files = journal_files(how_.path);
    std::erase_if(files, [this](const std::string& file) {
        const std::size_t slot = slot_of(file);
        return slot < lock_fds_.size() && lock_fds_[slot] < 0 && fs::exists(lock_path(how_.path, slot));
    });
    const remains left(std::move(files));
    recovery_ = left.seen;
    std::string why;
    std::int64_t deleted_before = 0;
    verdict v = database_.requests.removed_before(deleted_before, why);
    if (v == verdict::fine) v = insert_and_begin(left.rows(deleted_before), left.newest_instance + 1, why);
    if (v == verdict::corrupt) {  // a check of a large file at the start does not look everywhere
        set_database_aside(why);
        v = database_.open(how_.path, why);
        if (v == verdict::fine) v = insert_and_begin(left.rows(0), left.newest_instance + 1, why);
    }
    if (v != verdict::fine) {
        error = why + "; the journals beside it are untouched";
        return false;
    }
    left.put_away([this](const std::string& what) { report("ledger " + how_.path + ": " + what); });
    return true;
}

verdict ledger::insert_and_begin(const std::vector<row>& rows, std::int64_t instance, std::string& why) {
    verdict v = database_.file.begin(why);
    if (v == verdict::fine) v = database_.requests.insert(rows, why);
    if (v == verdict::fine) v = database_.numbers.next_instance(instance, instance_, why);
    if (v == verdict::fine) v = database_.file.commit(why);
    if (v != verdict::fine) database_.file.rollback();
    return v;
}

bool ledger::alone() {
    bool yes = true;
    for (std::size_t slot = 0; slot < slots; ++slot) {
        if (slot == slot_) continue;
        const int fd = ::open(lock_path(how_.path, slot).c_str(), O_RDWR | O_CLOEXEC);
        if (fd < 0) continue;
        // Its owner holds the lock for as long as it lives; while we hold it nobody begins to use the slot.
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0 || !adopt(slot)) yes = false;
        ::close(fd);
    }
    return yes;
}

// What a process that used the slot left when it was killed. Its lock is held.
bool ledger::adopt(std::size_t slot) {
    std::vector<std::string> files = journal_files(how_.path);
    std::erase_if(files, [slot](const std::string& file) { return slot_of(file) != slot; });
    const remains left(std::move(files));
    if (left.none()) return true;
    const std::lock_guard one_at_a_time(database_lock_);
    std::string why;
    std::int64_t deleted_before = 0;
    verdict v = database_.requests.removed_before(deleted_before, why);
    if (v == verdict::fine) v = database_.file.begin(why);
    if (v == verdict::fine) v = database_.requests.insert(left.rows(deleted_before), why);
    if (v == verdict::fine) v = database_.file.commit(why);
    if (v != verdict::fine) {
        database_.file.rollback();
        return false;  // who moves rows says why, and this is tried again
    }
    left.put_away([this](const std::string& what) { report("ledger " + how_.path + ": " + what); });
    if (left.seen.recovered > 0)
        report("ledger " + how_.path + ": " + std::to_string(left.seen.recovered) +
               " requests of another process that died were settled from their last progress");
    return true;
}

}  // namespace weir::ledger
