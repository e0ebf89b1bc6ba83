// Which upstream is picked, and which never is.
#include "policy/upstreams/balancer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <random>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::time_point;

const time_point noon{std::chrono::hours{12}};
const ejection_settings defaults;

struct pool {
    explicit pool(std::vector<int> weights, int max_requests = 0) : states(weights.size()) {
        for (std::size_t i = 0; i < weights.size(); ++i) members.push_back({&states[i], weights[i], max_requests});
    }
    void eject(std::size_t i, time_point at = noon) {
        for (int k = 0; k < 5; ++k) states[i].report(outcome::failure, 0ns, at, defaults, 0.0);
    }
    std::deque<upstream_state> states;
    std::vector<pool_member> members;
};

balancer make(balance how, bool panic = true, int percent = 50) {
    ejection_settings s;
    s.max_ejected_percent = percent;
    return {how, s, panic};
}

std::string turns(balancer& b, const pool& p, int n) {
    std::string order;
    for (int i = 0; i < n; ++i) order += static_cast<char>('a' + b.pick(p.members, {}, true, noon, 0).index);
    return order;
}

TEST(Balancer, TakesSmoothTurnsByWeight) {
    const pool p{{5, 1, 1}};
    auto b = make(balance::weighted_round_robin);
    EXPECT_EQ(turns(b, p, 14), "aabacaaaabacaa");
}

TEST(Balancer, KeepsTheSharesExactForAnyWeights) {
    const std::vector<int> weights = {7, 3, 11, 1, 2};
    const pool p{weights};
    auto b = make(balance::weighted_round_robin);
    std::vector<int> seen(weights.size());
    for (int round = 0; round < 3; ++round)
        for (int i = 0; i < 24; ++i) ++seen[b.pick(p.members, {}, true, noon, 0).index];
    for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_EQ(seen[i], weights[i] * 3);
}

TEST(Balancer, GivesARecoveringUpstreamATenthOfItsTurns) {
    pool p{{1, 1}};
    p.states[0].set_health(health::down, noon);
    p.states[0].set_health(health::up, noon);
    auto b = make(balance::weighted_round_robin);
    int first = 0;
    for (int i = 0; i < 1100; ++i) first += b.pick(p.members, {}, true, noon, 0).index == 0 ? 1 : 0;
    EXPECT_NEAR(first, 100, 1);
}

TEST(Balancer, PrefersTheLeastLoadedForItsWeight) {
    pool p{{1, 4, 1}};
    auto b = make(balance::least_outstanding);
    std::vector<picked> held;
    for (int i = 0; i < 12; ++i) held.push_back(b.pick(p.members, {}, true, noon, static_cast<std::uint64_t>(i) * 7919));
    EXPECT_EQ(p.states[0].load.in_flight(), 2);
    EXPECT_EQ(p.states[1].load.in_flight(), 8);
    EXPECT_EQ(p.states[2].load.in_flight(), 2);
    held.clear();
    EXPECT_EQ(p.states[1].load.in_flight(), 0);
}

TEST(Balancer, SharesIdleEqualsAtRandom) {
    const pool p{{1, 1, 1, 1}};
    auto b = make(balance::least_outstanding);
    std::mt19937_64 random{7};
    std::map<std::size_t, int> seen;
    for (int i = 0; i < 4000; ++i) ++seen[b.pick(p.members, {}, true, noon, random()).index];
    for (const auto& [index, count] : seen) EXPECT_NEAR(count, 1000, 150) << index;
}

TEST(Balancer, PrefersTheQuickerUntilItIsBusy) {
    pool p{{1, 1}};
    p.states[0].report(outcome::success, 100ms, noon, defaults, 0.0);
    p.states[1].report(outcome::success, 350ms, noon, defaults, 0.0);
    auto b = make(balance::peak_ewma);
    std::vector<picked> held;
    for (int i = 0; i < 4; ++i) held.push_back(b.pick(p.members, {}, true, noon, 0));
    EXPECT_EQ(p.states[0].load.in_flight(), 3);
    EXPECT_EQ(p.states[1].load.in_flight(), 1);
}

