// What one key has spent in the current window of one length. Windows are fixed and aligned to the Unix epoch (a `1d`
// window is a UTC day), so that every process and every restart agrees where they begin.
// Shared by the workers: adding is one compare-and-swap; a mutex is taken once per window, when a new one begins.
// Where several weirs share one budget, lend() says how much of it this one may use; adding asks nobody.
// What other processes of the same ledger spent, and this one before it kept count, comes by agree_with().
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <mutex>

#include "core/clock.hpp"
#include "usage/money.hpp"

namespace weir::policy {

class budget_window {
public:
    /// `every` zero or less: one window that never ends.
    explicit budget_window(std::chrono::seconds every) : every_(std::min<std::chrono::seconds>(every, longest)) {}

    [[nodiscard]] std::chrono::seconds every() const { return every_; }
    /// The number of the window that `now` is in.
    [[nodiscard]] std::int64_t window_at(core::wall_time now) const;
    [[nodiscard]] core::wall_time begins(std::int64_t window) const;
    /// wall_time::max() when the window never ends.
    [[nodiscard]] core::wall_time ends(std::int64_t window) const;

    /// Adds `amount` if the total then does not exceed `limit` and something was left before; returns whether it did.
    /// `window`: of the wall clock as it is now. It is believed also where it has stepped back: what was counted in a window that has not come yet
    /// is put aside, what was put aside of this one comes back.
    [[nodiscard]] bool try_add(std::int64_t& window, usage::nanousd amount, usage::nanousd limit);
    /// Adds what has been spent already, whatever the limit; returns the new total. Saturates. `window` becomes the one it was counted in: a later
    /// one if its own is over.
    usage::nanousd add(std::int64_t& window, usage::nanousd amount);
    /// Takes back from a window, if it is still kept (the current one, the one before, and one that was put aside).
    void give_back(std::int64_t window, usage::nanousd amount);
    [[nodiscard]] usage::nanousd spent(std::int64_t window) const;

    /// A request that was admitted in `window` has ended and cost so much, however that is spread over the windows. Below zero: less than
    /// was said before.
    void note_settled(std::int64_t window, usage::nanousd cost);
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
    /// Whether somebody can be asked for a larger lease.
    void may_grow(bool yes) { grows_.store(yes, std::memory_order_relaxed); }
    [[nodiscard]] bool may_grow() const { return grows_.load(std::memory_order_relaxed); }
    /// The largest amount that was asked for at once since the last call: a lease that is smaller lets such requests wait.
    [[nodiscard]] usage::nanousd take_largest() { return largest_.exchange(0, std::memory_order_relaxed); }
    /// What requests that wait for a larger lease ask for, together.
    [[nodiscard]] usage::nanousd awaited() const { return awaited_.load(std::memory_order_relaxed); }

    /// A request that waits for a larger lease, for as long as this lives.
    class wish {
    public:
        wish(budget_window& of, usage::nanousd amount) : of_(of), amount_(std::max<usage::nanousd>(amount, 1)) {
            of_.awaited_.fetch_add(amount_, std::memory_order_relaxed);
        }
        ~wish() { of_.awaited_.fetch_sub(amount_, std::memory_order_relaxed); }
        wish(const wish&) = delete;
        wish& operator=(const wish&) = delete;

    private:
        budget_window& of_;
        usage::nanousd amount_;
    };

    /// The total in `window` at which a running stream must end, where the budget is `limit`.
    [[nodiscard]] usage::nanousd ceiling(std::int64_t window, usage::nanousd limit) const;
    /// What of `limit` the others have left to this process, spent or not.
    [[nodiscard]] usage::nanousd reachable(std::int64_t window, usage::nanousd limit) const;

private:
    static constexpr std::chrono::seconds longest = std::chrono::hours{24 * 365 * 100};  // the wall clock ends in 2262
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

    std::chrono::seconds every_;
    std::atomic<usage::nanousd> first_lease_{no_bound};
    std::atomic<usage::nanousd> largest_{0}, awaited_{0};
    std::atomic<bool> grows_{false};
    std::array<slot, 2> slots_;
    std::mutex turning_;
    put_aside aside_;  ///< guarded by turning_
};

}  // namespace weir::policy
