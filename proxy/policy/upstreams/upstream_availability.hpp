// Whether an upstream may be asked now: the verdict of its checks, its rest, the pause it asked for, the models whose quota is spent.
// What every pick reads, in one cache line that is written seldom. It decides none of that (upstream_state.hpp does).
//
// What is read is atomic, for any thread; what changes it, but for the probe, goes under the owner's mutex.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/clock.hpp"
#include "policy/upstreams/ejection.hpp"
#include "policy/upstreams/spent_models.hpp"

namespace weir::policy {

/// The active checks' verdict. `unknown` is usable; `down` is never used.
enum class health : std::uint8_t { unknown, up, down };

/// How an upstream stands.
enum class standing : std::uint8_t {
    open,       ///< takes requests
    half_open,  ///< its rest is over: one request may probe it
    probing,    ///< that request is under way
    ejected,    ///< resting after failures
    waiting,    ///< it asked for a pause (Retry-After)
    refused,    ///< it refuses our credentials or their quota is spent, maybe for one model only: panic uses it last
    down,       ///< by its active check
};

class upstream_availability {
public:
    // --- any thread ---
    /// `model` (asker::model; 0: whichever): `refused` as well where the quota for that one is spent.
    [[nodiscard]] standing standing_at(core::time_point now, std::uint64_t model = 0) const;
    /// Taken away by a rest that has not ended: not by a check, and not by a pause.
    [[nodiscard]] bool ejected(core::time_point now) const;
    /// When its rest or wait is over; time_point::min(): it has none.
    [[nodiscard]] core::time_point rests_until(std::uint64_t model = 0, core::time_point now = {}) const;
    /// When the pause that it asked for is over; time_point::min(): it never did.
    [[nodiscard]] core::time_point waits_until() const { return not_before_.load(std::memory_order_relaxed); }
    /// Of its active checks; unknown: there are none, or none is through yet.
    [[nodiscard]] health verdict() const { return health_.load(std::memory_order_relaxed); }
    [[nodiscard]] const ejection& rest() const { return rest_; }
    [[nodiscard]] const spent_models& spent() const { return spent_; }
    /// Claims the one probe of a half-open upstream; false: it is not half-open, or another request was first.
    [[nodiscard]] bool try_probe(core::time_point now) { return standing_at(now) == standing::half_open && rest_.claim_probe(); }

    // --- under the owner's mutex, unless the part says otherwise ---
    [[nodiscard]] ejection& rest() { return rest_; }
    [[nodiscard]] spent_models& spent() { return spent_; }
    /// The verdict before.
    health set_verdict(health now) { return health_.exchange(now, std::memory_order_relaxed); }
    /// No requests before `end`, or before a later one that was asked for earlier. True: it does not wait already.
    bool wait_until(core::time_point end, core::time_point now);

private:
    // What every pick reads is one cache line: the end of spent_ to the beginning of rest_. Their other ends are read by few.
    spent_models spent_;
    static_assert((sizeof(spent_models) - sizeof(core::time_point)) % 64 == 0, "its last member begins a cache line");
    std::atomic<health> health_{health::unknown};
    std::atomic<core::time_point> not_before_{core::time_point::min()};
    ejection rest_;
};

}  // namespace weir::policy
