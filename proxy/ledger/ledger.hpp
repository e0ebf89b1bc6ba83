// The durable record of spend: one row per request, in SQLite, also after kill -9.
//
//   worker --memcpy--> its journal (a mapped file) --row_mover's thread, in batches--> SQLite
//
// It decides nothing: it keeps what it is told, and says loudly when it cannot.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "ledger/database/shared_database.hpp"
#include "ledger/fault_reports.hpp"
#include "ledger/journal.hpp"
#include "ledger/kept_numbers.hpp"
#include "ledger/left_journals.hpp"
#include "ledger/object_store.hpp"
#include "ledger/row_mover.hpp"
#include "ledger/sequence_numbers.hpp"
#include "ledger/slot_locks.hpp"
#include "ledger/worker_journals.hpp"

namespace weir::ledger {

struct options {
    std::string path;                            ///< the SQLite file; journals stand beside it
    std::chrono::milliseconds interval{200};     ///< between two moves from the journals to the database
    std::size_t max_journal_bytes = 256u << 20;  ///< per worker
    /// The process that this one takes over from still has the ledger: its journals are left to it, the database is shared.
    bool beside_predecessor = false;
    std::function<void(std::string_view)> on_fault = {};  ///< something is wrong and the operator must know; any thread
};

class ledger {
public:
    /// Opens the ledger and settles what an earlier process left. Null and `error` when it cannot serve: another process
    /// has it, the folder cannot be written, the file belongs to another program. A corrupt database is set aside under a
    /// new name (reported, never deleted) and a new one begun.
    [[nodiscard]] static std::unique_ptr<ledger> open(options how, std::string& error);

    /// Moves what is settled; what was begun and not settled waits in its journal for the next start.
    ~ledger();
    ledger(const ledger&) = delete;
    ledger& operator=(const ledger&) = delete;

    /// The journal of worker `index`, made at first use; it is for that worker's thread alone and lives as long as
    /// the ledger. No worker may use it any more when the ledger is destroyed.
    [[nodiscard]] journal& worker_journal(int index);
    /// What all of them hold.
    [[nodiscard]] const worker_journals& journals() const { return journals_; }

    /// Moves everything that is settled now into the database. False when that did not work (reported).
    bool flush();
    /// Whether what is settled cannot be moved into the database now, or the journals cannot grow: disk full, I/O errors.
    [[nodiscard]] const std::atomic<bool>& failing() const { return faults_.failing(); }

    /// What `key` spent since then in nano-dollars, settled rows of all journals included. What cannot be read is reported, and missing.
    [[nodiscard]] usage::nanousd spent_since(std::string_view key, core::wall_time since);

    /// The same for many at once, where `sum` is set. False: not everything that is settled could be read (reported); the sums are
    /// of what could.
    struct spent {
        std::string_view key;
        core::wall_time since{};
        usage::nanousd sum = 0;
    };
    bool add_up(std::span<spent> what);

    /// What requests made at their providers.
    [[nodiscard]] object_store& objects() { return objects_; }
    /// What others keep here over a restart.
    [[nodiscard]] kept_numbers& kept() { return kept_; }

    /// Whether no other process uses this ledger now. What one left that died in the middle is settled first. One thread.
    [[nodiscard]] bool alone();
    /// Of this process among all that ever used the ledger.
    [[nodiscard]] std::int64_t instance() const { return instances_.own(); }
    /// What was settled when this process began.
    [[nodiscard]] const recovery& recovered() const { return recovery_; }

    /// Deletes rows older than `keep`. Returns how many; in steps, so that moving goes on meanwhile. A failure is reported, and the next call
    /// goes on.
    std::int64_t retain(std::chrono::hours keep, core::wall_time now);

    /// Gives the space of deleted rows back to the disk when it is a quarter of the file; in steps. A failure is reported.
    void compact();

private:
    explicit ledger(options how);
    [[nodiscard]] bool open_database(std::string& error);
    [[nodiscard]] bool replay(std::string& error);
    [[nodiscard]] verdict insert_and_begin(database& into, const std::vector<row>& rows, std::int64_t instance, std::string& why);
    [[nodiscard]] bool adopt(std::size_t slot);
    void number_workers(std::size_t count);

    // They go in the opposite order: the locks are held until nothing else is open.
    options how_;
    fault_reports faults_;
    slot_locks locks_;
    instances instances_;  // they grow while the database is locked
    recovery recovery_;
    worker_journals journals_;
    shared_database database_;
    row_mover mover_;
    object_store objects_;
    kept_numbers kept_;
};

}  // namespace weir::ledger
