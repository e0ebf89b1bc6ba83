// Money set aside, spent while streaming, and settled.
#include "policy/keys/reservation.hpp"

#include <gtest/gtest.h>

#include <random>

#include "policy/keys/key_ring.hpp"

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::time_point;
using weir::core::wall_time;

const time_point noon{std::chrono::hours{12}};
const wall_time today{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};

key_ring ring_of(std::vector<budget_settings> budgets, std::int64_t tokens_per_minute = 0) {
    key_settings s;
    s.name = "a";
    s.budgets = std::move(budgets);
    s.tokens_per_minute = tokens_per_minute;
    return key_ring{{s}};
}

reservation reserve(const key_ring& ring, weir::usage::nanousd cost, wall_time at = today, std::int64_t tokens = 0) {
    auto got = ring.admit(&ring.keys().front(), {.tokens = tokens, .cost = cost}, noon, at);
    EXPECT_TRUE(static_cast<bool>(got)) << got.refused.message;
    return std::move(got.held);
}

TEST(Reservation, ChargesOnlyWhatWasStreamedWhenTheClientHangsUp) {
    const auto ring = ring_of({{1000, 24h, "1d"}});
    {
        auto held = reserve(ring, 400);
        EXPECT_TRUE(held.spend(150, today));
        EXPECT_EQ(ring.keys().front().left(0, today), 600);
    }
    EXPECT_EQ(ring.keys().front().left(0, today), 850);
}

TEST(Reservation, TellsTheStreamToEndWhenABudgetIsUsedUp) {
    const auto ring = ring_of({{1000, 24h, "1d"}, {100'000, 720h, "30d"}});
    {
        auto held = reserve(ring, 100);
        EXPECT_TRUE(held.spend(999, today));
        EXPECT_FALSE(held.spend(1, today));
        EXPECT_FALSE(held.spend(50, today));  // what was delivered is paid even so
    }
    EXPECT_EQ(ring.keys().front().left(0, today), -50);
    EXPECT_EQ(ring.keys().front().left(1, today), 100'000 - 1050);
}

TEST(Reservation, EndsTheStreamOnlyWhenNothingIsLeftBesideTheOthersReserves) {
    const auto ring = ring_of({{1000, 24h, "1d"}});
    auto other = reserve(ring, 600);
    auto held = reserve(ring, 100);
    EXPECT_TRUE(held.spend(399, today));
    EXPECT_FALSE(held.spend(1, today));
    other.settle(0, 0, today);
    EXPECT_TRUE(held.spend(1, today));  // the other one gave its reserve back
}

TEST(Reservation, SettlesDownAndUpExactly) {
    for (const std::int64_t final : {0, 1, 399, 400, 401, 5000}) {
        const auto ring = ring_of({{1000, 24h, "1d"}});
        auto held = reserve(ring, 400);
        (void)held.spend(450, today);
        held.settle(0, final, today);
        EXPECT_EQ(ring.keys().front().left(0, today), 1000 - final);
        held = {};  // ending it after the account changes nothing
        EXPECT_EQ(ring.keys().front().left(0, today), 1000 - final);
    }
}

TEST(Reservation, ChargesAStreamAcrossMidnightToBothDays) {
    const auto ring = ring_of({{1000, 24h, "1d"}});
    const auto tomorrow = today + 24h;
    auto held = reserve(ring, 400, tomorrow - 1s);
    EXPECT_TRUE(held.spend(390, tomorrow - 1s));
    EXPECT_TRUE(held.spend(60, tomorrow + 1s));
    held.settle(0, 460, tomorrow + 2s);
    EXPECT_EQ(ring.keys().front().left(0, tomorrow - 1s), 600);
    EXPECT_EQ(ring.keys().front().left(0, tomorrow), 940);
}

TEST(Reservation, NeverGivesYesterdaysMoneyBackToToday) {
    const auto ring = ring_of({{1000, 24h, "1d"}});
    const auto tomorrow = today + 24h;
    auto held = reserve(ring, 400, today);
    EXPECT_TRUE(held.spend(450, tomorrow));
    auto other = reserve(ring, 500, tomorrow);
    held.settle(0, 100, tomorrow);  // less than the first day has been charged already
    EXPECT_EQ(ring.keys().front().left(0, tomorrow), 500);
    EXPECT_EQ(ring.keys().front().left(0, today), 600);
}

TEST(Reservation, KeepsTheTokensChargedWhenMoneyWasSpentWithoutAnAccount) {
    const auto ring = ring_of({{1000, 24h, "1d"}}, 1000);
    {
        auto held = reserve(ring, 10, today, 300);
        EXPECT_TRUE(held.spend(5, today));
    }
    EXPECT_EQ(ring.keys().front().tokens(noon).remaining, 700);
    {
        auto unused = reserve(ring, 10, today, 300);
    }
    EXPECT_EQ(ring.keys().front().tokens(noon).remaining, 700);
}

TEST(Reservation, HoldsMoreBudgetsThanFitInline) {
    std::vector<budget_settings> budgets;
    for (int i = 1; i <= 7; ++i) budgets.push_back({1000 * i, std::chrono::hours{i}, std::to_string(i) + "h"});
    const auto ring = ring_of(budgets);
    auto held = reserve(ring, 500);
    auto moved = std::move(held);
    EXPECT_FALSE(moved.spend(1000, today));  // the smallest one
    moved.settle(0, 700, today);
    for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(ring.keys().front().left(i, today), 1000 * static_cast<std::int64_t>(i + 1) - 700) << i;
}

// Whatever the mix of spending, settling and hanging up, the budget loses exactly what was spent.
TEST(Reservation, LosesAndInventsNoMoney) {
    std::mt19937_64 random{5};
    const auto ring = ring_of({{1'000'000'000, 24h, "1d"}, {2'000'000'000, 720h, "30d"}});
    std::int64_t paid = 0;
    std::vector<reservation> open;
    std::vector<std::int64_t> spent;
    for (int i = 0; i < 20'000; ++i) {
        const auto roll = random() % 4;
        if (open.empty() || roll == 0) {
            open.push_back(reserve(ring, static_cast<std::int64_t>(random() % 1000)));
            spent.push_back(0);
            continue;
        }
        const auto at = random() % open.size();
        if (roll == 1) {
            const auto more = static_cast<std::int64_t>(random() % 700);
            EXPECT_TRUE(open[at].spend(more, today));
            spent[at] += more;
            continue;
        }
        if (roll == 2) {
            spent[at] = static_cast<std::int64_t>(random() % 3000);
            open[at].settle(0, spent[at], today);
        }
        paid += spent[at];
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
        spent.erase(spent.begin() + static_cast<std::ptrdiff_t>(at));
    }
    open.clear();
    for (const auto s : spent) paid += s;
    EXPECT_EQ(ring.keys().front().left(0, today), 1'000'000'000 - paid);
    EXPECT_EQ(ring.keys().front().left(1, today), 2'000'000'000 - paid);
}

}  // namespace
