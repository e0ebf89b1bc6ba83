#include "policy/upstream_state.hpp"

#include <algorithm>
#include <utility>

namespace weir::policy {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr core::duration pause_unless_told = std::chrono::seconds{1};
constexpr core::duration longest_pause = std::chrono::hours{1};
constexpr double jitter_share = 0.2;  // rests end spread over the last fifth, so that workers do not return in step
constexpr double least_warm = 0.10;

std::int64_t ns(core::time_point t) {
    return std::chrono::duration_cast<core::duration>(t.time_since_epoch()).count();
}
std::int64_t ns(milliseconds d) { return core::duration{d}.count(); }
core::time_point at(std::int64_t t) { return core::time_point{core::duration{t}}; }

std::string seconds_up(std::int64_t left_ns) {
    constexpr std::int64_t second = 1'000'000'000;
    return std::to_string(std::max<std::int64_t>((left_ns + second - 1) / second, 0)) + " s";
}

}  // namespace

bool upstream_state::try_start(std::int64_t max_requests) {
    if (max_requests <= 0) {
        request_started();
        return true;
    }
    auto seen = in_flight_.load(relaxed);
    while (seen < max_requests)
        if (in_flight_.compare_exchange_weak(seen, seen + 1, relaxed)) return true;
    return false;
}

void upstream_state::report(outcome how_it_went, core::duration first_byte, core::time_point now,
                            const ejection_settings& s, double random, entry how) {
    switch (how_it_went) {
        case outcome::success:
            if (first_byte > core::duration::zero()) latency_.sample(first_byte, now);
            if (s.failure_rate_percent > 0) recent_.add(false, s.window, now);
            succeeded(now, how);
            return;
        case outcome::failure:
            if (first_byte > core::duration::zero()) latency_.sample_if_slower(first_byte, now);
            if (s.failure_rate_percent > 0) recent_.add(true, s.window, now);
            failed(now, s, random, how);
            return;
        case outcome::neutral:
            if (how == entry::probe) probe_abandoned();
            return;
    }
}

void upstream_state::broke_later(core::time_point now, const ejection_settings& s, double random) {
    if (s.failure_rate_percent > 0) recent_.failed_after_all(s.window, now);
    failed(now, s, random, entry::normal);
}

void upstream_state::succeeded(core::time_point now, entry how) {
    if (failures_.load(relaxed) == 0 && ejected_until_.load(relaxed) == unset) return;
    const std::lock_guard hold{changing_};
    if (ejected_until_.load(relaxed) == unset) {
        failures_.store(0, relaxed);
    } else if (how != entry::normal) {
        recover(now);  // a request from before the ejection proves nothing, one let in since does
    }
}

void upstream_state::failed(core::time_point now, const ejection_settings& s, double random, entry how) {
    const std::lock_guard hold{changing_};
    if (how == entry::probe) {
        probing_.store(false, relaxed);
        if (refused_.exchange(false, relaxed)) {  // another failure than before: it is broken, no longer refusing
            reason_.clear();
            failures_.store(1, relaxed);
        }
        if (ejected_until_.load(relaxed) != unset) eject(now, s, random);
        return;
    }
    // Requests from before the ejection, and those that panic let in, must not multiply its rest.
    if (ejected_until_.load(relaxed) != unset) return;
    failures_.store(failures_.load(relaxed) + 1, relaxed);
    judge(now, s, random);
}

// Whether the failure that was counted last is one too many.
void upstream_state::judge(core::time_point now, const ejection_settings& s, double random) {
    const bool in_a_row = s.consecutive_failures > 0 && failures_.load(relaxed) >= s.consecutive_failures;
    if (!in_a_row) {
        if (s.failure_rate_percent <= 0) return;
        const auto recent = recent_.over(s.window, now);
        if (recent.requests < static_cast<std::uint32_t>(std::max(s.min_requests, 1)) || recent.percent() < s.failure_rate_percent) return;
        reason_ = " after " + std::to_string(recent.percent()) + "% of " + std::to_string(recent.requests) + " requests failed";
    }
    // Having stayed in longer than it last rested, it starts over with the shortest rest.
    if (back_since_ == unset || ns(now) - back_since_ >= last_rest_) ejections_ = 0;
    eject(now, s, random);
}

void upstream_state::eject(core::time_point now, const ejection_settings& s, double random) {
    std::int64_t rest = ns(s.base);
    for (int i = 0; i < ejections_ && rest < ns(s.max); ++i) rest *= 2;
    rest = std::min(rest, ns(s.max));
    ++ejections_;
    last_rest_ = rest;
    const auto jitter = static_cast<std::int64_t>(static_cast<double>(rest) * jitter_share * random);
    ejected_until_.store(ns(now) + rest - jitter, relaxed);
}

