// What the outcomes of an upstream's requests say of it: does it fail too often, and is that its doing or that of one key?
// It says when an upstream should rest, not for how long (ejection.hpp does), and keeps no latency (peak_ewma.hpp does).
//
// Shared by every worker thread. A success is one compare-and-swap and at most two relaxed stores; a failure takes its owner's mutex too.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "policy/settings.hpp"
#include "policy/upstreams/culprit.hpp"
#include "policy/upstreams/failure_window.hpp"
#include "policy/upstreams/key_successes.hpp"

namespace weir::policy {

/// Keys are asker::key: 0 where weir has none, and for failures that are nobody's but the upstream's.
class outlier_detector {
public:
    // --- any thread ---
    /// A request of this key was answered well. Failures in a row end by set_in_a_row().
    void succeeded(std::uint32_t key, core::time_point now, const ejection_settings& s) {
        if (s.failure_rate_percent > 0) recent_.add(false, s.window, now);
        served_.note(key, now);
        culprit_.succeeded(key, s.window, now);
    }
    /// To be followed by blame(), and by count_in_a_row() where it counts as one of those.
    void failed(core::time_point now, const ejection_settings& s) {
        if (s.failure_rate_percent > 0) recent_.add(true, s.window, now);
    }
    /// One that was counted as a success has failed after all: its stream broke. Otherwise as failed().
    void broke_later(core::time_point now, const ejection_settings& s) {
        if (s.failure_rate_percent > 0) recent_.failed_after_all(s.window, now);
    }

    /// Failures since the last success, as far as they were counted by count_in_a_row().
    [[nodiscard]] int in_a_row() const { return in_a_row_.load(std::memory_order_relaxed); }
    /// Requests and failures of the last `s.window`, or since forget().
    [[nodiscard]] failure_window::counts lately(core::time_point now, const ejection_settings& s) const { return recent_.over(s.window, now); }
    /// Whether a request of another key was answered well in the last `s.window`; not where weir has no keys.
    [[nodiscard]] bool serves_another_than(std::uint32_t key, core::time_point now, const ejection_settings& s) const {
        return served_.of_another_than(key, s.window, now);
    }

    // --- under the owner's mutex ---
    /// Whose failure it was. `counted`: as a success before.
    void blame(std::uint32_t key, bool counted, core::time_point now, const ejection_settings& s) {
        if (s.failure_rate_percent > 0) culprit_.failed(key, counted, s.window, now);
    }
    /// One failure more in a row, of this key.
    void count_in_a_row(std::uint32_t key);
    /// From now on there are so many in a row: none after a success, one where they begin anew.
    void set_in_a_row(int failures) { in_a_row_.store(failures, std::memory_order_relaxed); }
    /// Whether all failures in a row, if there are any, are this key's.
    [[nodiscard]] bool are_all_of(std::uint32_t key) const { return in_a_row() == 0 || failing_key_ == key; }
    /// After a failure: why the upstream should rest, in words for ejection::begin(); empty ones: for its failures in a row; none: it should not.
    [[nodiscard]] std::optional<std::string> judge(core::time_point now, const ejection_settings& s) const;
    /// It is back: it is judged by what comes.
    void forget();

private:
    [[nodiscard]] bool too_many_in_a_row(core::time_point now, const ejection_settings& s) const;
    [[nodiscard]] bool too_great_a_share(failure_window::counts recent, core::time_point now, const ejection_settings& s) const;

    failure_window recent_;
    key_successes served_;
    std::atomic<int> in_a_row_{0};
    std::uint32_t failing_key_ = 0;  // of the failures in a row; 0: several keys', or the upstream's own
    culprit culprit_;
};

}  // namespace weir::policy
