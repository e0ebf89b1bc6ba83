#include "exchange/race/upstream_finder.hpp"

#include <algorithm>

#include "exchange/tickets.hpp"
#include "policy/upstreams/retry.hpp"

namespace weir::exchange {

void upstream_finder::enter(pools::pool_view& pool, std::string_view model) {
    pool_ = &pool;
    model_ = model;
    wanted_.who = policy::asker_of(of_.told.record.key, model);
}

void upstream_finder::forget_tried() {
    tried_.clear();
    wanted_.refused_it.clear();
}

place upstream_finder::at(std::size_t upstream) { return place_in(*pool_->pool, upstream, model_, of_.what.names); }

policy::picked upstream_finder::pick() { return pool_->balancer.pick(pool_->members, tried_, true, of_.now(), of_.at.random(), wanted_); }

policy::picked upstream_finder::pick_at_once(bool first) {
    if (first)
        if (auto maker = of_.object.pick_maker(of_, *pool_)) return maker;
    if (pool_->pool->line->occupied()) return {.why_none = policy::no_upstream::all_full};
    return pick();
}

policy::picked upstream_finder::pick_another() { return pool_->balancer.pick(pool_->members, tried_, false, of_.now(), of_.at.random(), wanted_); }

net::task<policy::picked> upstream_finder::wait_in_line() {
    // Also without a word from the line, so that an upstream whose rest is over is seen.
    constexpr auto look_again = std::chrono::seconds{1};
    policy::picked found;
    const auto joined = of_.now();
    const auto until = std::min(of_.watch.deadline(), core::after(joined, conf().queue.timeout));
    const ring_ticket ticket{of_.at.bells, of_.client.sleeper()};
    const policy::wait_queue::place spot{*pool_->pool->line, of_.at.bells, ticket.number(), static_cast<std::size_t>(conf().queue.size)};
    found.why_none = policy::no_upstream::all_full;
    if (!spot.in_line()) co_return found;
    while (!of_.watch.abandoned()) {
        if (spot.first()) {
            found = pick();
            if (found.why_none != policy::no_upstream::all_full) break;
        }
        if (of_.now() >= until) break;
        if (of_.now() >= of_.beats.due(of_) && !of_.beats.beat(of_)) of_.watch.leave();
        const auto wake = std::min(std::min(until, of_.beats.due(of_)), of_.now() + look_again);
        (void)co_await of_.told.time.sleep_until(wake);
    }
    const auto waited = of_.at.loop.tick() - joined;
    of_.told.record.queued_ms += static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(waited).count());
    of_.at.metrics.pools().queued(conf().name, waited);
    co_return found;
}

// An upstream that rests after failures is not asked again, not even in panic. A pause that it asked for is waited for, up to max_backoff.
core::time_point upstream_finder::ask_again_at(const policy::picked& what, bool last) const {
    using policy::upstream_state;
    const auto now = of_.now();
    const auto& state = *pool_->members[what.index].state;
    const bool waits = state.availability().standing_at(now) == policy::standing::waiting;
    if (what.lease.how() == upstream_state::entry::panic && !waits) return core::never;
    const auto at = waits ? state.availability().rests_until() : pause_asked_until_;
    if (at <= now) return now;
    return last && at <= std::min(of_.watch.deadline(), now + conf().retry.max_backoff) ? at : core::never;
}

net::task<bool> upstream_finder::back_off(int retry, core::time_point not_before) {
    const auto jittered = of_.now() + policy::backoff(std::max(1, retry), conf().retry, of_.at.random.unit());
    const auto until = std::min(of_.watch.deadline(), std::max(jittered, not_before));
    while (of_.at.loop.tick() < until) {
        (void)co_await of_.told.time.sleep_until(until);
        if (of_.watch.abandoned()) co_return false;
    }
    co_return true;
}

}  // namespace weir::exchange
