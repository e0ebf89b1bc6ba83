#include "policy/upstreams/upstream_state.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "policy/upstreams/rest_words.hpp"

namespace weir::policy {
namespace {

constexpr core::duration pause_unless_told = std::chrono::seconds{1};
constexpr core::duration longest_pause = std::chrono::hours{1};
constexpr core::duration worth_a_word = std::chrono::seconds{5};

}  // namespace

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
            if (first_byte > core::duration::zero()) latency.sample(first_byte, now);
            outliers_.succeeded(who.key, now, s);
            if (outliers_.in_a_row() == 0 && !availability_.rest().lasts() && !refusals_.seen() && !availability_.spent().any(now)) return;
            tell(succeeded(now, how, who));
            return;
        case outcome::failure:
            if (first_byte > core::duration::zero()) latency.sample_if_slower(first_byte, now);
            outliers_.failed(now, s);
            tell(failed({now, s, random, how, whose == blame::asker ? who.key : 0}, false));
            return;
        case outcome::neutral:
            if (how == entry::probe) probe_abandoned();
            return;
    }
}

void upstream_state::broke_later(core::time_point now, const ejection_settings& s, double random, const asker& who) {
    outliers_.broke_later(now, s);
    tell(failed({now, s, random, entry::normal, who.key}, true));
}

upstream_state::maybe_news upstream_state::succeeded(core::time_point now, entry how, const asker& who) {
    // While a model rests the others' successes come by here; only what changes something takes the lock.
    const bool resting = availability_.rest().lasts();
    if (outliers_.in_a_row() == 0 && !resting && !refusals_.seen() && !availability_.spent().rests(who.model, now)) return {};
    if (resting && how == entry::normal) return {};  // a request from before the ejection proves nothing, one let in since does
    const std::lock_guard hold{changing_};
    refusals_.succeeded();
    availability_.spent().forgive(who.model);
    spent_names_.forgive(who.model);
    if (!availability_.rest().lasts()) {
        outliers_.set_in_a_row(0);
        return {};
    }
    come_back(now);
    return upstream_news{upstream_news::kind::back, "is back: a request was answered well"};
}

upstream_state::maybe_news upstream_state::failed(const report_of& what, bool counted_before) {
    const std::lock_guard hold{changing_};
    auto& rest = availability_.rest();
    outliers_.blame(what.key, counted_before, what.now, what.s);
    if (what.how == entry::probe) {
        rest.probe_ended();
        if (rest.refuses_no_more()) outliers_.set_in_a_row(1);
        if (!rest.lasts()) return {};
        return rests_for(rest.prolong(what.now, what.s, what.random));
    }
    // Requests from before the ejection, and those that panic let in, must not multiply its rest.
    if (rest.lasts()) return {};
    outliers_.count_in_a_row(what.key);
    auto why = outliers_.judge(what.now, what.s);
    if (!why) return {};
    return rests_for(rest.begin(std::move(*why), what.now, what.s, what.random));
}

upstream_news upstream_state::rests_for(core::duration so_long) const {
    const auto why = availability_.rest().why(outliers_.in_a_row()) + last_failure.in_words();
    return {upstream_news::kind::rests, "rests for " + seconds_up(so_long) + why};
}

void upstream_state::come_back(core::time_point now) {
    availability_.rest().end(now);
    outliers_.forget();
}

void upstream_state::set_health(health verdict, core::time_point now) {
    const std::lock_guard hold{changing_};
    const auto before = availability_.set_verdict(verdict);
    // Whatever its requests said before it went down is old; refused credentials are not healed by a passing check.
    if (before == health::down && verdict == health::up && !availability_.rest().refused()) come_back(now);
}

void upstream_state::rate_limited(std::optional<core::duration> pause, core::time_point now) {
    const auto wait = std::clamp(pause.value_or(pause_unless_told), core::duration::zero(), longest_pause);
    maybe_news news;
    {
        const std::lock_guard hold{changing_};
        // Of short ones nobody need hear, and of one pause once.
        if (availability_.wait_until(now + wait, now) && wait >= worth_a_word)
            news = upstream_news{upstream_news::kind::rests, "waits " + seconds_up(wait) + ", as it asked (Retry-After)" + last_failure.in_words()};
    }
    tell(news);
}

