#include "policy/upstreams/balancer.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace weir::policy {
namespace {

using entry = upstream_state::entry;

constexpr double latency_unless_known_s = 0.03;  // when no upstream of the pool has a sample: any common value does

/// Resting, but usable in need.
bool rests(standing s) { return s == standing::ejected || s == standing::probing || s == standing::waiting || s == standing::refused; }

/// A fraction in [0, 1) of 32 of the random bits.
double fraction(std::uint64_t bits) { return static_cast<double>(bits & 0xffff'ffffU) / 4294967296.0; }

}  // namespace

picked balancer::pick(std::span<const pool_member> pool, const tried_set& tried, bool reuse_tried, core::time_point now, std::uint64_t random,
                      const pick_for& request) {
    filter(pool, tried, now, request);
    const bool has_tried = !usable_again_.empty();
    keep_probes_for_first_attempts(tried.empty());
    if (auto found = claim_one(pool, now, random, request.who)) return found;
    if (has_tried && reuse_tried) {
        std::swap(usable_, usable_again_);
        if (auto found = claim_one(pool, now, random, request.who)) return found;
    }
    if (any_full_) return {.why_none = no_upstream::all_full};
    if (has_tried && !reuse_tried) return {.why_none = no_upstream::all_tried};
    return least_bad(pool, tried, reuse_tried, now, request);
}

void balancer::filter(std::span<const pool_member> pool, const tried_set& tried, core::time_point now, const pick_for& request) {
    usable_.clear();
    usable_again_.clear();
    any_full_ = false;
    let_back_in(pool, now);
    for (std::size_t i = 0; i < pool.size(); ++i) {
        const auto& member = pool[i];
        if (member.weight <= 0 || request.refused_it.contains(i)) continue;
        const auto& available = member.state->availability();
        const auto how = available.standing_at(now, request.who.model);
        entry as = entry::normal;
        if (how == standing::half_open) {
            as = entry::probe;
        } else if (let_in_[i]) {
            as = entry::panic;
        } else if (how != standing::open) {
            continue;
        }
        if (member.max_requests > 0 && member.state->load.in_flight() >= member.max_requests) {
            any_full_ = true;
            continue;
        }
        const double weight = member.weight * available.rest().slow_start(now, ejection_);
        (tried.contains(i) ? usable_again_ : usable_).push_back({i, as, weight});
    }
}

// No more than max_ejected of the pool may rest at once, but always one: beyond that, those whose rest ends first stay in.
void balancer::let_back_in(std::span<const pool_member> pool, core::time_point now) {
    let_in_.assign(pool.size(), false);
    const auto resting = [&](std::size_t i) {
        const auto how = pool[i].state->availability().standing_at(now);
        return how == standing::ejected || how == standing::probing;
    };
    const auto rests_until = [&](std::size_t i) { return pool[i].state->availability().rests_until(); };
    std::size_t ejected = 0;
    for (std::size_t i = 0; i < pool.size(); ++i) ejected += resting(i) ? 1U : 0U;
    if (ejected == 0) return;
    const auto percent = static_cast<std::size_t>(std::max(ejection_.max_ejected_percent, 0));
    const std::size_t may = percent == 0 ? 0 : std::max<std::size_t>(pool.size() * percent / 100, 1);
    for (; ejected > may; --ejected) {
        std::size_t first = pool.size();
        for (std::size_t i = 0; i < pool.size(); ++i) {
            if (let_in_[i] || !resting(i)) continue;
            if (first == pool.size() || rests_until(i) < rests_until(first)) first = i;
        }
        if (first == pool.size()) return;
        let_in_[first] = true;
    }
}

// A request that failed once is not gambled on a probe while something better is there; a fresh one probes at once.
void balancer::keep_probes_for_first_attempts(bool first_attempt) {
    const auto probes = [](const choice& c) { return c.entry == entry::probe; };
    if (first_attempt) {
        const auto probe = std::find_if(usable_.begin(), usable_.end(), probes);
        if (probe != usable_.end()) std::iter_swap(usable_.begin(), probe);
    } else if (!std::all_of(usable_.begin(), usable_.end(), probes)) {
        std::erase_if(usable_, probes);
    }
}

picked balancer::claim_one(std::span<const pool_member> pool, core::time_point now, std::uint64_t random, const asker& who) {
    while (!usable_.empty()) {
        const bool probe = usable_.front().entry == entry::probe;
        const std::size_t at = probe ? 0 : choose(pool, now, random);
        const auto chosen = usable_[at];
        const auto& member = pool[chosen.index];
        // Another worker may have been quicker since the filter looked.
        if (chosen.entry != entry::probe || member.state->try_probe(now)) {
            if (member.state->load.try_start(member.max_requests)) return {.index = chosen.index, .lease = {*member.state, chosen.entry, who}};
            if (chosen.entry == entry::probe) member.state->probe_abandoned();
            any_full_ = true;
        }
        usable_.erase(usable_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    return {};
}

std::size_t balancer::choose(std::span<const pool_member> pool, core::time_point now, std::uint64_t random) {
    if (how_ == balance::weighted_round_robin) return next_in_turn(pool.size());
    if (usable_.size() == 1) return 0;
    set_costs(pool, now);
    return usable_.size() <= scanned_whole ? cheapest(random) : better_of_two(random);
}

// Smooth weighted round robin: everyone gains its weight, the richest goes and pays what all gained together.
std::size_t balancer::next_in_turn(std::size_t pool_size) {
    constexpr double steps = 1024.0;  // so that a weight of 1 can warm up in steps
    turn_.resize(pool_size, 0);
    std::int64_t total = 0;
    std::size_t best = 0;
    for (std::size_t i = 0; i < usable_.size(); ++i) {
        const auto gain = std::max<std::int64_t>(std::llround(usable_[i].weight * steps), 1);
        total += gain;
        turn_[usable_[i].index] += gain;
        if (turn_[usable_[i].index] > turn_[usable_[best].index]) best = i;
    }
    turn_[usable_[best].index] -= total;
    return best;
}

void balancer::set_costs(std::span<const pool_member> pool, core::time_point now) {
    for (auto& c : usable_) c.cost = static_cast<double>(pool[c.index].state->load.in_flight() + 1) / c.weight;
    if (how_ != balance::peak_ewma) return;
    known_.clear();
    for (const auto& c : usable_)
        if (const auto e = pool[c.index].state->latency.at(now)) known_.push_back(*e);
    double median = latency_unless_known_s;
    if (!known_.empty()) {
        const auto middle = known_.begin() + static_cast<std::ptrdiff_t>(known_.size() / 2);
        std::nth_element(known_.begin(), middle, known_.end());
        median = *middle;
    }
    for (auto& c : usable_) c.cost *= pool[c.index].state->latency.at(now).value_or(median);
}

// Starts anywhere, so that equals share the work.
std::size_t balancer::cheapest(std::uint64_t random) const {
    std::size_t best = random % usable_.size();
    for (std::size_t k = 1; k < usable_.size(); ++k) {
        const std::size_t i = (random + k) % usable_.size();
        if (usable_[i].cost < usable_[best].cost) best = i;
    }
    return best;
}

// Two different ones, each drawn in proportion to its weight; the cheaper goes.
std::size_t balancer::better_of_two(std::uint64_t random) const {
    double total = 0.0;
    for (const auto& c : usable_) total += c.weight;
    const auto draw = [&](double at, std::size_t except) {
        std::size_t last = except == 0 ? 1 : 0;
        for (std::size_t i = 0; i < usable_.size(); ++i) {
            if (i == except) continue;
            last = i;
            if (at < usable_[i].weight) break;
            at -= usable_[i].weight;
        }
        return last;
    };
    const auto one = draw(fraction(random) * total, usable_.size());
    const auto two = draw(fraction(random >> 32U) * (total - usable_[one].weight), one);
    return usable_[two].cost < usable_[one].cost ? two : one;
}

// Everything rests. Rather a doubtful upstream than a certain refusal, if the pool allows it.
picked balancer::least_bad(std::span<const pool_member> pool, const tried_set& tried, bool reuse_tried, core::time_point now,
                           const pick_for& request) {
    const auto model = request.who.model;
    if (!panic_) return {.why_none = no_upstream::none_healthy, .back_at = first_back(pool, now, model)};
    // Of those that were not tried first; then those whose key or quota is no good last; then whose rest ends first.
    const auto rank = [&](std::size_t i) {
        const auto& available = pool[i].state->availability();
        return std::tuple(tried.contains(i), available.standing_at(now, model) == standing::refused, available.rests_until(model, now));
    };
    std::size_t best = pool.size();
    bool full = false;
    bool left_out = false;
    for (std::size_t i = 0; i < pool.size(); ++i) {
        const auto& [state, weight, max_requests] = pool[i];
        if (weight <= 0 || request.refused_it.contains(i) || !rests(state->availability().standing_at(now, model))) continue;
        if (max_requests > 0 && state->load.in_flight() >= max_requests) {
            full = true;
        } else if (tried.contains(i) && !reuse_tried) {
            left_out = true;
        } else if (best == pool.size() || rank(i) < rank(best)) {
            best = i;
        }
    }
    if (best != pool.size()) {
        if (pool[best].state->load.try_start(pool[best].max_requests))
            return {.index = best, .lease = {*pool[best].state, entry::panic, request.who}};
        full = true;
    }
    if (full) return {.why_none = no_upstream::all_full};
    if (left_out) return {.why_none = no_upstream::all_tried};
    return {.why_none = no_upstream::none_healthy, .back_at = first_back(pool, now, model)};
}

core::time_point balancer::first_back(std::span<const pool_member> pool, core::time_point now, std::uint64_t model) const {
    core::time_point first = core::never;
    for (const auto& member : pool) {
        const auto& available = member.state->availability();
        const auto how = available.standing_at(now, model);
        if (member.weight <= 0 || how == standing::down || how == standing::open) continue;
        first = std::min(first, std::max(available.rests_until(model, now), now));
    }
    return first;
}

}  // namespace weir::policy
