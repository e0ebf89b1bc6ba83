// The rests of one upstream: until when, why, who may try it then, how long the next one will be, and how it warms up after.
// It decides how long a rest lasts, not when one begins (outlier_detector.hpp and refusal_watch.hpp know that).
//
// What is read is atomic and relaxed, for any thread; what begins and ends a rest goes under the owner's mutex.
#pragma once

#include <atomic>
#include <string>

#include "core/clock.hpp"
#include "policy/settings.hpp"

namespace weir::policy {

class ejection {
public:
    static constexpr core::time_point none = core::time_point::min();

    // --- any thread ---
    /// From when it is taken away until a request or a check brings it back: also when its time is over and nobody has tried it yet.
    [[nodiscard]] bool lasts() const { return until() != none; }
    /// When a probe may try it; `none`: it does not rest.
    [[nodiscard]] core::time_point until() const { return until_.load(std::memory_order_relaxed); }
    /// It rests since it refuses, not since it fails.
    [[nodiscard]] bool refused() const { return refused_.load(std::memory_order_relaxed); }
    /// Its one probe is under way.
    [[nodiscard]] bool probing() const { return probing_.load(std::memory_order_relaxed); }
    /// Claims the one probe; false: another request has it.
    [[nodiscard]] bool claim_probe() {
        bool free = false;
        return probing_.compare_exchange_strong(free, true, std::memory_order_relaxed);
    }
    /// The probe is over, with a verdict or without one: the next may be claimed.
    void probe_ended() { probing_.store(false, std::memory_order_relaxed); }
    /// Share of its weight while it warms up after a recovery: max(10 %, t/T); 1 otherwise.
    [[nodiscard]] double slow_start(core::time_point now, const ejection_settings& s) const;

    // --- under the owner's mutex ---
    /// A rest after failures. It doubles with each one, up to `s.max`, and starts over with `s.base` when the upstream had stayed in for longer
    /// than it last rested. `why` as why() gives it back. `random` in [0, 1) takes up to a fifth off. Returns how long it rests.
    core::duration begin(std::string why, core::time_point now, const ejection_settings& s, double random);
    /// A probe failed: a rest twice as long as the last one, likewise.
    core::duration prolong(core::time_point now, const ejection_settings& s, double random);
    /// It rests for `s.max` since it refuses.
    void refuse(std::string why, core::time_point now, const ejection_settings& s);
    /// It does not refuse any more, it is broken: its probe failed in another way. False: it did not refuse.
    [[nodiscard]] bool refuses_no_more();
    /// It is back, and warms up from now on.
    void end(core::time_point now);
    /// " after 5 failures", ": credentials refused (401)", ... Where begin() was given no words they are about the `failures` in a row.
    [[nodiscard]] std::string why(int failures) const;

private:
    // First what every pick reads.
    std::atomic<core::time_point> until_{none};
    std::atomic<core::time_point> warm_since_{none};
    std::atomic<bool> refused_{false};
    std::atomic<bool> probing_{false};
    // Guarded by the owner's mutex.
    int in_a_row_ = 0;  // ejections: the exponent of the next rest
    core::duration last_rest_{0};
    core::time_point back_since_ = none;
    std::string why_;  // empty: failures in a row
};

}  // namespace weir::policy
