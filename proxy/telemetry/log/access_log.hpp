// The access log: workers put finished lines into their own rings, one thread writes them out.
// A worker never waits for it: when its ring is full the line is dropped and counted.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "record/request_record.hpp"
#include "telemetry/byte_ring.hpp"
#include "telemetry/log/doorbell.hpp"
#include "telemetry/log/flush_gate.hpp"
#include "telemetry/log/log_target.hpp"
#include "telemetry/log/ring_drain.hpp"

namespace prometheus {
struct MetricFamily;
}

namespace weir::telemetry {

class access_log {
public:
    static constexpr std::size_t default_ring_size = 1 << 20;  ///< bytes

    /// One worker's end. Its functions are for that worker's thread alone; it lives as long as the log.
    class lane {
    public:
        /// Formats one line and hands it over; about a microsecond, no allocation, no lock; a system call only when the
        /// writing thread sleeps because nothing was logged for a while.
        void write(const record::request_record& what);
        [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }  ///< any thread

    private:
        friend class access_log;
        lane(doorbell* writer, std::size_t ring_size);
        doorbell* writer_;  ///< null: the log is off
        byte_ring ring_;
        std::unique_ptr<char[]> line_;
        std::atomic<std::uint64_t> dropped_{0};
    };

    /// `where` as in log_settings::access: stdout, off, or a file's path (opened for appending, made with mode 0640).
    /// Whether that worked is `error()`.
    explicit access_log(std::string where, std::size_t ring_size = default_ring_size);
    ~access_log();  ///< flushes
    access_log(const access_log&) = delete;
    access_log& operator=(const access_log&) = delete;

    [[nodiscard]] const std::string& error() const { return error_; }  ///< empty: fine
    [[nodiscard]] bool enabled() const { return !where_.empty(); }

    /// The lane of worker `index` (0, 1, …), made at first use.
    [[nodiscard]] lane& worker_lane(int index);

    /// Blocks until every line handed over before the call has been written, or cannot be (the target fails or `patience`
    /// is over): false.
    bool flush(std::chrono::milliseconds patience = std::chrono::seconds(5));

    /// Opens the file anew, between two lines: after a log rotation moved it away. On failure the old one stays in use.
    /// Returns what went wrong; empty: nothing.
    [[nodiscard]] std::string reopen();

    /// Lines that did not fit into their rings, of all workers.
    [[nodiscard]] std::uint64_t dropped() const;

    /// weir_log_dropped_total, for metrics::add_source.
    void collect(std::vector<prometheus::MetricFamily>& out) const;

private:
    void run();
    void look_for_lanes();
    [[nodiscard]] log_target::outcome drain();
    void take_over_replacement();
    [[nodiscard]] bool all_written() const;

    std::string where_;  ///< empty: off
    std::size_t ring_size_;
    std::string error_;
    std::unique_ptr<doorbell> bell_;  ///< of the writing thread; null: off
    flush_gate passes_;

    // the writing thread's
    log_target target_;
    ring_drain rings_;
    bool complained_ = false;

    mutable std::mutex lock_;  ///< the members below; never held while writing, so that nobody waits for a slow disk
    std::vector<std::unique_ptr<lane>> lanes_;
    log_target replacement_;  ///< a reopened file, taken over between two lines

    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace weir::telemetry
