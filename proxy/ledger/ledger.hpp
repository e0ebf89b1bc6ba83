// The durable record of spend: one row per request, in SQLite, also after kill -9.
//
//   worker --memcpy--> its journal (a mapped file) --this thread, in batches--> SQLite
//
// It decides nothing: it keeps what it is told, and says loudly when it cannot.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "ledger/database/database.hpp"
#include "ledger/journal.hpp"
#include "ledger/kept_models.hpp"

namespace weir::ledger {

struct options {
    std::string path;                            ///< the SQLite file; journals stand beside it
    std::chrono::milliseconds interval{200};     ///< between two moves from the journals to the database
    std::size_t max_journal_bytes = 256u << 20;  ///< per worker
    /// The process that this one takes over from still has the ledger: its journals are left to it, the database is shared.
    bool beside_predecessor = false;
    std::function<void(std::string_view)> on_fault = {};  ///< something is wrong and the operator must know; any thread
};

struct recovery {
    std::size_t settled = 0;    ///< rows of the journals found at the start, also those that were moved already
    std::size_t recovered = 0;  ///< requests that were in flight and were settled from their last progress
    std::size_t damaged = 0;    ///< places in the journals that could not be read
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

    /// Moves everything that is settled now into the database. False when that did not work (reported).
    bool flush();

    /// What `key` spent since then, settled rows of all journals included.
    [[nodiscard]] usage::nanousd spent_since(std::string_view key, core::wall_time since);

    /// The same for many at once, where `sum` is set. False: not everything that is settled could be read (reported); the sums are
    /// of what could.
    struct spent {
        std::string_view key;
        core::wall_time since{};
        usage::nanousd sum = 0;
    };
    bool add_up(std::span<spent> what);

    /// Whether no other process uses this ledger now. What one left that died in the middle is settled first. One thread.
    [[nodiscard]] bool alone();
    /// Of this process among all that ever used the ledger.
    [[nodiscard]] std::int64_t instance() const { return instance_; }

    /// Deletes rows older than `keep`. Returns how many; in steps, so that moving goes on meanwhile.
    std::int64_t retain(std::chrono::hours keep, core::wall_time now);

    /// A number that names this ledger for as long as its file exists: `fresh` when it has none yet.
    [[nodiscard]] std::int64_t identity(std::int64_t fresh);

    /// A small number of the caller's under a name of its own; 0: none is kept.
    [[nodiscard]] std::int64_t kept(std::string_view name);
    bool keep(std::string_view name, std::int64_t number);

    /// Whether what is settled cannot be moved into the database now, or the journals cannot grow: disk full, I/O errors.
    [[nodiscard]] const std::atomic<bool>& failing() const { return failing_; }

    /// Numbers kept by model, from any start of this ledger.
    bool keep_models(const std::vector<kept_model>& models);
    [[nodiscard]] std::vector<kept_model> kept_models();

    /// What a request made at its provider, as far as its row has been moved.
    [[nodiscard]] std::optional<made_object> find_object(std::string_view id);
    /// Whose usage is still to come, the oldest first.
    [[nodiscard]] std::vector<made_object> owed_objects(core::wall_time since, std::size_t most);
    /// Books usage that came late and writes `what` as a row of its own, both or neither. Its seq and code are given here.
    [[nodiscard]] late_charge charge_late(row what, const object_booking& booking);
    void forget_objects(std::chrono::hours keep, core::wall_time now);

    /// Gives the space of deleted rows back to the disk when it is a quarter of the file; in steps.
    void compact();

    [[nodiscard]] const recovery& recovered() const { return recovery_; }
    [[nodiscard]] std::uint64_t settled() const;  ///< rows that the journals took since the start
    [[nodiscard]] std::uint64_t lost() const;     ///< rows that found no room
    [[nodiscard]] std::size_t journal_bytes() const;

private:
    explicit ledger(options how);
    [[nodiscard]] bool take_lock(std::string& error);
    void give_other_locks_back();
    [[nodiscard]] bool open_database(std::string& error);
    [[nodiscard]] bool replay(std::string& error);
    [[nodiscard]] verdict insert_and_begin(const std::vector<row>& rows, std::int64_t instance, std::string& why);
    [[nodiscard]] bool adopt(std::size_t slot);
    void number_workers(std::size_t count);
    [[nodiscard]] std::int64_t newest_instance() const;
    void set_database_aside(std::string_view why);
    void run();
    [[nodiscard]] bool move_all();
    [[nodiscard]] verdict move_batch(journal& from, std::size_t& moved, std::string& why);
    [[nodiscard]] std::vector<journal*> journals();
    void watch_losses();
    void complain(std::string_view kind, std::string_view message);
    void report(std::string_view message) const;
    void remove_empty_journals();

    options how_;
    std::vector<int> lock_fds_;  // by slot; -1: another process has it
    std::size_t slot_ = 0;       // ours: several processes share a ledger while one takes over from another
    std::int64_t instance_ = 0;
    std::vector<std::int64_t> more_instances_;  // a sequence names one of few workers, so every so many get a number of their own
    recovery recovery_;

    std::mutex database_lock_;  // one user of the database at a time; the next two members
    database database_;
    sequence last_late_ = 0;
    std::atomic<bool> failing_{false};
    std::string complained_;  // the fault that was reported last and still stands

    mutable std::mutex lock_;
    std::condition_variable wake_;
    std::vector<std::unique_ptr<journal>> journals_;
    std::uint64_t reported_losses_ = 0;
    bool stop_ = false;
    std::thread thread_;
};

/// The journal files beside the ledger at `path`, whichever process made them.
[[nodiscard]] std::vector<std::string> journal_files(const std::string& path);

/// A whole file, or empty.
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace weir::ledger
