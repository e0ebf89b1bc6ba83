// What one key has spent in the current window of one length, and in the one before. When they begin is window_calendar.hpp's business.
// Shared by the workers: adding is one compare-and-swap; a mutex is taken once per window, when a new one begins.
// Where several weirs share one budget, lend() says how much of it this one may use; adding asks nobody.
// What other processes of the same ledger spent, and this one before it kept count, comes by agree_with().
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>

#include "policy/keys/lease_demand.hpp"
#include "policy/keys/window_calendar.hpp"
#include "usage/money.hpp"

namespace weir::policy {

class budget_window {
public:
    /// `every`: as window_calendar takes it.
    explicit budget_window(std::chrono::seconds every) : calendar_(every) {}

    [[nodiscard]] const window_calendar& calendar() const { return calendar_; }
    /// Where several weirs share the budget.
    [[nodiscard]] lease_demand& demand() { return demand_; }

    /// Adds `amount` if the total then does not exceed `limit` and something was left before; returns whether it did.
    /// `window`: of the wall clock as it is now. It is believed also where it has stepped back: what was counted in a window that has not come yet
    /// is put aside, what was put aside of this one comes back.
    [[nodiscard]] bool try_add(std::int64_t& window, usage::nanousd amount, usage::nanousd limit);
    /// Adds what has been spent already, whatever the limit; returns the new total. Saturates. `window` becomes the one it was counted in: a later
    /// one if its own is over.
    usage::nanousd add(std::int64_t& window, usage::nanousd amount);
    /// Takes back from a window, if it is still kept (the current one, the one before, and one that was put aside).
    void give_back(std::int64_t window, usage::nanousd amount);
    /// Zero for a window that is not kept, or was put aside; as settled() and elsewhere() say of one.
    [[nodiscard]] usage::nanousd spent(std::int64_t window) const;

    /// A request that was admitted in `window` has ended and cost so much, however that is spread over the windows. Below zero: less than
    /// was said before.
    void note_settled(std::int64_t window, usage::nanousd cost);
    /// What note_settled() was told of the window, together.
    [[nodiscard]] usage::nanousd settled(std::int64_t window) const;
    /// The ledger has `in_ledger` of the window, of which `settled` is what settled() says: the rest was spent elsewhere and
    /// counts from now on, instead of what was last said of it.
    void agree_with(std::int64_t window, usage::nanousd in_ledger, usage::nanousd settled);
    /// Of spent(): what the ledger had and this process did not settle.
    [[nodiscard]] usage::nanousd elsewhere(std::int64_t window) const;

    /// This process may spend `lease` of the window on its own, and nothing that brings its total above `free`, which is what
    /// the others have not taken. A request that begins within the lease may pass it by its own cost.
    void lend(std::int64_t window, usage::nanousd lease, usage::nanousd free);
    /// The lease of a window that nobody has been asked about yet.
    void begin_with(usage::nanousd first_lease) { first_lease_.store(first_lease, std::memory_order_relaxed); }

    /// The total in `window` at which a running stream must end, where the budget is `limit`.
    [[nodiscard]] usage::nanousd ceiling(std::int64_t window, usage::nanousd limit) const;
    /// What of `limit` the others have left to this process, spent or not.
    [[nodiscard]] usage::nanousd reachable(std::int64_t window, usage::nanousd limit) const;

private:
    static constexpr std::int64_t unused = std::numeric_limits<std::int64_t>::min();
    static constexpr usage::nanousd no_bound = std::numeric_limits<usage::nanousd>::max();

    // A request that is descheduled for a whole further window between finding its slot and adding to it would count in the
    // wrong one; that is accepted.
    struct alignas(64) slot {
        std::atomic<std::int64_t> window{unused};
        std::atomic<usage::nanousd> spent{0};
        std::atomic<usage::nanousd> lease{no_bound};
        std::atomic<usage::nanousd> free{no_bound};
        std::atomic<usage::nanousd> settled{0};
        std::atomic<usage::nanousd> elsewhere{0};
    };

    /// What a slot counted before it was given to another window.
    struct put_aside {
        std::int64_t window = unused;
        usage::nanousd spent = 0, settled = 0, elsewhere = 0;
    };

    [[nodiscard]] slot& slot_for(std::int64_t& window);
    void turn(slot& to, std::int64_t window);
    [[nodiscard]] static std::size_t place(std::int64_t window) { return static_cast<std::uint64_t>(window) & 1U; }

    window_calendar calendar_;
    std::atomic<usage::nanousd> first_lease_{no_bound};
    lease_demand demand_;
    std::array<slot, 2> slots_;
    std::mutex turning_;
    put_aside aside_;  ///< guarded by turning_
};

}  // namespace weir::policy
