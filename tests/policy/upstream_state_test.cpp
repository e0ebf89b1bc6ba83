// Ejection, probing, recovery, and what many threads do to one upstream.
#include "policy/upstreams/upstream_state.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::time_point;
using entry = upstream_state::entry;

const ejection_settings defaults;
const time_point noon{std::chrono::hours{12}};

void fail(upstream_state& u, int times, time_point at, double random = 0.0, const ejection_settings& s = defaults) {
    for (int i = 0; i < times; ++i) u.report(outcome::failure, 0ns, at, s, random);
}

/// Lets one probe fail or succeed.
void probe(upstream_state& u, time_point at, outcome how) {
    ASSERT_TRUE(u.try_probe(at));
    u.report(how, 0ns, at, defaults, 0.0, entry::probe);
}

TEST(UpstreamState, IsEjectedExactlyAtTheConfiguredFailureAndUntilItsRestIsOver) {
    upstream_state u;
    fail(u, 4, noon);
    EXPECT_EQ(u.availability().standing_at(noon), standing::open);
    fail(u, 1, noon);
    EXPECT_EQ(u.availability().standing_at(noon), standing::ejected);
    EXPECT_EQ(u.availability().standing_at(noon + 10s - 1ns), standing::ejected);
    EXPECT_EQ(u.availability().standing_at(noon + 10s), standing::half_open);
}

TEST(UpstreamState, CountsOnlyFailuresInARow) {
    upstream_state u;
    fail(u, 4, noon);
    u.report(outcome::neutral, 0ns, noon, defaults, 0.0);
    u.report(outcome::success, 0ns, noon, defaults, 0.0);
    fail(u, 4, noon);
    EXPECT_EQ(u.availability().standing_at(noon), standing::open);
    fail(u, 1, noon);
    EXPECT_EQ(u.availability().standing_at(noon), standing::ejected);
}

TEST(UpstreamState, AdmitsExactlyOneProbe) {
    upstream_state u;
    fail(u, 5, noon);
    EXPECT_FALSE(u.try_probe(noon + 9s));
    EXPECT_TRUE(u.try_probe(noon + 10s));
    EXPECT_FALSE(u.try_probe(noon + 10s));
    EXPECT_EQ(u.availability().standing_at(noon + 10s), standing::probing);
    u.report(outcome::neutral, 0ns, noon + 11s, defaults, 0.0, entry::probe);
    EXPECT_TRUE(u.try_probe(noon + 11s));
}