bool upstream_state::credentials_refused(const asker& who, std::string_view reason, core::time_point now, const ejection_settings& s) {
    maybe_news news;
    bool ask = false;
    {
        const std::lock_guard hold{changing_};
        if (availability_.standing_at(now) == standing::refused) return false;  // that is known
        refusals_.credentials_refused(who);
        const auto& credentials = refusals_.credentials();
        if (credentials.is_sure()) news = refuse(credentials.only_key(), reason, now, s);
        if (!news) ask = refusals_.doubt(now);
    }
    tell(news);
    return ask;
}

void upstream_state::itself_refused(std::string_view reason, core::time_point now, const ejection_settings& s) {
    maybe_news news;
    {
        const std::lock_guard hold{changing_};
        const auto& credentials = refusals_.credentials();
        if (!credentials.suspects() || availability_.standing_at(now) == standing::refused) return;  // a request was answered well meanwhile
        refusals_.itself_refused();
        news = refuse(credentials.only_key(), reason, now, s);
    }
    tell(news);
}

// Unless only this key is refused, while another one is served.
upstream_state::maybe_news upstream_state::refuse(std::uint32_t only_key, std::string_view reason, core::time_point now, const ejection_settings& s) {
    if (outliers_.serves_another_than(only_key, now, s)) return {};
    const auto why = ": " + std::string{reason};
    availability_.rest().refuse(why, now, s);
    refusals_.settled();
    return upstream_news{upstream_news::kind::refused, "rests for " + seconds_up(s.max) + why};
}

void upstream_state::quota_spent(const asker& who, std::string_view model, std::string_view reason, core::time_point now,
                                 const ejection_settings& s) {
    maybe_news news;
    {
        const std::lock_guard hold{changing_};
        auto& spent = availability_.spent();
        const bool known = spent.rests(who.model, now);
        spent.rest(who.model, now + s.max);
        const auto& name = spent_names_.rest(who.model, model, now + s.max, now);
        refusals_.quota_spent(who);
        if (availability_.standing_at(now) == standing::refused) return;
        const auto& quotas = refusals_.quotas();
        if (quotas.several_models()) news = refuse(quotas.only_key(), reason, now, s);
        if (!news && !known)
            news =
                upstream_news{upstream_news::kind::refused, "is not asked for '" + name + "' for " + seconds_up(s.max) + ": " + std::string{reason}};
    }
    tell(news);
}

bool upstream_state::is_one_keys_alone(const asker& who, core::time_point now, const ejection_settings& s) const {
    if (!outliers_.serves_another_than(who.key, now, s)) return false;
    const std::lock_guard hold{changing_};
    return outliers_.are_all_of(who.key);
}

std::string upstream_state::describe(core::time_point now, const ejection_settings& s) const {
    const std::lock_guard hold{changing_};
    const auto& rest = availability_.rest();
    const auto failures = outliers_.in_a_row();
    switch (availability_.standing_at(now)) {
        case standing::down: return "down by its health check";
        case standing::refused:
        case standing::ejected: return "resting " + seconds_up(rest.until() - now) + " more" + rest.why(failures);
        case standing::waiting: return "waiting " + seconds_up(availability_.waits_until() - now) + " more, as it asked (Retry-After)";
        case standing::half_open: return "rested, the next request probes it" + rest.why(failures);
        case standing::probing: return "rested, one request is probing it" + rest.why(failures);
        case standing::open: break;
    }
    if (const auto share = rest.slow_start(now, s); share < 1.0)
        return "up, warming up at " + std::to_string(static_cast<int>(share * 100.0)) + " % of its weight";
    const auto spent = spent_names_.in_words(now);
    if (failures > 0) return "up, " + std::to_string(failures) + (failures == 1 ? " failure" : " failures") + " in a row" + spent;
    return (availability_.verdict() == health::up ? "up" : "up (not checked)") + spent;
}

}  // namespace weir::policy
