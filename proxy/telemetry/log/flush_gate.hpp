// Who waits until all that there was has been written, and the thread that writes it in passes. A pass sees everything that was there when it began.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "telemetry/log/log_target.hpp"

namespace weir::telemetry {

class flush_gate {
public:
    /// The writing thread: a pass is over. Whether somebody waits for more of them: then the next one must come soon.
    bool pass_ended(log_target::outcome how) {
        bool awaited = false;
        {
            const std::lock_guard lock(lock_);
            last_ = how;
            ++passes_;
            awaited = waiting_ > 0;
        }
        ended_.notify_all();
        return awaited;
    }

    /// One that waits: it is counted from here on, so make it before the writing thread is woken. Any thread.
    class waiter {
    public:
        explicit waiter(flush_gate& at) : at_(at) {
            const std::lock_guard lock(at_.lock_);
            // A pass under way may have gone by something already; the one after it sees everything.
            enough_ = at_.passes_ + 2;
            ++at_.waiting_;
        }
        ~waiter() {
            const std::lock_guard lock(at_.lock_);
            --at_.waiting_;
        }
        waiter(const waiter&) = delete;
        waiter& operator=(const waiter&) = delete;

        /// Until everything that was there at the beginning has been written. False: it cannot be, or `patience` is over.
        [[nodiscard]] bool wait(std::chrono::milliseconds patience) {
            using outcome = log_target::outcome;
            std::unique_lock lock(at_.lock_);
            const auto done = [this] { return at_.passes_ >= enough_ && at_.last_ != outcome::blocked; };
            return at_.ended_.wait_for(lock, patience, done) && at_.last_ != outcome::failed;
        }

    private:
        flush_gate& at_;
        std::uint64_t enough_ = 0;
    };

private:
    std::mutex lock_;  ///< never held while writing, so that nobody waits for a slow disk
    std::condition_variable ended_;
    log_target::outcome last_ = log_target::outcome::idle;
    std::uint64_t passes_ = 0;
    int waiting_ = 0;
};

}  // namespace weir::telemetry
