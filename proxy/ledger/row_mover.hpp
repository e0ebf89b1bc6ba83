// Moves settled rows from the journals into the database, in batches: on a thread of its own, and when somebody wants them there now.
// A journal's space is given back once the database has its rows, never before.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>

#include "ledger/database/shared_database.hpp"
#include "ledger/fault_reports.hpp"
#include "ledger/sequence_numbers.hpp"
#include "ledger/worker_journals.hpp"

namespace weir::ledger {

class row_mover {
public:
    /// `numbers` is read while the database is locked.
    row_mover(worker_journals& from, shared_database& to, const instances& numbers, fault_reports& faults)
        : from_(from), to_(to), numbers_(numbers), faults_(faults) {}
    ~row_mover() { stop(); }
    row_mover(const row_mover&) = delete;
    row_mover& operator=(const row_mover&) = delete;

    /// Begins to move what is settled, once per `interval`.
    void start(std::chrono::milliseconds interval);

    /// Ends the thread. False: it was not started, or had ended.
    bool stop();

    /// Moves everything that is settled now. False when that did not work (reported): the rows stay in their journals. Any thread; it waits for
    /// who uses the database.
    bool move_all();

private:
    void run(std::chrono::milliseconds interval);
    [[nodiscard]] verdict empty_one(journal& from, database& into, bool& wrote, std::string& why);
    [[nodiscard]] verdict move_batch(journal& from, database& into, std::size_t& moved, std::string& why);

    worker_journals& from_;
    shared_database& to_;
    const instances& numbers_;
    fault_reports& faults_;

    std::mutex lock_;
    std::condition_variable wake_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace weir::ledger
