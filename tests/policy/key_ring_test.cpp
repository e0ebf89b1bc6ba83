// Admission in its order, and what each refusal says.
#include "policy/keys/key_ring.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::code;
using weir::core::time_point;
using weir::core::wall_time;

const time_point noon{std::chrono::hours{12}};
const wall_time today{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};
constexpr weir::usage::nanousd usd = 1'000'000'000;

key_settings named(const std::string& name) {
    key_settings s;
    s.name = name;
    s.sha256 = sha256_of("secret-of-" + name);
    return s;
}

key_settings with_budgets(std::vector<budget_settings> budgets) {
    auto s = named("dify");
    s.budgets = std::move(budgets);
    return s;
}

bool says(const weir::core::error& e, std::string_view what) { return e.message.find(what) != std::string::npos; }

TEST(KeyRing, KnowsAKeyByItsSecretAndNothingElse) {
    const key_ring ring{{named("a"), named("b")}};
    ASSERT_NE(ring.authenticate("secret-of-b"), nullptr);
    EXPECT_EQ(ring.authenticate("secret-of-b")->name(), "b");
    for (const auto* wrong : {"", "secret-of-c", "secret-of-b ", "b"}) EXPECT_EQ(ring.authenticate(wrong), nullptr);
}

TEST(KeyRing, HashesAsSha256Does) {
    const auto hash = sha256_of("abc");
    EXPECT_EQ(hash[0], 0xba);
    EXPECT_EQ(hash[1], 0x78);
    EXPECT_EQ(hash[31], 0xad);
}

TEST(KeyRing, LetsEverybodyInWithoutKeys) {
    const key_ring ring{{}};
    EXPECT_TRUE(ring.open());
    const auto who = ring.identify("anything", "1.2.3.4", today);
    EXPECT_TRUE(static_cast<bool>(who));
    auto got = ring.admit(who.who, {.model = "m", .tokens = 5, .cost = usd}, noon, today);
    EXPECT_TRUE(static_cast<bool>(got));
    EXPECT_TRUE(got.held.spend(usd, today));
    got.held.settle(1, 1, today);
    EXPECT_EQ(got.held.requests(noon).limit, 0);
}

TEST(KeyRing, TellsAMissingKeyFromAWrongOneAndQuotesNeither) {
    const key_ring ring{{named("a")}};
    const auto missing = ring.identify("", "1.2.3.4", today);
    EXPECT_EQ(missing.refused.what, code::invalid_key);
    EXPECT_TRUE(says(missing.refused, "Authorization: Bearer"));
    const auto wrong = ring.identify("sk-wrong", "1.2.3.4", today);
    EXPECT_EQ(wrong.refused.what, code::invalid_key);
    EXPECT_FALSE(says(wrong.refused, "sk-wrong"));
}

TEST(KeyRing, RefusesAnExpiredKeyFromTheVeryMoment) {
    auto s = named("a");
    s.expires = today;
    const key_ring ring{{s}};
    EXPECT_TRUE(static_cast<bool>(ring.identify("secret-of-a", "", today - 1ns)));
    const auto late = ring.identify("secret-of-a", "", today);
    EXPECT_EQ(late.refused.what, code::key_expired);
    EXPECT_TRUE(says(late.refused, "2026-11-21T00:00:00Z")) << late.refused.message;
    EXPECT_EQ(late.who->name(), "a");
}

TEST(KeyRing, RefusesAddressesOutsideTheList) {
    auto s = named("a");
    s.allow = {"10.0.0.0/8", "::1"};
    const key_ring ring{{s}};
    for (const auto* good : {"10.1.2.3", "::1", "::ffff:10.9.9.9"}) EXPECT_TRUE(static_cast<bool>(ring.identify("secret-of-a", good, today))) << good;
    for (const auto* bad : {"11.1.2.3", "::2", "", "unix"}) {
        EXPECT_EQ(ring.identify("secret-of-a", bad, today).refused.what, code::address_not_allowed) << bad;
    }
    auto broken = named("b");
    broken.allow = {"nonsense"};
    const key_ring closed{{broken}};
    EXPECT_EQ(closed.identify("secret-of-b", "10.1.2.3", today).refused.what, code::address_not_allowed);
}

