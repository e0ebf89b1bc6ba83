#include "policy/upstreams/upstream_state.hpp"

#include <algorithm>
#include <utility>

namespace weir::policy {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr core::duration pause_unless_told = std::chrono::seconds{1};
constexpr core::duration longest_pause = std::chrono::hours{1};
constexpr double jitter_share = 0.2;  // rests end spread over the last fifth, so that workers do not return in step
constexpr double least_warm = 0.10;
constexpr core::duration worth_a_word = std::chrono::seconds{5};
constexpr std::size_t most_names = 16, longest_name = 100;

std::int64_t ns(core::time_point t) { return std::chrono::duration_cast<core::duration>(t.time_since_epoch()).count(); }
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

/// One failure on its way to a verdict.
struct upstream_state::report_of {
    core::time_point now;
    const ejection_settings& s;
    double random;
    entry how;
    std::uint32_t key;  ///< whose doing it may be; 0: nobody's but the upstream's
};

void upstream_state::report(outcome how_it_went, core::duration first_byte, core::time_point now, const ejection_settings& s, double random,
                            entry how, const asker& who, blame whose) {
    switch (how_it_went) {
        case outcome::success:
            if (first_byte > core::duration::zero()) latency_.sample(first_byte, now);
            if (s.failure_rate_percent > 0) recent_.add(false, s.window, now);
            served_.note(who.key, now);
            culprit_.succeeded(who.key, s.window, now);
            if (failures_.load(relaxed) == 0 && ejected_until_.load(relaxed) == unset && !watched_.load(relaxed) && !spent_.any(ns(now))) return;
            tell(succeeded(now, how, who));
            return;
        case outcome::failure:
            if (first_byte > core::duration::zero()) latency_.sample_if_slower(first_byte, now);
            if (s.failure_rate_percent > 0) recent_.add(true, s.window, now);
            tell(failed({now, s, random, how, whose == blame::asker ? who.key : 0}, false));
            return;
        case outcome::neutral:
            if (how == entry::probe) probe_abandoned();
            return;
    }
}

void upstream_state::broke_later(core::time_point now, const ejection_settings& s, double random, const asker& who) {
    if (s.failure_rate_percent > 0) recent_.failed_after_all(s.window, now);
    tell(failed({now, s, random, entry::normal, who.key}, true));
}

upstream_state::maybe_news upstream_state::succeeded(core::time_point now, entry how, const asker& who) {
    // While a model rests the others' successes come by here; only what changes something takes the lock.
    const bool resting = ejected_until_.load(relaxed) != unset;
    if (failures_.load(relaxed) == 0 && !resting && !watched_.load(relaxed) && spent_.until(who.model, ns(now)) == spent_models::never) return {};
    if (resting && how == entry::normal) return {};  // a request from before the ejection proves nothing, one let in since does
    const std::lock_guard hold{changing_};
    credentials_.forget();
    out_of_quota_.forget();
    watched_.store(false, relaxed);
    spent_.forgive(who.model);
    std::erase_if(spent_names_, [&](const auto& each) { return each.model == who.model; });
    if (ejected_until_.load(relaxed) == unset) {
        failures_.store(0, relaxed);
        return {};
    }
    recover(now);
    return upstream_news{upstream_news::kind::back, "is back: a request was answered well"};
}

upstream_state::maybe_news upstream_state::failed(const report_of& what, bool counted_before) {
    const std::lock_guard hold{changing_};
    if (what.s.failure_rate_percent > 0) culprit_.failed(what.key, counted_before, what.s.window, what.now);
    if (what.how == entry::probe) {
        probing_.store(false, relaxed);
        if (refused_.exchange(false, relaxed)) {  // another failure than before: it is broken, no longer refusing
            reason_.clear();
            failures_.store(1, relaxed);
        }
        if (ejected_until_.load(relaxed) != unset) return eject(what);
        return {};
    }
    // Requests from before the ejection, and those that panic let in, must not multiply its rest.
    if (ejected_until_.load(relaxed) != unset) return {};
    count_in_a_row(what);
    return judge(what);
}

void upstream_state::count_in_a_row(const report_of& what) {
    const auto before = failures_.load(relaxed);
    if (before == 0)
        failing_key_ = what.key;
    else if (failing_key_ != what.key)
        failing_key_ = 0;
    failures_.store(before + 1, relaxed);
}

bool upstream_state::too_many_in_a_row(const report_of& what) const {
    if (what.s.consecutive_failures <= 0 || failures_.load(relaxed) < what.s.consecutive_failures) return false;
    return !served_.of_another_than(failing_key_, what.s.window, what.now);
}

bool upstream_state::too_great_a_share(const report_of& what) {
    if (what.s.failure_rate_percent <= 0) return false;
    const auto recent = recent_.over(what.s.window, what.now);
    if (recent.requests < static_cast<std::uint32_t>(std::max(what.s.min_requests, 1)) || recent.percent() < what.s.failure_rate_percent)
        return false;
    // Everybody else's need not fail as often, since they may be few; but often enough that it is no one key's doing.
    if (served_.of_another_than(culprit_.key(), what.s.window, what.now) &&
        culprit_.others(recent, what.s.window, what.now).percent() * 2 < what.s.failure_rate_percent)
        return false;
    reason_ = " after " + std::to_string(recent.percent()) + "% of " + std::to_string(recent.requests) + " requests failed";
    return true;
}

// Whether the failure that was counted last is one too many.
upstream_state::maybe_news upstream_state::judge(const report_of& what) {
    if (!too_many_in_a_row(what) && !too_great_a_share(what)) return {};
    // Having stayed in longer than it last rested, it starts over with the shortest rest.
    if (back_since_ == unset || ns(what.now) - back_since_ >= last_rest_) ejections_ = 0;
    return eject(what);
}

upstream_state::maybe_news upstream_state::eject(const report_of& what) {
    std::int64_t rest = ns(what.s.base);
    for (int i = 0; i < ejections_ && rest < ns(what.s.max); ++i) rest *= 2;
    rest = std::min(rest, ns(what.s.max));
    ++ejections_;
    last_rest_ = rest;
    const auto jitter = static_cast<std::int64_t>(static_cast<double>(rest) * jitter_share * what.random);
    ejected_until_.store(ns(what.now) + rest - jitter, relaxed);
    return upstream_news{upstream_news::kind::rests, "rests for " + seconds_up(rest - jitter) + why_it_rests()};
}

void upstream_state::recover(core::time_point now) {
    ejected_until_.store(unset, relaxed);
    refused_.store(false, relaxed);
    probing_.store(false, relaxed);
    failures_.store(0, relaxed);
    warm_since_.store(ns(now), relaxed);
    back_since_ = ns(now);
    recent_.forget();  // from before; it is judged by what comes
    culprit_.forget();
    reason_.clear();
}

upstream_state::standing upstream_state::standing_at(core::time_point now, std::uint64_t model) const {
    if (health_.load(relaxed) == health::down) return standing::down;
    const auto until = ejected_until_.load(relaxed);
    if (until != unset && ns(now) < until) return refused_.load(relaxed) ? standing::refused : standing::ejected;
    if (model != 0 && spent_.until(model, ns(now)) != spent_models::never) return standing::refused;
    if (const auto wait = not_before_.load(relaxed); wait != unset && ns(now) < wait) return standing::waiting;
    if (until == unset) return standing::open;
    return probing_.load(relaxed) ? standing::probing : standing::half_open;
}

bool upstream_state::try_probe(core::time_point now) {
    if (standing_at(now) != standing::half_open) return false;
    bool free = false;
    return probing_.compare_exchange_strong(free, true, relaxed);
}

core::time_point upstream_state::rests_until(std::uint64_t model, core::time_point now) const {
    auto until = std::max(ejected_until_.load(relaxed), not_before_.load(relaxed));
    if (model != 0) until = std::max(until, spent_.until(model, ns(now)));
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
    return how == standing::ejected || how == standing::refused || how == standing::probing || how == standing::half_open;
}

void upstream_state::set_health(health verdict, core::time_point now) {
    const std::lock_guard hold{changing_};
    const auto before = health_.exchange(verdict, relaxed);
    // Whatever its requests said before it went down is old; refused credentials are not healed by a passing check.
    if (before == health::down && verdict == health::up && !refused_.load(relaxed)) recover(now);
}

void upstream_state::rate_limited(std::optional<core::duration> pause, core::time_point now) {
    const auto wait = std::clamp(pause.value_or(pause_unless_told), core::duration::zero(), longest_pause);
    maybe_news news;
    {
        const std::lock_guard hold{changing_};
        const auto before = not_before_.load(relaxed);
        not_before_.store(std::max(before, ns(now) + wait.count()), relaxed);
        // Of short ones nobody need hear, and of one pause once.
        if (wait >= worth_a_word && (before == unset || before <= ns(now)))
            news = upstream_news{upstream_news::kind::rests, "waits " + seconds_up(wait.count()) + ", as it asked (Retry-After)" + last_words()};
    }
    tell(news);
}

bool upstream_state::credentials_refused(const asker& who, std::string_view reason, core::time_point now, const ejection_settings& s) {
    maybe_news news;
    bool ask = false;
    {
        const std::lock_guard hold{changing_};
        if (standing_at(now) == standing::refused) return false;  // that is known
        credentials_.refused(who);
        watched_.store(true, relaxed);
        news = rest_if_sure(reason, now, s);
        if (!news && (may_probe_at_ == unset || ns(now) >= may_probe_at_)) {
            ask = true;
            may_probe_at_ = ns(now) + std::chrono::nanoseconds{probe_interval}.count();
            doubted_.store(true, relaxed);
        }
    }
    tell(news);
    return ask;
}

void upstream_state::itself_refused(std::string_view reason, core::time_point now, const ejection_settings& s) {
    maybe_news news;
    {
        const std::lock_guard hold{changing_};
        if (!credentials_.suspects() || standing_at(now) == standing::refused) return;  // a request was answered well meanwhile
        credentials_.refused_itself();
        news = rest_if_sure(reason, now, s);
    }
    tell(news);
}

upstream_state::maybe_news upstream_state::rest_if_sure(std::string_view reason, core::time_point now, const ejection_settings& s) {
    if (!credentials_.is_sure() || served_.of_another_than(credentials_.only_key(), s.window, now)) return {};
    return refuse(reason, now, s);
}

upstream_state::maybe_news upstream_state::refuse(std::string_view reason, core::time_point now, const ejection_settings& s) {
    refused_.store(true, relaxed);
    probing_.store(false, relaxed);
    last_rest_ = ns(s.max);
    ejected_until_.store(ns(now) + ns(s.max), relaxed);
    reason_ = ": " + std::string{reason};
    credentials_.forget();
    out_of_quota_.forget();
    return upstream_news{upstream_news::kind::refused, "rests for " + seconds_up(ns(s.max)) + reason_};
}

void upstream_state::quota_spent(const asker& who, std::string_view model, std::string_view reason, core::time_point now,
                                 const ejection_settings& s) {
    maybe_news news;
    {
        const std::lock_guard hold{changing_};
        const auto end = ns(now) + ns(s.max);
        const bool known = spent_.until(who.model, ns(now)) != spent_models::never;
        spent_.rest(who.model, end);
        std::erase_if(spent_names_, [&](const auto& each) { return each.model == who.model || each.until <= ns(now); });
        if (spent_names_.size() >= most_names) spent_names_.erase(spent_names_.begin());
        spent_names_.push_back({who.model, std::string{model.substr(0, longest_name)}, end});
        out_of_quota_.add(who);
        watched_.store(true, relaxed);
        if (standing_at(now) == standing::refused) return;
        if (out_of_quota_.several_models() && !served_.of_another_than(out_of_quota_.only_key(), s.window, now))
            news = refuse(reason, now, s);
        else if (!known)
            news = upstream_news{upstream_news::kind::refused,
                                 "is not asked for '" + spent_names_.back().name + "' for " + seconds_up(ns(s.max)) + ": " + std::string{reason}};
    }
    tell(news);
}

bool upstream_state::is_one_keys_alone(const asker& who, core::time_point now, const ejection_settings& s) const {
    if (!served_.of_another_than(who.key, s.window, now)) return false;
    const std::lock_guard hold{changing_};
    return failures_.load(relaxed) == 0 || failing_key_ == who.key;
}

void upstream_state::note_failure(int status, std::string words, core::time_point now) {
    const std::lock_guard hold{changing_};
    last_failure_ = last_failure{now, status, std::move(words)};
}

std::optional<upstream_state::last_failure> upstream_state::failed_last() const {
    const std::lock_guard hold{changing_};
    return last_failure_;
}

std::string upstream_state::last_words() const { return last_failure_ ? "; the last: " + last_failure_->words : std::string{}; }

std::string upstream_state::why_it_rests() const {
    const auto failures = failures_.load(relaxed);
    const std::string after = !reason_.empty() ? reason_ : " after " + std::to_string(failures) + (failures == 1 ? " failure" : " failures");
    return after + last_words();
}

// Of the models whose quota is spent: "; not asked for 'gpt-4o' for 280 s more".
std::string upstream_state::spent_words(core::time_point now) const {
    std::string out;
    for (const auto& each : spent_names_)
        if (each.until > ns(now)) out += "; its quota for '" + each.name + "' is spent, asked again in " + seconds_up(each.until - ns(now));
    return out;
}

std::string upstream_state::describe(core::time_point now, const ejection_settings& s) const {
    const std::lock_guard hold{changing_};
    const auto left = [&](const std::atomic<std::int64_t>& until) { return seconds_up(until.load(relaxed) - ns(now)); };
    const auto failures = failures_.load(relaxed);
    const std::string after = !reason_.empty() ? reason_ : " after " + std::to_string(failures) + (failures == 1 ? " failure" : " failures");
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
    if (failures > 0) return "up, " + std::to_string(failures) + (failures == 1 ? " failure" : " failures") + " in a row" + spent_words(now);
    return (health_.load(relaxed) == health::up ? "up" : "up (not checked)") + spent_words(now);
}

}  // namespace weir::policy
