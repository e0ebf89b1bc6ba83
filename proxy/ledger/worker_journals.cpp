#include "ledger/worker_journals.hpp"

#include <filesystem>
#include <numeric>
#include <system_error>
#include <utility>

#include "ledger/ledger_files.hpp"

namespace weir::ledger {
namespace {

template <class Number>
Number sum_of(const std::vector<std::unique_ptr<journal>>& journals, Number (*of)(journal&)) {
    return std::accumulate(journals.begin(), journals.end(), Number{}, [of](Number sum, const auto& each) { return sum + of(*each); });
}

}  // namespace

journal& worker_journals::at(std::size_t worker, const instances& numbers) {
    const std::lock_guard lock(lock_);
    while (journals_.size() <= worker) {
        const std::size_t next = journals_.size();
        journals_.push_back(std::make_unique<journal>(journal_path(ledger_, next, locks_.own()), numbers.first_of(next), max_bytes_));
        std::string why;
        if (!journals_.back()->prepare(why)) faults_.report("ledger " + ledger_ + ": " + why);
    }
    return *journals_[worker];
}

std::vector<journal*> worker_journals::all() const {
    const std::lock_guard lock(lock_);
    std::vector<journal*> every;
    every.reserve(journals_.size());
    for (const auto& each : journals_) every.push_back(each.get());
    return every;
}

std::uint64_t worker_journals::lost() const {
    const std::lock_guard lock(lock_);
    return sum_of<std::uint64_t>(journals_, [](journal& j) { return j.lost(); });
}

std::size_t worker_journals::bytes() const {
    const std::lock_guard lock(lock_);
    return sum_of<std::size_t>(journals_, [](journal& j) { return j.bytes(); });
}

std::uint64_t worker_journals::newly_lost() {
    const std::uint64_t now = lost();
    const std::lock_guard lock(lock_);
    return now - std::exchange(told_lost_, now);
}

void worker_journals::remove_empty() {
    const std::lock_guard lock(lock_);
    for (const auto& each : journals_) {
        if (!each->empty()) continue;
        std::error_code ignored;
        std::filesystem::remove(each->path(), ignored);
    }
}

}  // namespace weir::ledger