TEST(Balancer, TakesAnUnknownUpstreamForTheMedianOfItsPool) {
    pool p{{1, 1, 1, 1}};
    p.states[0].report(outcome::success, 400ms, noon, defaults, 0.0);
    p.states[1].report(outcome::success, 200ms, noon, defaults, 0.0);
    p.states[2].report(outcome::success, 300ms, noon, defaults, 0.0);
    auto b = make(balance::peak_ewma);
    EXPECT_EQ(b.pick(p.members, {}, true, noon, 0).index, 1U);
    tried_set tried;
    tried.add(1);
    EXPECT_NE(b.pick(p.members, tried, true, noon, 0).index, 0U);
}

TEST(Balancer, ComparesTwoOfManyAndNeverTakesTheWorst) {
    pool p{std::vector<int>(20, 1)};
    for (int i = 0; i < 100; ++i) p.states[3].load.request_started();
    auto b = make(balance::least_outstanding);
    std::mt19937_64 random{11};
    std::vector<int> seen(20);
    for (int i = 0; i < 19'000; ++i) ++seen[b.pick(p.members, {}, true, noon, random()).index];
    EXPECT_EQ(seen[3], 0);
    seen.erase(seen.begin() + 3);
    for (const int others : seen) EXPECT_NEAR(others, 1000, 200);
}

TEST(Balancer, KeepsManyUpstreamsLevelWhenRequestsPileUp) {
    pool p{std::vector<int>(16, 1)};
    auto b = make(balance::least_outstanding);
    std::mt19937_64 random{3};
    std::vector<picked> held;
    for (int i = 0; i < 1600; ++i) held.push_back(b.pick(p.members, {}, true, noon, random()));
    for (const auto& u : p.states) EXPECT_NEAR(static_cast<double>(u.load.in_flight()), 100.0, 8.0);
}

TEST(Balancer, AvoidsWhatWasTriedWhileAnotherIsUsable) {
    const pool p{{100, 1}};
    for (const auto how : {balance::weighted_round_robin, balance::least_outstanding, balance::peak_ewma}) {
        auto b = make(how);
        tried_set tried;
        tried.add(0);
        EXPECT_EQ(b.pick(p.members, tried, true, noon, 0).index, 1U);
        tried.add(1);
        EXPECT_TRUE(static_cast<bool>(b.pick(p.members, tried, true, noon, 0)));
        EXPECT_EQ(b.pick(p.members, tried, false, noon, 0).why_none, no_upstream::all_tried);
    }
}

void refuse_credentials(upstream_state& u, time_point at) {
    (void)u.credentials_refused({}, "credentials refused (401)", at, defaults);
    u.itself_refused("credentials refused (401)", at, defaults);
}

TEST(Balancer, NeverUsesWhatItsCheckCallsDownAndWhatRefusesOurKeyInPanicOnly) {
    pool p{{1, 1}};
    p.states[0].set_health(health::down, noon);
    refuse_credentials(p.states[1], noon);
    auto calm = make(balance::peak_ewma, false, 50);
    const auto none = calm.pick(p.members, {}, true, noon, 0);
    EXPECT_EQ(none.why_none, no_upstream::none_healthy);
    EXPECT_EQ(none.back_at, noon + 5min);

    auto b = make(balance::peak_ewma);
    const auto got = b.pick(p.members, {}, true, noon, 0);
    EXPECT_EQ(got.index, 1U);
    EXPECT_EQ(got.lease.how(), upstream_state::entry::panic);
}

TEST(Balancer, UsesWhatRefusesOurKeyLastOfAllThatRest) {
    pool p{{1, 1, 1}};
    refuse_credentials(p.states[0], noon);
    p.eject(1, noon + 4min);
    p.eject(1, noon + 4min);
    p.states[2].rate_limited(30min, noon);
    auto b = make(balance::peak_ewma, true, 100);
    tried_set tried;
    for (const std::size_t expected : {1U, 2U, 0U}) {
        EXPECT_EQ(b.pick(p.members, tried, false, noon + 4min, 0).index, expected);
        tried.add(expected);
    }
}

TEST(Balancer, LeavesOutWhatRefusedThisRequestAndWhatHasNoQuotaForItsModel) {
    pool p{{1, 1, 1}};
    auto b = make(balance::peak_ewma);
    p.states[0].quota_spent(asker_of("a", "dear"), "dear", "its quota is spent (429)", noon, defaults);
    pick_for dear{asker_of("b", "dear"), {}};
    dear.refused_it.add(1);
    for (std::uint64_t random = 0; random < 9; ++random) EXPECT_EQ(b.pick(p.members, {}, true, noon, random, dear).index, 2U);
    tried_set tried;
    tried.add(2);
    dear.refused_it.add(2);
    EXPECT_EQ(b.pick(p.members, tried, true, noon, 0, dear).index, 0U) << "in panic";
    pick_for cheap{asker_of("a", "cheap"), {}};
    std::array<int, 3> seen{};
    for (std::uint64_t random = 0; random < 9; ++random) ++seen[b.pick(p.members, {}, true, noon, random, cheap).index];
    EXPECT_GT(seen[0], 0) << "the quota for another model";
    EXPECT_EQ(b.pick(p.members, {}, true, noon + 5min, 0, {dear.who, {}}).lease.who(), dear.who);
    EXPECT_EQ(p.states[0].availability().standing_at(noon + 5min, dear.who.model), standing::open);
}

TEST(Balancer, UsesTheLeastBadWhenAllRestAndPanicIsOn) {
    pool p{{1, 1, 1}};
    p.eject(0, noon + 2s);
    p.eject(1, noon);
    p.states[2].rate_limited(30s, noon);
    auto calm = make(balance::peak_ewma, false, 100);
    const auto none = calm.pick(p.members, {}, true, noon + 3s, 0);
    EXPECT_EQ(none.why_none, no_upstream::none_healthy);
    EXPECT_EQ(none.back_at, noon + 10s);

    auto b = make(balance::peak_ewma, true, 100);
    const auto got = b.pick(p.members, {}, true, noon + 3s, 0);
    EXPECT_EQ(got.index, 1U);
    EXPECT_EQ(got.lease.how(), upstream_state::entry::panic);
    tried_set tried;
    tried.add(1);
    EXPECT_EQ(b.pick(p.members, tried, true, noon + 3s, 0).index, 0U);
}

TEST(Balancer, LetsNoMoreThanTheConfiguredShareRestAtOnce) {
    pool p{{1, 1, 1, 1}};
    for (std::size_t i = 0; i < 3; ++i) p.eject(i, noon + i * 1s);
    auto b = make(balance::weighted_round_robin, false, 50);
    std::map<std::size_t, int> seen;
    for (int i = 0; i < 10; ++i) ++seen[b.pick(p.members, {}, true, noon + 3s, 0).index];
    EXPECT_EQ(seen, (std::map<std::size_t, int>{{0, 5}, {3, 5}}));  // the first to be over stays in
}

TEST(Balancer, LetsOneRestEvenWhenTheShareOfASmallPoolIsLessThanOne) {
    pool p{{1, 1, 1}};
    p.eject(0);
    auto b = make(balance::weighted_round_robin, false, 10);
    for (int i = 0; i < 9; ++i) EXPECT_NE(b.pick(p.members, {}, true, noon, 0).index, 0U);
    auto never = make(balance::weighted_round_robin, false, 0);
    EXPECT_EQ(turns(never, p, 3), "abc");
}

TEST(Balancer, ProbesARestedUpstreamWithExactlyOneRequest) {
    pool p{{1, 1}};
    p.eject(1);
    auto b = make(balance::peak_ewma);
    auto probe = b.pick(p.members, {}, true, noon + 10s, 0);
    EXPECT_EQ(probe.index, 1U);
    EXPECT_EQ(probe.lease.how(), upstream_state::entry::probe);
    for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(b.pick(p.members, {}, true, noon + 10s, i).index, 0U);
    probe.lease.report(outcome::failure, 0ns, noon + 11s, defaults, 0.0);
    EXPECT_EQ(p.states[1].availability().rests_until(), noon + 31s);
}

TEST(Balancer, DoesNotGambleASecondAttemptOnAProbe) {
    pool p{{1, 1, 1}};
    p.eject(1);
    auto b = make(balance::peak_ewma);
    tried_set tried;
    tried.add(0);
    EXPECT_EQ(b.pick(p.members, tried, true, noon + 10s, 1).index, 2U);
    tried.add(2);
    EXPECT_EQ(b.pick(p.members, tried, true, noon + 10s, 1).index, 1U);
}

TEST(Balancer, SkipsTheFullAndSaysSoWhenAllAre) {
    pool p{{9, 1}, 2};
    auto b = make(balance::least_outstanding);
    std::vector<picked> held;
    for (int i = 0; i < 4; ++i) held.push_back(b.pick(p.members, {}, true, noon, 0));
    EXPECT_EQ(p.states[0].load.in_flight(), 2);
    EXPECT_EQ(p.states[1].load.in_flight(), 2);
    EXPECT_EQ(b.pick(p.members, {}, true, noon, 0).why_none, no_upstream::all_full);
    held.pop_back();
    EXPECT_TRUE(static_cast<bool>(b.pick(p.members, {}, true, noon, 0)));
}

TEST(Balancer, UsesATriedUpstreamAgainRatherThanAFullOne) {
    pool p{{1, 1}, 1};
    p.states[1].load.request_started();
    auto b = make(balance::peak_ewma);
    tried_set tried;
    tried.add(0);
    EXPECT_EQ(b.pick(p.members, tried, true, noon, 0).index, 0U);
    EXPECT_EQ(b.pick(p.members, tried, false, noon, 0).why_none, no_upstream::all_full);
}

TEST(Balancer, FindsNobodyInAPoolWithoutWeight) {
    const pool p{{0, 0}};
    auto b = make(balance::weighted_round_robin);
    EXPECT_EQ(b.pick(p.members, {}, true, noon, 0).why_none, no_upstream::none_healthy);
    EXPECT_EQ(b.pick({}, {}, true, noon, 0).why_none, no_upstream::none_healthy);
}

// Whatever happens to the upstreams: a pick is never down or above its limit, refused only where nothing else is left, and every count comes back.
TEST(Balancer, KeepsItsPromisesThroughRandomWeather) {
    std::mt19937_64 random{99};
    for (const auto how : {balance::weighted_round_robin, balance::least_outstanding, balance::peak_ewma}) {
        pool p{{1, 2, 3, 1, 1, 5, 1, 1, 2, 1, 1, 4}, 3};
        auto b = make(how);
        std::vector<picked> held;
        time_point now = noon;
        for (int step = 0; step < 20'000; ++step) {
            now += std::chrono::milliseconds{random() % 50};
            auto& u = p.states[random() % p.states.size()];
            const auto roll = random() % 100;
            if (roll == 0) u.set_health(health::down, now);
            if (roll == 1) u.set_health(health::up, now);
            if (roll == 2) u.rate_limited(2s, now);
            if (roll == 3) refuse_credentials(u, now);
            auto got = b.pick(p.members, {}, true, now, random());
            if (got) {
                const auto where = p.states[got.index].availability().standing_at(now);
                EXPECT_NE(where, standing::down);
                const auto better = [&](const auto& other) {
                    const auto stands = other.availability().standing_at(now);
                    return (stands == standing::open || stands == standing::ejected) && other.load.in_flight() < 3;
                };
                if (where == standing::refused) {
                    EXPECT_TRUE(std::none_of(p.states.begin(), p.states.end(), better));
                }
                EXPECT_LE(p.states[got.index].load.in_flight(), 3);
                held.push_back(std::move(got));
            }
            if (held.size() > 20 || (!got && !held.empty())) {
                const auto at = random() % held.size();
                const auto result = random() % 4 == 0 ? outcome::failure : outcome::success;
                held[at].lease.report(result, 10ms, now, defaults, 0.5);
                held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
            }
        }
        held.clear();
        for (const auto& u : p.states) EXPECT_EQ(u.load.in_flight(), 0);
    }
}

}  // namespace