TEST(UpstreamState, RestsTwiceAsLongAfterEachFailedProbeUpToTheMaximum) {
    upstream_state u;
    fail(u, 5, noon);
    time_point at = noon;
    for (const auto rest : {10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
        EXPECT_EQ(u.availability().rests_until() - at, rest);
        at += rest;
        probe(u, at, outcome::failure);
    }
}

TEST(UpstreamState, ShortensTheRestByNoMoreThanAFifthAtRandom) {
    upstream_state u;
    fail(u, 5, noon, 0.5);
    EXPECT_EQ(u.availability().rests_until() - noon, 9s);
}

TEST(UpstreamState, WarmsUpLinearlyAfterAProbeSucceeds) {
    upstream_state u;
    EXPECT_EQ(u.availability().rest().slow_start(noon, defaults), 1.0);  // not at process start
    fail(u, 5, noon);
    const auto back = noon + 10s;
    probe(u, back, outcome::success);
    EXPECT_EQ(u.availability().standing_at(back), standing::open);
    EXPECT_DOUBLE_EQ(u.availability().rest().slow_start(back, defaults), 0.10);
    EXPECT_DOUBLE_EQ(u.availability().rest().slow_start(back + 5s, defaults), 0.50);
    EXPECT_DOUBLE_EQ(u.availability().rest().slow_start(back + 10s, defaults), 1.0);
}

TEST(UpstreamState, RestsLongerWhenItFailsAgainSoonAfterItCameBack) {
    upstream_state soon, late;
    for (auto* u : {&soon, &late}) {
        fail(*u, 5, noon);
        probe(*u, noon + 10s, outcome::success);
    }
    fail(soon, 5, noon + 19s);
    EXPECT_EQ(soon.availability().rests_until() - (noon + 19s), 20s);
    fail(late, 5, noon + 20s);
    EXPECT_EQ(late.availability().rests_until() - (noon + 20s), 10s);
}

TEST(UpstreamState, IgnoresLateNewsFromBeforeTheEjection) {
    upstream_state u;
    fail(u, 5, noon);
    fail(u, 50, noon + 1s);
    u.report(outcome::success, 0ns, noon + 1s, defaults, 0.0);
    EXPECT_EQ(u.availability().standing_at(noon + 9s), standing::ejected);
    EXPECT_EQ(u.availability().rests_until(), noon + 10s);
    u.report(outcome::success, 0ns, noon + 2s, defaults, 0.0, entry::panic);  // let in since: it does work
    EXPECT_EQ(u.availability().standing_at(noon + 2s), standing::open);
}

TEST(UpstreamState, IsNeverEjectedByFailuresWhenThatIsTurnedOff) {
    upstream_state u;
    ejection_settings off;
    off.consecutive_failures = off.failure_rate_percent = 0;
    fail(u, 100, noon, 0.0, off);
    EXPECT_EQ(u.availability().standing_at(noon), standing::open);
}

/// Every other request fails, so that no two do in a row.
void serve_half(upstream_state& u, int requests, time_point at, const ejection_settings& s = defaults) {
    for (int i = 0; i < requests; ++i) u.report(i % 2 == 0 ? outcome::success : outcome::failure, 1ms, at, s, 0.0);
}

TEST(UpstreamState, IsEjectedWhenTheShareOfFailuresIsReachedByEnoughRequests) {
    upstream_state few, enough;
    serve_half(few, 19, noon);
    few.report(outcome::neutral, 0ns, noon, defaults, 0.0);
    EXPECT_EQ(few.availability().standing_at(noon), standing::open) << "19 say nothing";
    serve_half(enough, 20, noon);
    EXPECT_EQ(enough.availability().standing_at(noon), standing::ejected);
    EXPECT_EQ(enough.describe(noon, defaults), "resting 10 s more after 50% of 20 requests failed");
    EXPECT_EQ(enough.availability().standing_at(noon + 10s), standing::half_open);
}

TEST(UpstreamState, StaysInJustBelowTheShare) {
    ejection_settings s;
    s.failure_rate_percent = 51;
    upstream_state below, at;
    serve_half(below, 100, noon, s);
    EXPECT_EQ(below.availability().standing_at(noon), standing::open);
    EXPECT_EQ(below.outcomes().lately(noon, s).percent(), 50);
    serve_half(at, 98, noon, s);
    fail(at, 2, noon, 0.0, s);  // 51 of 100
    EXPECT_EQ(at.availability().standing_at(noon), standing::ejected);
    EXPECT_EQ(at.describe(noon, s), "resting 10 s more after 51% of 100 requests failed");
}

TEST(UpstreamState, ForgetsFailuresThatAreOlderThanTheWindow) {
    upstream_state u;
    for (int i = 0; i < 10; ++i) serve_half(u, 1, noon);
    fail(u, 4, noon);  // 4 of 14, and too few
    const auto last = noon + defaults.window - 1ns, after = noon + defaults.window;
    EXPECT_EQ(u.outcomes().lately(last, defaults).requests, 14u);
    EXPECT_EQ(u.outcomes().lately(after, defaults).requests, 0u);
    serve_half(u, 18, after);
    EXPECT_EQ(u.availability().standing_at(after), standing::open) << "18 in the window";
    serve_half(u, 2, after);
    EXPECT_EQ(u.availability().standing_at(after), standing::ejected);
}

TEST(UpstreamState, StartsItsShareAnewWhenItIsBack) {
    upstream_state u;
    serve_half(u, 20, noon);
    probe(u, noon + 10s, outcome::success);
    EXPECT_EQ(u.outcomes().lately(noon + 10s, defaults).requests, 0u);
    serve_half(u, 19, noon + 11s);
    EXPECT_EQ(u.availability().standing_at(noon + 11s), standing::open);
    serve_half(u, 1, noon + 11s);  // a success: it is failures that are judged
    EXPECT_EQ(u.availability().standing_at(noon + 11s), standing::open);
    fail(u, 1, noon + 11s);
    EXPECT_EQ(u.availability().standing_at(noon + 11s), standing::open) << "10 of 21";
    fail(u, 1, noon + 11s);
    EXPECT_EQ(u.availability().rests_until() - (noon + 11s), 2 * defaults.base) << "11 of 22, sooner than it last rested";
}

TEST(UpstreamState, KeepsItsReasonWhileProbesFail) {
    upstream_state u;
    serve_half(u, 20, noon);
    probe(u, noon + 10s, outcome::failure);
    EXPECT_EQ(u.describe(noon + 10s, defaults), "resting 20 s more after 50% of 20 requests failed");
}

TEST(UpstreamState, CountsAStreamThatBrokeLaterAsOneRequestThatFailed) {
    upstream_state u;
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(u.load.try_start(0));
        upstream_state::lease l{u, entry::normal};
        l.report(outcome::success, 1ms, noon, defaults, 0.0);
        EXPECT_EQ(u.availability().standing_at(noon), standing::open) << i;
        l.report(outcome::failure, 0ns, noon + 1s, defaults, 0.0);
    }
    EXPECT_EQ(u.describe(noon + 1s, defaults), "resting 10 s more after 100% of 20 requests failed") << "none failed twice in a row";
}

