#include "policy/keys/budget_window.hpp"

#include <algorithm>

namespace weir::policy {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto most = std::numeric_limits<usage::nanousd>::max();

usage::nanousd saturating_sum(usage::nanousd a, usage::nanousd b) { return b > most - a ? most : a + b; }

}  // namespace

budget_window::slot& budget_window::slot_for(std::int64_t& window) {
    slot& found = slots_[place(window)];
    auto held = found.window.load(std::memory_order_acquire);
    if (held < window) {
        const std::lock_guard hold{turning_};
        held = found.window.load(relaxed);
        if (held < window) turn(found, held = window);
    }
    window = held;
    return found;
}

// Under the lock.
void budget_window::turn(slot& to, std::int64_t window) {
    const put_aside before{to.window.load(relaxed), to.spent.load(relaxed), to.settled.load(relaxed), to.elsewhere.load(relaxed)};
    const put_aside again = aside_.window == window ? aside_ : put_aside{};
    to.spent.store(again.spent, relaxed);
    to.settled.store(again.settled, relaxed);
    to.elsewhere.store(again.elsewhere, relaxed);
    to.lease.store(first_lease_.load(relaxed), relaxed);
    to.free.store(no_bound, relaxed);
    to.window.store(window, std::memory_order_release);
    if (before.window != unused) aside_ = before;
}

bool budget_window::try_add(std::int64_t& window, usage::nanousd amount, usage::nanousd limit) {
    amount = std::max<usage::nanousd>(amount, 0);
    demand_.asked_for(amount);
    if (slot& mine = slots_[place(window)]; mine.window.load(std::memory_order_acquire) > window) {
        const std::lock_guard hold{turning_};
        if (mine.window.load(relaxed) > window) turn(mine, window);
    }
    slot& to = slot_for(window);
    const auto reach = std::min(limit, to.free.load(relaxed));
    const auto lease = std::min(reach, to.lease.load(relaxed));
    auto spent = to.spent.load(relaxed);
    for (;;) {
        if (spent >= lease || amount > reach - spent) return false;
        if (to.spent.compare_exchange_weak(spent, spent + amount, relaxed)) return true;
    }
}

usage::nanousd budget_window::add(std::int64_t& window, usage::nanousd amount) {
    amount = std::max<usage::nanousd>(amount, 0);
    slot& to = slot_for(window);
    auto spent = to.spent.load(relaxed);
    for (;;) {
        const auto next = saturating_sum(spent, amount);
        if (to.spent.compare_exchange_weak(spent, next, relaxed)) return next;
    }
}

void budget_window::give_back(std::int64_t window, usage::nanousd amount) {
    slot& from = slots_[place(window)];
    if (amount <= 0) return;
    if (from.window.load(std::memory_order_acquire) != window) {
        const std::lock_guard hold{turning_};
        if (aside_.window == window) aside_.spent = std::max<usage::nanousd>(aside_.spent - amount, 0);
        return;
    }
    auto spent = from.spent.load(relaxed);
    while (!from.spent.compare_exchange_weak(spent, std::max<usage::nanousd>(spent - amount, 0), relaxed)) {
    }
}

usage::nanousd budget_window::spent(std::int64_t window) const {
    const slot& kept = slots_[place(window)];
    return kept.window.load(std::memory_order_acquire) == window ? kept.spent.load(relaxed) : 0;
}

void budget_window::note_settled(std::int64_t window, usage::nanousd cost) {
    slot& of = slots_[place(window)];
    if (cost == 0) return;
    if (of.window.load(std::memory_order_acquire) == window) {
        of.settled.fetch_add(cost, relaxed);
        return;
    }
    const std::lock_guard hold{turning_};
    if (aside_.window == window) aside_.settled += cost;
}

usage::nanousd budget_window::settled(std::int64_t window) const {
    const slot& of = slots_[place(window)];
    return of.window.load(std::memory_order_acquire) == window ? of.settled.load(relaxed) : 0;
}

void budget_window::agree_with(std::int64_t window, usage::nanousd in_ledger, usage::nanousd settled) {
    const auto asked = window;
    slot& of = slot_for(window);
    if (window != asked) return;  // a later one has begun meanwhile
    const auto now = std::max<usage::nanousd>(in_ledger - settled, 0);
    const auto more = now - of.elsewhere.load(relaxed);
    auto spent = of.spent.load(relaxed);
    while (!of.spent.compare_exchange_weak(spent, more > 0 ? saturating_sum(spent, more) : std::max<usage::nanousd>(spent + more, 0), relaxed)) {
    }
    of.elsewhere.store(now, std::memory_order_release);  // last: who reads both in between counts it as its own, not as nobody's
}

usage::nanousd budget_window::elsewhere(std::int64_t window) const {
    const slot& of = slots_[place(window)];
    return of.window.load(std::memory_order_acquire) == window ? of.elsewhere.load(std::memory_order_acquire) : 0;
}

void budget_window::lend(std::int64_t window, usage::nanousd lease, usage::nanousd free) {
    slot& to = slot_for(window);
    to.lease.store(lease, relaxed);
    to.free.store(free, relaxed);
}

usage::nanousd budget_window::ceiling(std::int64_t window, usage::nanousd limit) const {
    const slot& of = slots_[place(window)];
    if (of.window.load(std::memory_order_acquire) != window) return limit;
    return std::min({limit, of.lease.load(relaxed), of.free.load(relaxed)});
}

usage::nanousd budget_window::reachable(std::int64_t window, usage::nanousd limit) const {
    const slot& of = slots_[place(window)];
    return of.window.load(std::memory_order_acquire) == window ? std::min(limit, of.free.load(relaxed)) : limit;
}

}  // namespace weir::policy