TEST(KeyRing, RefusesOtherModelsAndNamesUpToThreeThatAreAllowed) {
    auto s = named("a");
    s.models = {"gpt-4o", "text-embedding-3-*", "o3", "o4"};
    const key_ring ring{{s}};
    const key* who = &ring.keys().front();
    EXPECT_TRUE(static_cast<bool>(ring.admit(who, {.model = "text-embedding-3-large"}, noon, today)));
    const auto no = ring.admit(who, {.model = "gpt-4"}, noon, today);
    EXPECT_EQ(no.refused.what, code::model_not_allowed);
    EXPECT_TRUE(says(no.refused, "'gpt-4'"));
    EXPECT_TRUE(says(no.refused, "gpt-4o, text-embedding-3-*, o3 and 1 more")) << no.refused.message;
    EXPECT_EQ(ring.admit(who, {.model = ""}, noon, today).refused.what, code::model_not_allowed);
    EXPECT_TRUE(static_cast<bool>(ring.admit(who, {.model = "", .works_a_model = false}, noon, today)));
    EXPECT_LT(ring.admit(who, {.model = std::string(1'000'000, 'x')}, noon, today).refused.message.size(), 400U);
}

TEST(KeyRing, AdmitsAsManyAtOnceAsTheKeyMayAndCountsThemOut) {
    auto s = named("a");
    s.concurrent = 2;
    const key_ring ring{{s}};
    const key* who = &ring.keys().front();
    auto one = ring.admit(who, {}, noon, today);
    {
        auto two = ring.admit(who, {}, noon, today);
        EXPECT_TRUE(static_cast<bool>(two));
        const auto three = ring.admit(who, {}, noon, today);
        EXPECT_EQ(three.refused.what, code::rate_limited);
        EXPECT_EQ(three.refused.retry_after_s, 1);
        auto moved = std::move(two.held);
        EXPECT_EQ(who->in_flight(), 2);
    }
    EXPECT_EQ(who->in_flight(), 1);
    one.held = {};
    EXPECT_EQ(who->in_flight(), 0);
}

TEST(KeyRing, LimitsRequestsPerMinuteAndSaysWhenToComeBack) {
    auto s = named("a");
    s.requests_per_minute = 6;
    const key_ring ring{{s}};
    const key* who = &ring.keys().front();
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(static_cast<bool>(ring.admit(who, {}, noon, today)));
    const auto no = ring.admit(who, {}, noon + 500ms, today);
    EXPECT_EQ(no.refused.what, code::rate_limited);
    EXPECT_EQ(no.refused.retry_after_s, 10);
    EXPECT_EQ(who->requests(noon).limit, 6);
    EXPECT_EQ(who->requests(noon).remaining, 0);
    EXPECT_EQ(who->requests(noon).reset, 60s);
    EXPECT_EQ(who->in_flight(), 0);
    EXPECT_TRUE(static_cast<bool>(ring.admit(who, {}, noon + 10s, today)));
}

TEST(KeyRing, ReservesTokensAndSettlesThemExactly) {
    auto s = named("a");
    s.tokens_per_minute = 1000;
    const key_ring ring{{s}};
    const key* who = &ring.keys().front();
    auto got = ring.admit(who, {.tokens = 700}, noon, today);
    EXPECT_EQ(got.held.tokens(noon).remaining, 300);
    EXPECT_EQ(ring.admit(who, {.tokens = 301}, noon, today).refused.what, code::rate_limited);
    got.held.settle(250, 0, today);
    EXPECT_EQ(who->tokens(noon).remaining, 750);
    got.held.settle(999, 0, today);  // only the first account counts
    EXPECT_EQ(who->tokens(noon).remaining, 750);
    {
        auto given_up = ring.admit(who, {.tokens = 700}, noon, today);
    }
    EXPECT_EQ(who->tokens(noon).remaining, 750);
}