void upstream_state::recover(core::time_point now) {
    ejected_until_.store(unset, relaxed);
    refused_.store(false, relaxed);
    probing_.store(false, relaxed);
    failures_.store(0, relaxed);
    warm_since_.store(ns(now), relaxed);
    back_since_ = ns(now);
    recent_.forget();  // from before; it is judged by what comes
    reason_.clear();
}

upstream_state::standing upstream_state::standing_at(core::time_point now) const {
    if (health_.load(relaxed) == health::down) return standing::down;
    const auto until = ejected_until_.load(relaxed);
    if (until != unset && ns(now) < until) return refused_.load(relaxed) ? standing::refused : standing::ejected;
    if (const auto wait = not_before_.load(relaxed); wait != unset && ns(now) < wait) return standing::waiting;
    if (until == unset) return standing::open;
    return probing_.load(relaxed) ? standing::probing : standing::half_open;
}

bool upstream_state::try_probe(core::time_point now) {
    if (standing_at(now) != standing::half_open) return false;
    bool free = false;
    return probing_.compare_exchange_strong(free, true, relaxed);
}

core::time_point upstream_state::rests_until() const {
    const auto until = std::max(ejected_until_.load(relaxed), not_before_.load(relaxed));
    return until == unset ? core::time_point::min() : at(until);
}

double upstream_state::slow_start(core::time_point now, const ejection_settings& s) const {
    const auto since = warm_since_.load(relaxed);
    if (since == unset || s.slow_start.count() <= 0) return 1.0;
    const double share = static_cast<double>(ns(now) - since) / static_cast<double>(ns(s.slow_start));
    return std::clamp(share, least_warm, 1.0);
}

bool upstream_state::ejected(core::time_point now) const {
    const auto how = standing_at(now);
    return how == standing::ejected || how == standing::refused || how == standing::probing ||
           how == standing::half_open;
}

void upstream_state::set_health(health verdict, core::time_point now) {
    const std::lock_guard hold{changing_};
    const auto before = health_.exchange(verdict, relaxed);
    // Whatever its requests said before it went down is old; refused credentials are not healed by a passing check.
    if (before == health::down && verdict == health::up && !refused_.load(relaxed)) recover(now);
}

void upstream_state::rate_limited(std::optional<core::duration> pause, core::time_point now) {
    const auto wait = std::clamp(pause.value_or(pause_unless_told), core::duration::zero(), longest_pause);
    const std::lock_guard hold{changing_};
    not_before_.store(std::max(not_before_.load(relaxed), ns(now) + wait.count()), relaxed);
}

void upstream_state::credentials_refused(std::string_view reason, core::time_point now, const ejection_settings& s) {
    const std::lock_guard hold{changing_};
    refused_.store(true, relaxed);
    probing_.store(false, relaxed);
    last_rest_ = ns(s.max);
    ejected_until_.store(ns(now) + ns(s.max), relaxed);
    reason_ = ": " + std::string{reason};
}

std::string upstream_state::describe(core::time_point now, const ejection_settings& s) const {
    const std::lock_guard hold{changing_};
    const auto left = [&](const std::atomic<std::int64_t>& until) { return seconds_up(until.load(relaxed) - ns(now)); };
    const auto failures = failures_.load(relaxed);
    const std::string after =
        !reason_.empty() ? reason_ : " after " + std::to_string(failures) + (failures == 1 ? " failure" : " failures");
    switch (standing_at(now)) {
        case standing::down: return "down by its health check";
        case standing::refused:
        case standing::ejected: return "resting " + left(ejected_until_) + " more" + after;
        case standing::waiting: return "waiting " + left(not_before_) + " more, as it asked (Retry-After)";
        case standing::half_open: return "rested, the next request probes it" + after;
        case standing::probing: return "rested, one request is probing it" + after;
        case standing::open: break;
    }
    if (slow_start(now, s) < 1.0) {
        const auto percent = static_cast<int>(slow_start(now, s) * 100.0);
        return "up, warming up at " + std::to_string(percent) + " % of its weight";
    }
    if (failures > 0) return "up, " + std::to_string(failures) + (failures == 1 ? " failure" : " failures") + " in a row";
    return health_.load(relaxed) == health::up ? "up" : "up (not checked)";
}

}  // namespace weir::policy
