// The journals of this process, one per worker: made when a worker asks, counted together. row_mover.hpp empties them. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ledger/fault_reports.hpp"
#include "ledger/journal.hpp"
#include "ledger/sequence_numbers.hpp"
#include "ledger/slot_locks.hpp"

namespace weir::ledger {

class worker_journals {
public:
    /// They stand beside `ledger`, in the slot that is ours. `max_bytes`: of each.
    worker_journals(std::string ledger, std::size_t max_bytes, const slot_locks& locks, fault_reports& faults)
        : ledger_(std::move(ledger)), max_bytes_(max_bytes), locks_(locks), faults_(faults) {}

    /// The journal of a worker and, where they are missing, those before it. `numbers` has room for it. One without room on the disk is
    /// reported, and takes rows once there is some.
    [[nodiscard]] journal& at(std::size_t worker, const instances& numbers);

    [[nodiscard]] std::vector<journal*> all() const;

    [[nodiscard]] std::uint64_t lost() const;  ///< rows that found no room
    [[nodiscard]] std::size_t bytes() const;   ///< of their files
    /// Rows that were lost since this was asked last.
    [[nodiscard]] std::uint64_t newly_lost();

    /// Deletes the files of those in which nothing waits. No worker may use any of them any more.
    void remove_empty();

private:
    std::string ledger_;
    std::size_t max_bytes_;
    const slot_locks& locks_;
    fault_reports& faults_;

    mutable std::mutex lock_;  // the two below
    std::vector<std::unique_ptr<journal>> journals_;
    std::uint64_t told_lost_ = 0;
};

}  // namespace weir::ledger