TEST(KeyRing, RefusesBeyondABudgetAndGivesTheRestBack) {
    const key_ring ring{{with_budgets({{5 * usd, 24h, "1d"}, {50 * usd, 720h, "30d"}})}};
    const key* who = &ring.keys().front();
    auto got = ring.admit(who, {.cost = 4 * usd}, noon, today);
    ASSERT_TRUE(static_cast<bool>(got));
    EXPECT_EQ(who->left(0, today), 1 * usd);
    EXPECT_EQ(who->left(1, today), 46 * usd);
    const auto no = ring.admit(who, {.cost = 1 * usd + 1}, noon, today + 23h);
    EXPECT_EQ(no.refused.what, code::budget_exceeded);
    EXPECT_EQ(no.refused.retry_after_s, 3600);
    EXPECT_TRUE(says(no.refused, "2026-11-22T00:00:00Z")) << no.refused.message;
    EXPECT_TRUE(says(no.refused, "per 1d")) << no.refused.message;
    got.held.settle(0, usd / 2, today);
    EXPECT_EQ(who->left(0, today), 4 * usd + usd / 2);
    EXPECT_EQ(who->left(1, today), 49 * usd + usd / 2);
}

TEST(KeyRing, GivesTheFirstBudgetBackWhenTheSecondRefuses) {
    auto s = with_budgets({{50 * usd, 720h, "30d"}, {5 * usd, 24h, "1d"}});
    s.tokens_per_minute = 100;
    const key_ring ring{{s}};
    const key* who = &ring.keys().front();
    EXPECT_EQ(ring.admit(who, {.tokens = 60, .cost = 6 * usd}, noon, today).refused.what, code::budget_exceeded);
    EXPECT_EQ(who->left(0, today), 50 * usd);
    EXPECT_EQ(who->left(1, today), 5 * usd);
    EXPECT_EQ(who->tokens(noon).remaining, 100);
    EXPECT_EQ(who->in_flight(), 0);
}

TEST(KeyRing, AdmitsAgainInTheNextWindow) {
    const key_ring ring{{with_budgets({{5 * usd, 24h, "1d"}})}};
    const key* who = &ring.keys().front();
    auto got = ring.admit(who, {.cost = 5 * usd}, noon, today);
    got.held.settle(0, 5 * usd, today);
    EXPECT_FALSE(static_cast<bool>(ring.admit(who, {}, noon, today + 24h - 1ns)));
    EXPECT_TRUE(static_cast<bool>(ring.admit(who, {.cost = 5 * usd}, noon, today + 24h)));
}

// The order is public: with everything wrong at once, each repair uncovers the next refusal.
TEST(KeyRing, RefusesInTheDocumentedOrder) {
    auto s = with_budgets({{1 * usd, 24h, "1d"}});
    s.models = {"m"};
    s.concurrent = 1;
    s.requests_per_minute = 1;
    s.tokens_per_minute = 10;
    s.allow = {"10.0.0.1"};
    s.expires = today;
    const key_ring ring{{s}};
    EXPECT_EQ(ring.identify("wrong", "1.1.1.1", today).refused.what, code::invalid_key);
    EXPECT_EQ(ring.identify("secret-of-dify", "1.1.1.1", today).refused.what, code::key_expired);
    EXPECT_EQ(ring.identify("secret-of-dify", "1.1.1.1", today - 1s).refused.what, code::address_not_allowed);
    const auto who = ring.identify("secret-of-dify", "10.0.0.1", today - 1s).who;

    auto first = ring.admit(who, {.model = "m", .tokens = 10, .cost = usd}, noon, today);
    ASSERT_TRUE(static_cast<bool>(first));
    EXPECT_EQ(ring.admit(who, {.model = "x", .tokens = 1, .cost = 1}, noon, today).refused.what, code::model_not_allowed);
    EXPECT_TRUE(says(ring.admit(who, {.model = "m", .tokens = 1, .cost = 1}, noon, today).refused, "in flight"));
    first.held.settle(10, usd, today);
    first.held = {};
    EXPECT_TRUE(says(ring.admit(who, {.model = "m", .tokens = 1, .cost = 1}, noon, today).refused, "requests per minute"));
    // A minute later rates and tokens are there again; the budget of the day is not.
    const auto later = noon + 60s;
    EXPECT_EQ(ring.admit(who, {.model = "m", .tokens = 1, .cost = 1}, later, today).refused.what, code::budget_exceeded);
    EXPECT_EQ(who->requests(later).remaining, 0);  // counted although the budget refused it
}