TEST(UpstreamState, IsNotEjectedByTheShareWhenThatIsTurnedOff) {
    upstream_state u;
    ejection_settings off;
    off.failure_rate_percent = 0;
    serve_half(u, 1000, noon, off);
    EXPECT_EQ(u.availability().standing_at(noon), standing::open);
    EXPECT_EQ(u.outcomes().lately(noon, off).requests, 0u);
}

TEST(UpstreamState, WaitsAsLongAsItAskedButNoMoreThanAnHour) {
    upstream_state u;
    u.rate_limited(20s, noon);
    u.rate_limited(3s, noon);  // a shorter wish does not cut the longer one
    EXPECT_EQ(u.availability().standing_at(noon + 20s - 1ns), standing::waiting);
    EXPECT_EQ(u.availability().standing_at(noon + 20s), standing::open);
    u.rate_limited(std::nullopt, noon + 30s);
    EXPECT_EQ(u.availability().rests_until(), noon + 31s);
    u.rate_limited(48h, noon + 40s);
    EXPECT_EQ(u.availability().rests_until(), noon + 40s + 1h);
}

TEST(UpstreamState, RestsForTheMaximumWhenItsCredentialsAreRefusedAndProbesThen) {
    upstream_state u;
    EXPECT_TRUE(u.credentials_refused({}, "credentials refused (401)", noon, defaults)) << "weir is to ask itself";
    EXPECT_EQ(u.availability().standing_at(noon), standing::open);
    u.itself_refused("credentials refused (401)", noon, defaults);
    EXPECT_EQ(u.availability().standing_at(noon + 5min - 1ns), standing::refused);
    EXPECT_EQ(u.describe(noon, defaults), "resting 300 s more: credentials refused (401)");
    EXPECT_EQ(u.availability().standing_at(noon + 5min), standing::half_open);
    probe(u, noon + 5min, outcome::failure);  // now it is broken in another way
    EXPECT_EQ(u.availability().standing_at(noon + 5min), standing::ejected);
}

TEST(UpstreamState, IsNotUsedWhileItsCheckCallsItDownAndWarmsUpAfter) {
    upstream_state u;
    u.set_health(health::down, noon);
    EXPECT_EQ(u.availability().standing_at(noon), standing::down);
    u.set_health(health::up, noon + 1s);
    EXPECT_EQ(u.availability().standing_at(noon + 1s), standing::open);
    EXPECT_DOUBLE_EQ(u.availability().rest().slow_start(noon + 1s, defaults), 0.10);
    u.set_health(health::up, noon + 60s);
    EXPECT_DOUBLE_EQ(u.availability().rest().slow_start(noon + 60s, defaults), 1.0);
}

