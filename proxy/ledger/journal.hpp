// One worker's journal: what it writes here survives kill -9, for the price of a memcpy into a shared mapping.
// It does not know the database: ledger.hpp moves settled rows there and gives the space back.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "ledger/row.hpp"
#include "record/request_record.hpp"

namespace weir::ledger {

/// What is known when a request is admitted.
struct intent {
    core::wall_time time{};
    std::string_view request_id, key, route, model, endpoint;
    bool stream = false;
};

/// How far a request has come; what it is settled with if the process dies.
struct progress_report {
    std::string_view pool, upstream, served_model;
    int status = 0;  ///< 0: no response head yet
    int attempts = 0;
    usage::counts usage;
    usage::nanousd cost = 0;
    std::int64_t first_token_ms = -1;  ///< -1: none came
    std::int64_t duration_ms = 0;      ///< since the request began
    std::string_view object = {};      ///< as in a row
    bool owes = false;
};

/// A begun request. A default one stands for a request that was never begun.
struct entry {
    char* slot = nullptr;
    sequence seq = 0;
};

class journal {
public:
    /// `first` is the sequence before the first one to give out (sequence_numbers.hpp). The file is made when it is first needed, and never larger
    /// than `max_bytes`.
    journal(std::string path, sequence first, std::size_t max_bytes);
    ~journal();
    journal(const journal&) = delete;
    journal& operator=(const journal&) = delete;

    // ---- the worker's thread; none of these waits or calls the system, except when a block of 256 KiB is used up

    /// Makes the request known. When there is no room the entry is only a number, and a crash would forget the request.
    [[nodiscard]] entry begin(const intent& what);
    /// What a crash would settle the request with. At most once a second per request is enough. Nothing for an entry without room.
    void progress(const entry& which, const progress_report& so_far);
    /// The row is durable when this returns true: call it before the last byte goes out. False: there was no room and the
    /// request was never begun; the row is lost and counted. `which` is used up; a default entry is fine too.
    bool settle(entry& which, const record::request_record& what);
    /// Forgets a request that shall have no row.
    void abandon(entry& which);

    // ---- the ledger's thread

    struct taken {
        std::vector<std::pair<void*, std::uint32_t>> marks;
    };
    /// Hands out the settled rows that were not yet released; remembers how far in `marks`. At most `most` rows; returns how many. The rows are
    /// views that hold until they are released.
    std::size_t take(std::size_t most, taken& marks, const std::function<void(const row&)>& each);
    /// The rows of `marks` are in the database: gives their space back.
    void release(const taken& marks);
    /// Keeps blocks ready so that the worker need not make them. False: the disk or the limit says no (`why`); the worker goes on with those that
    /// there are.
    bool prepare(std::string& why);

    [[nodiscard]] std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
    /// Rows that found no room and wait in their slots for the next start.
    [[nodiscard]] std::uint64_t delayed() const { return delayed_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t bytes();  ///< of its file
    /// Requests begun and not settled, and rows not yet released. Only when the worker is at rest.
    [[nodiscard]] bool empty();
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    struct block {
        char* base = nullptr;
        std::atomic<std::uint32_t> tail{0};  ///< bytes that the worker published
        std::uint32_t released = 0;
        bool sealed = false;  ///< the worker writes elsewhere now; under lock_
    };

    [[nodiscard]] char* free_slot_or_null();
    bool settle_in_place(entry& which, const row& final_state);
    [[nodiscard]] block* next_block();
    [[nodiscard]] char* map_block(std::string& why);
    [[nodiscard]] std::unique_ptr<block> make_block(std::string& why);

    std::string path_;
    sequence last_;
    std::size_t max_bytes_;

    block* current_ = nullptr;  // the worker's
    std::vector<char*> free_slots_;
    std::size_t open_count_ = 0;
    std::atomic<std::uint64_t> lost_{0};
    std::atomic<std::uint64_t> delayed_{0};

    std::mutex lock_;  // the members below; the worker takes it once per block
    int fd_ = -1;
    std::size_t bytes_ = 0;
    std::deque<std::unique_ptr<block>> used_;
    std::vector<std::unique_ptr<block>> spare_;
    std::vector<char*> mapped_;
};

}  // namespace weir::ledger