TEST(KeyRing, ChecksTokensBeforeBudgets) {
    auto s = with_budgets({{1, 24h, "1d"}});
    s.tokens_per_minute = 10;
    const key_ring ring{{s}};
    const key* who = &ring.keys().front();
    auto first = ring.admit(who, {.tokens = 10, .cost = 1}, noon, today);
    EXPECT_TRUE(says(ring.admit(who, {.tokens = 1, .cost = 1}, noon, today).refused, "tokens per minute"));
}

TEST(KeyRing, GoesOnCountingAfterAReload) {
    auto s = with_budgets({{5 * usd, 24h, "1d"}});
    s.requests_per_minute = 10;
    s.concurrent = 5;
    const key_ring before{{s, named("gone")}};
    auto running = before.admit(&before.keys().front(), {.cost = 2 * usd}, noon, today);

    auto changed = s;
    changed.sha256 = sha256_of("a new secret");
    changed.budgets = {{100 * usd, 720h, "30d"}, {8 * usd, 24h, "1d"}};
    key_ring after{{named("new"), changed}};
    after.carry_over(before);
    const key* who = after.authenticate("a new secret");
    ASSERT_NE(who, nullptr);
    EXPECT_EQ(who->in_flight(), 1);
    EXPECT_EQ(who->requests(noon).remaining, 9);
    EXPECT_EQ(who->left(0, today), 100 * usd);
    EXPECT_EQ(who->left(1, today), 6 * usd);
    running.held.settle(0, 1 * usd, today);  // a request of the old conf ends: the new one sees it
    running.held = {};
    EXPECT_EQ(who->in_flight(), 0);
    EXPECT_EQ(who->left(1, today), 7 * usd);
    EXPECT_EQ(after.authenticate("secret-of-new")->in_flight(), 0);
}

TEST(KeyRing, StartsFromWhatTheLedgerKnows) {
    key_ring ring{{with_budgets({{5 * usd, 24h, "1d"}, {50 * usd, 720h, "30d"}})}};
    EXPECT_EQ(key_ring::window_begin({5 * usd, 24h, "1d"}, today + 5h), today);
    auto& day = ring.keys()[0].window(0);
    day.agree_with(day.calendar().window_at(today), 2 * usd, 0);
    const auto left = ring.budgets_left(today);
    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(left[0].key, "dify");
    EXPECT_EQ(left[0].window, "1d");
    EXPECT_EQ(left[0].remaining, 3 * usd);
    EXPECT_EQ(left[1].remaining, 50 * usd);
}

TEST(KeyRing, CountsWhatItSettledOnceWhenItAgreesWithTheLedger) {
    key_ring ring{{with_budgets({{10 * usd, 24h, "1d"}})}};
    const auto* who = &ring.keys()[0];
    auto& day = who->window(0);
    const auto window = day.calendar().window_at(today);
    day.agree_with(window, 2 * usd, day.settled(window));  // by others
    auto running = ring.admit(who, {.model = "m", .cost = 3 * usd}, {}, today);
    auto ended = ring.admit(who, {.model = "m", .cost = 3 * usd}, {}, today);
    ASSERT_TRUE(running && ended);
    ended.held.settle(0, 1 * usd, today);
    EXPECT_EQ(day.settled(window), 1 * usd);
    // The ledger has both by now, and half a dollar of somebody else's.
    day.agree_with(window, 2 * usd + 1 * usd + usd / 2, day.settled(window));
    EXPECT_EQ(day.elsewhere(window), 2 * usd + usd / 2);
    EXPECT_EQ(who->left(0, today), 10 * usd - 3 * usd - usd / 2 - 3 * usd) << "what runs is reserved still";
    day.agree_with(window, 3 * usd + usd / 2, day.settled(window));
    EXPECT_EQ(who->left(0, today), 3 * usd + usd / 2) << "said twice, counted once";
}

