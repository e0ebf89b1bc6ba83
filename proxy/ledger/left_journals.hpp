// What processes that are gone left in their journals: read whole, each request once. It says what the database lacks; ledger.hpp inserts it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ledger/fault_reports.hpp"
#include "ledger/row.hpp"

namespace weir::ledger {

struct recovery {
    std::size_t settled = 0;    ///< rows of the journals that were found, also those that were moved already
    std::size_t recovered = 0;  ///< requests that were in flight and are settled from their last progress
    std::size_t damaged = 0;    ///< places in the journals that could not be read
};

/// Whole in memory: the rows are views into it.
class left_journals {
public:
    /// Reads these journal files. None of their owners may still live.
    explicit left_journals(std::vector<std::string> files);
    left_journals(const left_journals&) = delete;
    left_journals& operator=(const left_journals&) = delete;

    /// No process left any.
    [[nodiscard]] bool none() const { return files_.empty(); }
    [[nodiscard]] const recovery& found() const { return found_; }
    /// The greatest instance that numbered one of the rows (sequence_numbers.hpp); 0: there are none.
    [[nodiscard]] std::int64_t newest_instance() const { return newest_instance_; }

    /// What the database lacks, as far as one can tell. Rows that were moved into it are said again, in case it lost them with its power;
    /// but not those that are old enough to have been deleted since: their sums are kept, and must not be made twice.
    [[nodiscard]] std::vector<row> rows(std::int64_t deleted_before_ms) const;

    /// They are in the database of `ledger` now: deletes the files. Damaged ones are kept under another name, and `faults` is told which.
    void put_away(const std::string& ledger, const fault_reports& faults) const;

private:
    std::vector<std::string> files_, contents_;
    std::vector<std::size_t> damaged_;  // by file
    std::vector<row> fresh_, moved_;
    recovery found_;
    std::int64_t newest_instance_ = 0;
};

}  // namespace weir::ledger
