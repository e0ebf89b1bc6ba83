// Who reaches which object, when weir asks for one, and what late usage does to budgets.
#include "policy/keys/object_owner.hpp"

#include <gtest/gtest.h>

#include <functional>

using namespace weir;
using namespace std::chrono_literals;

namespace {

policy::key key_with(const std::function<void(policy::key_settings&)>& change) {
    policy::key_settings s;
    s.name = "mine";
    change(s);
    return policy::key{std::move(s)};
}

}  // namespace

TEST(ObjectOwner, ARestrictedKeyReachesWhatItMadeAndNothingElse) {
    const policy::key free = key_with([](auto&) {});
    const policy::key restricted[] = {
        key_with([](auto& s) { s.models = {"a"}; }),
        key_with([](auto& s) { s.budgets = {{.amount = 1, .every = 24h, .window = "1d"}}; }),
        key_with([](auto& s) { s.max_output_tokens = 10; }),
        key_with([](auto& s) { s.endpoints = {"responses"}; }),
    };
    for (const std::optional<std::string_view> maker : {std::optional<std::string_view>{}, {""}, {"mine"}, {"other"}, {"Mine"}}) {
        EXPECT_TRUE(policy::may_reach(nullptr, maker));
        EXPECT_TRUE(policy::may_reach(&free, maker));
        for (const auto& key : restricted) EXPECT_EQ(policy::may_reach(&key, maker), maker == "mine");
    }
}

TEST(ObjectOwner, PausesDoubleUpToHalfAMinute) {
    const std::chrono::seconds wanted[] = {1s, 2s, 4s, 8s, 16s, 30s, 30s};
    for (int n = 0; n < 7; ++n) EXPECT_EQ(policy::pause_before_asking(n), wanted[n]);
    EXPECT_EQ(policy::pause_before_asking(100'000), 30s);
}

TEST(ObjectOwner, LateUsageCountsInEveryBudgetAndGivesBackWhatWasTooMuch) {
    const policy::key key =
        key_with([](auto& s) { s.budgets = {{.amount = 100, .every = 24h, .window = "1d"}, {.amount = 1000, .every = 720h, .window = "30d"}}; });
    const core::wall_time now{std::chrono::hours{480'000}};
    policy::charge_late(key, 30, now);
    EXPECT_EQ(key.left(0, now), 70);
    EXPECT_EQ(key.left(1, now), 970);
    policy::charge_late(key, -10, now);
    EXPECT_EQ(key.left(0, now), 80);
    policy::charge_late(key, -500, now);
    EXPECT_EQ(key.left(0, now), 100) << "nobody gets money that was never spent";
    policy::charge_late(key, 150, now);
    EXPECT_EQ(key.left(0, now), -50) << "it was used, whatever is left";
}

// The ledger says that another process was first: nothing of it stays.
TEST(ObjectOwner, LateUsageThatWasNotDueIsTakenBackWhole) {
    const policy::key key = key_with([](auto& s) { s.budgets = {{.amount = 1000, .every = 24h, .window = "1d"}}; });
    const core::wall_time now{std::chrono::hours{480'000}};
    policy::charge_late(key, 30, now);
    policy::charge_late(key, -30, now);
    EXPECT_EQ(key.left(0, now), 1000);
    EXPECT_EQ(key.window(0).settled(key.window(0).calendar().window_at(now)), 0);
}

TEST(ObjectOwner, LateUsageCountsOnceWhenABudgetAgreesWithTheLedger) {
    const policy::key key = key_with([](auto& s) { s.budgets = {{.amount = 1000, .every = 24h, .window = "1d"}}; });
    const core::wall_time now{std::chrono::hours{480'000}};
    policy::charge_late(key, 30, now);
    policy::charge_late(key, -10, now);
    auto& day = key.window(0);
    const auto window = day.calendar().window_at(now);
    day.agree_with(window, 20, day.settled(window));  // the ledger has a row of each
    EXPECT_EQ(key.left(0, now), 980);
    day.agree_with(window, 25, day.settled(window));
    EXPECT_EQ(key.left(0, now), 975) << "and what another process charged";
}