TEST(KeyRing, SettlesInTheWindowThatTheLedgerBooksTheRequestIn) {
    key_ring ring{{with_budgets({{10 * usd, 24h, "1d"}})}};
    auto& day = ring.keys()[0].window(0);
    auto night = ring.admit(&ring.keys()[0], {.model = "m", .cost = 1 * usd}, {}, today + 23h);
    ASSERT_TRUE(night);
    EXPECT_TRUE(night.held.spend(3 * usd, today + 25h));
    night.held.settle(0, 4 * usd, today + 25h);
    EXPECT_EQ(day.settled(day.calendar().window_at(today)), 4 * usd) << "the ledger's row has the time at which it began";
    EXPECT_EQ(day.settled(day.calendar().window_at(today + 25h)), 0);
}

TEST(KeyRing, AsksAgainForALeaseAndKeepsWhatItHoldsMeanwhile) {
    auto s = with_budgets({{10 * usd, 24h, "1d"}, {10 * usd, 720h, "30d"}});
    s.requests_per_minute = 1;
    key_ring ring{{s}};
    const auto* who = &ring.keys()[0];
    auto& month = who->window(1);
    const auto window = month.calendar().window_at(today);
    const ask what{.model = "m", .cost = usd};
    month.lend(window, 0, 10 * usd);
    const auto refused = ring.admit(who, what, {}, today);
    EXPECT_EQ(refused.refused.what, weir::core::code::overloaded);
    EXPECT_EQ(refused.lacking, nullptr) << "nobody can be asked: no use to wait";
    month.demand().may_grow(true);
    auto waiting = ring.admit(who, what, 2min + weir::core::time_point{}, today);
    ASSERT_EQ(waiting.lacking, &month);
    EXPECT_EQ(who->left(0, today), 9 * usd) << "the day's budget holds it already";
    ring.go_on(waiting, what, today);
    EXPECT_TRUE(waiting.refused && waiting.lacking);
    EXPECT_EQ(month.demand().take_largest(), usd);
    month.lend(window, usd / 2, 10 * usd);
    ring.go_on(waiting, what, today);
    EXPECT_TRUE(waiting);
    EXPECT_EQ(who->left(0, today), 9 * usd) << "and holds it once";
    EXPECT_EQ(who->left(1, today), 9 * usd);
    EXPECT_EQ(ring.admit(who, what, 2min + weir::core::time_point{}, today).refused.what, weir::core::code::rate_limited)
        << "the rate counted it once";
}

TEST(KeyRing, WritesResetTimesAsGoDoes) {
    EXPECT_EQ(reset_text(0ns), "0s");
    EXPECT_EQ(reset_text(1ns), "1ms");
    EXPECT_EQ(reset_text(12ms), "12ms");
    EXPECT_EQ(reset_text(1500ms), "1.5s");
    EXPECT_EQ(reset_text(1050ms), "1.05s");
    EXPECT_EQ(reset_text(6min), "6m0s");
    EXPECT_EQ(reset_text(90s + 1ms), "1m30.001s");
}

TEST(KeyRing, AdmitsExactlyTheLimitsHoweverManyThreadsAsk) {
    auto s = with_budgets({{1'000'000, 24h, "1d"}});
    s.requests_per_minute = 3000;
    s.concurrent = 3;
    const key_ring ring{{s}};
    const key* who = &ring.keys().front();
    std::atomic<std::int64_t> admitted{0}, paid{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 10'000; ++i) {
                    auto got = ring.admit(who, {.cost = 20}, noon, today);
                    if (!got) continue;
                    ++admitted;
                    EXPECT_LE(who->in_flight(), 3);
                    (void)got.held.spend(10, today);
                    if (i % 2 == 0) got.held.settle(5, 15, today);
                    paid += i % 2 == 0 ? 15 : 10;
                }
            });
    }
    EXPECT_LE(admitted.load(), 3000);
    EXPECT_GT(admitted.load(), 1000);
    EXPECT_EQ(who->in_flight(), 0);
    EXPECT_EQ(who->left(0, today), 1'000'000 - paid.load());
}

}  // namespace
