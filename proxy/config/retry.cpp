// Health checks, ejection, retries, the wait queue, second attempts and drains of one pool.
#include <algorithm>

#include "config/sections.hpp"
#include "config/suggest.hpp"

namespace weir::config {

namespace {

void read_expect(const value& from, policy::health_check_settings& into) {
    const auto range = from.as(parse_statuses);
    if (!range) return;
    into.expect_from = range->first;
    into.expect_to = range->second;
}

/// One entry of `retry.on`: a word or statuses.
void read_reason(const value& from, policy::retry_settings& into) {
    const auto word = from.text();
    if (!word) return;
    if (*word == "connect")
        into.on_connect = true;
    else if (*word == "reset")
        into.on_reset = true;
    else if (*word == "timeout")
        into.on_timeout = true;
    else if (!word->empty() && (*word)[0] >= '0' && (*word)[0] <= '9') {
        const auto range = from.accept(parse_statuses(*word));
        if (!range) return;
        if (range->first < 400) return from.refuse("is not an error: only 400 to 599 can be retried");
        for (int status = range->first; status <= range->second; ++status) into.on_status.push_back(status);
    } else {
        from.refuse("is not connect, reset, timeout, a status like 503 or a range like 520-524", nearest(*word, {"connect", "reset", "timeout"}));
    }
}

void read_reasons(const value& from, policy::retry_settings& into) {
    into.on_connect = into.on_reset = into.on_timeout = false;
    into.on_status.clear();
    for (const value& item : from.items()) read_reason(item, into);
    std::sort(into.on_status.begin(), into.on_status.end());
    into.on_status.erase(std::unique(into.on_status.begin(), into.on_status.end()), into.on_status.end());
}

/// `p95`, or a time.
void read_late(const value& from, policy::hedge_settings& into) {
    const auto word = from.text();
    if (!word) return;
    if (word->size() == 3 && (*word)[0] == 'p' && (*word)[1] >= '5' && (*word)[1] <= '9' && (*word)[2] >= '0' && (*word)[2] <= '9') {
        into.quantile_percent = ((*word)[1] - '0') * 10 + ((*word)[2] - '0');
        return;
    }
    if ((*word)[0] == 'p') return from.refuse("is neither p50 to p99 nor a time like 2s", "p95");
    const auto after = from.duration();
    if (!after) return;
    into.after = *after;
    into.quantile_percent = 0;
}

void read_share_or_off(const value& from, int& percent) {
    if (from.raw() == "off")
        percent = 0;
    else
        percent = from.percent().value_or(percent);
}

/// By the share of failures too, unless only consecutive_failures is spoken of: who sets that alone means that alone.
void read_failure_rate(section& s, policy::ejection_settings& into) {
    const auto rate = s.find("failure_rate");
    const auto requests = s.find("min_requests"), window = s.find("window");
    if (s.find("consecutive_failures") && !rate && !requests && !window) into.failure_rate_percent = 0;
    if (rate) read_share_or_off(*rate, into.failure_rate_percent);
    s.integer("min_requests", into.min_requests);
    s.duration("window", into.window);
    if (into.failure_rate_percent > 0) return;
    if (const auto& idle = requests ? requests : window) idle->warn_at_key("ejection: has no effect, failure_rate is off");
}

}  // namespace

void read_health_check(const value& from, pool_conf& into) {
    if (from.form() == node::form::scalar) {
        const auto on = from.flag();
        if (on && *on) into.health_check.emplace();
        return;
    }
    section s{from, tables::health_check};
    policy::health_check_settings& check = into.health_check.emplace();
    if (const auto path = s.find("path"))
        if (auto text = path->text()) {
            if (text->starts_with('/') && text->find(' ') == std::string::npos)
                check.path = std::move(*text);
            else
                path->refuse("is not a path", text->starts_with('/') ? "" : "/" + *text);
        }
    s.duration("interval", check.interval);
    s.duration("timeout", check.timeout);
    s.integer("healthy_after", check.healthy_after);
    s.integer("unhealthy_after", check.unhealthy_after);
    if (const auto expect = s.find("expect")) read_expect(*expect, check);
    s.finish();
}

void read_ejection(const value& from, policy::ejection_settings& into) {
    section s{from, tables::ejection};
    s.integer("consecutive_failures", into.consecutive_failures);
    read_failure_rate(s, into);
    s.duration("base", into.base);
    s.duration("max", into.max);
    s.percent("max_ejected", into.max_ejected_percent);
    s.duration("slow_start", into.slow_start);
    if (into.max < into.base) (s.find("max") ? s.find("max") : s.find("base"))->error("ejection: max is shorter than base");
    s.finish();
}

void read_retry(const value& from, policy::retry_settings& into) {
    section s{from, tables::retry};
    s.integer("attempts", into.attempts);
    if (const auto on = s.find("on")) read_reasons(*on, into);
    s.duration("backoff", into.backoff);
    s.duration("max_backoff", into.max_backoff);
    s.percent("budget", into.budget_percent);
    if (into.max_backoff < into.backoff)
        (s.find("max_backoff") ? s.find("max_backoff") : s.find("backoff"))->error("retry: max_backoff is shorter than backoff");
    s.finish();
}

void read_hedge(const value& from, pool_conf& into) {
    if (from.form() == node::form::scalar) {
        const auto on = from.flag();
        if (on && *on) into.hedge.emplace();
    } else {
        section s{from, tables::hedge};
        auto& hedge = into.hedge.emplace();
        if (const auto after = s.find("after")) read_late(*after, hedge);
        s.percent("budget", hedge.budget_percent);
        if (const auto budget = s.find("budget"); budget && hedge.budget_percent == 0)
            budget->error("hedge: a budget of 0% allows no second attempts; say 'hedge: off' instead");
        s.finish();
    }
    if (into.hedge && into.upstreams.size() == 1) from.warn("hedge: has no effect, the pool has no second upstream");
}

void read_queue(const value& from, policy::queue_settings& into) {
    if (from.form() == node::form::scalar) {
        const auto on = from.flag();
        if (on && !*on) into.size = 0;
        return;
    }
    section s{from, tables::queue};
    s.integer("size", into.size);
    s.duration("timeout", into.timeout);
    s.finish();
}

void read_drain(const value& from, pool_conf& into) {
    section s{from, tables::drain};
    s.integer("tokens", into.drain.tokens);
    s.duration("time", into.drain.time);
    s.integer("concurrent", into.drain.concurrent);
    s.finish();
    if (into.on_disconnect != on_disconnect::drain) from.warn_at_key("drain: has no effect without 'on_disconnect: drain'");
}

}  // namespace weir::config