TEST(UpstreamState, SaysHowItIsInWords) {
    upstream_state u;
    EXPECT_EQ(u.describe(noon, defaults), "up (not checked)");
    u.set_health(health::up, noon);
    EXPECT_EQ(u.describe(noon, defaults), "up");
    fail(u, 1, noon);
    EXPECT_EQ(u.describe(noon, defaults), "up, 1 failure in a row");
    fail(u, 4, noon);
    EXPECT_EQ(u.describe(noon, defaults), "resting 10 s more after 5 failures");
    EXPECT_EQ(u.describe(noon + 8500ms, defaults), "resting 2 s more after 5 failures");
    EXPECT_EQ(u.describe(noon + 10s, defaults), "rested, the next request probes it after 5 failures");
    probe(u, noon + 10s, outcome::success);
    EXPECT_EQ(u.describe(noon + 12s, defaults), "up, warming up at 20 % of its weight");
    u.rate_limited(30s, noon + 20s);
    EXPECT_EQ(u.describe(noon + 21s, defaults), "waiting 29 s more, as it asked (Retry-After)");
    u.set_health(health::down, noon + 20s);
    EXPECT_EQ(u.describe(noon + 21s, defaults), "down by its health check");
}

TEST(UpstreamState, LeaseCountsTheRequestOutOnEveryWayAndFreesTheProbe) {
    upstream_state u;
    fail(u, 5, noon);
    ASSERT_TRUE(u.try_probe(noon + 10s));
    {
        ASSERT_TRUE(u.load.try_start(1));
        EXPECT_FALSE(u.load.try_start(1));
        upstream_state::lease first{u, entry::probe};
        upstream_state::lease second = std::move(first);
        EXPECT_FALSE(static_cast<bool>(first));
        EXPECT_EQ(u.load.in_flight(), 1);
    }
    EXPECT_EQ(u.load.in_flight(), 0);
    EXPECT_TRUE(u.try_probe(noon + 10s));
}

TEST(UpstreamState, LeaseGivesAProbesVerdictOnceAndALaterBreakCountsAsOrdinary) {
    upstream_state u;
    fail(u, 5, noon);
    ASSERT_TRUE(u.try_probe(noon + 10s));
    ASSERT_TRUE(u.load.try_start(0));
    upstream_state::lease l{u, entry::probe};
    l.report(outcome::success, 50ms, noon + 10s, defaults, 0.0);
    EXPECT_EQ(u.availability().standing_at(noon + 10s), standing::open);
    l.report(outcome::failure, 0ns, noon + 11s, defaults, 0.0);
    EXPECT_EQ(u.availability().standing_at(noon + 11s), standing::open);
    EXPECT_EQ(u.load.in_flight(), 1);
}

TEST(UpstreamState, NeverLetsMoreInThanItsLimitWhateverTheThreadsDo) {
    upstream_state u;
    std::atomic<int> most{0}, admitted{0};
    const auto work = [&] {
        for (int i = 0; i < 20'000; ++i) {
            if (!u.load.try_start(3)) continue;
            admitted.fetch_add(1);
            const int now = static_cast<int>(u.load.in_flight());
            for (int seen = most.load(); now > seen && !most.compare_exchange_weak(seen, now);) {
            }
            u.report(i % 7 == 0 ? outcome::failure : outcome::success, 1ms, noon + i * 1ms, defaults, 0.5);
            u.load.request_ended();
            if (i % 100 == 0) (void)u.describe(noon + i * 1ms, defaults);
        }
    };
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) threads.emplace_back(work);
    }
    EXPECT_EQ(u.load.in_flight(), 0);
    EXPECT_LE(most.load(), 3);
    EXPECT_GT(admitted.load(), 0);
}

TEST(UpstreamState, HandsTheProbeToOneOfManyThreads) {
    upstream_state u;
    fail(u, 5, noon);
    std::atomic<int> probes{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 1000; ++i) probes += u.try_probe(noon + 10s) ? 1 : 0;
            });
    }
    EXPECT_EQ(probes.load(), 1);
}

}  // namespace
