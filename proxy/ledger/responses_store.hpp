// Responses that clients may go on from, kept in a file of their own beside the ledger (`responses_store:`). Workers hand over and go on: a thread
// of its own writes and asks, in the order in which it was told: what was handed over is found by who asks next. A failure is reported and counted,
// and costs nobody more than the response.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "core/clock.hpp"
#include "ledger/database/response_table.hpp"
#include "ledger/fault_reports.hpp"
#include "ledger/stored_response.hpp"

namespace weir::ledger {

class responses_store {
public:
    struct options {
        std::string path;
        std::chrono::milliseconds ttl{std::chrono::hours{24 * 30}};
        std::size_t most_waiting = std::size_t{64} << 20;     ///< bytes that wait to be written; beyond them nothing is taken
        std::function<void(std::string_view)> on_fault = {};  ///< the operator must know; any thread
    };

    /// Null and `error` when the file cannot be used. A damaged one is set aside (reported), and a new one begun.
    [[nodiscard]] static std::unique_ptr<responses_store> open(options how, std::string& error);
    /// Does what waits.
    ~responses_store();
    responses_store(const responses_store&) = delete;
    responses_store& operator=(const responses_store&) = delete;

    // ---- any thread; none of these waits
    void keep(stored_response what);
    /// `told` gets it, or null, on the store's thread.
    void find(std::string id, std::function<void(stored_ref)> told);
    /// `told` is called when it is gone; false: that did not work.
    void remove(std::string id, std::function<void(bool)> told);
    /// Deletes what is older than the ttl, and gives the space back; in steps.
    void expire();

    /// What could not be kept, found or deleted since the start.
    [[nodiscard]] std::uint64_t errors() const { return errors_.load(std::memory_order_relaxed); }
    /// One that is too large, or lost otherwise: it is reported.
    void refuse(std::string_view why);

private:
    using job = std::function<void()>;

    explicit responses_store(options how);
    void run();
    void add(job what);
    void write(const stored_ref& what);
    void look(const std::string& id, const std::function<void(stored_ref)>& told);
    void expire_some();
    [[nodiscard]] std::int64_t oldest() const;
    [[nodiscard]] bool worked(verdict how, const std::string& why);

    options how_;
    fault_reports faults_;
    response_table table_;  ///< the thread's, once it runs
    std::mutex lock_;
    std::condition_variable wake_;
    std::deque<job> jobs_;
    std::size_t waiting_ = 0;  ///< bytes that were handed over and are not written
    bool stop_ = false;
    std::atomic<std::uint64_t> errors_{0};
    std::thread desk_;
};

}  // namespace weir::ledger
