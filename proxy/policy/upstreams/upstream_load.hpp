// How many requests an upstream has in flight, and who is told when one of them ends.
// It knows nothing of how they went (upstream_state.hpp does).
//
// Shared by every worker thread: one fetch_add at a request's start and one fetch_sub at its end, on a cache line of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "policy/upstreams/wait_queue.hpp"

namespace weir::policy {

class alignas(64) upstream_load {
public:
    /// `line`: where requests wait while the pool is full, told of every request that ends; may be null.
    explicit upstream_load(std::shared_ptr<wait_queue> line = nullptr) : line_(std::move(line)) {}

    /// Requests that have started and not ended.
    [[nodiscard]] std::int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
    /// Counts a request in, whatever the limit.
    void request_started() { in_flight_.fetch_add(1, std::memory_order_relaxed); }
    /// Counts a request in unless `max_requests` (0 or less: no limit) are in flight already; false: they are. Never lets one too many in.
    [[nodiscard]] bool try_start(std::int64_t max_requests) {
        if (max_requests <= 0) {
            request_started();
            return true;
        }
        auto seen = in_flight();
        while (seen < max_requests)
            if (in_flight_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
        return false;
    }
    /// Once for each that has started.
    void request_ended() {
        in_flight_.fetch_sub(1, std::memory_order_seq_cst);  // not relaxed: see wait_queue::slot_freed
        if (line_) line_->slot_freed();
    }

private:
    std::atomic<std::int64_t> in_flight_{0};
    const std::shared_ptr<wait_queue> line_;
};

}  // namespace weir::policy
