// Money per window.
#include "policy/keys/budget_window.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::wall_time;

TEST(BudgetWindow, FillsToTheLastNanodollar) {
    budget_window b{1h};
    std::int64_t w = 5;
    EXPECT_TRUE(b.try_add(w, 99, 100));
    EXPECT_FALSE(b.try_add(w, 2, 100));
    EXPECT_TRUE(b.try_add(w, 1, 100));
    EXPECT_FALSE(b.try_add(w, 0, 100));  // nothing left: not even something free
    EXPECT_EQ(b.spent(5), 100);
}

TEST(BudgetWindow, StartsEmptyInTheNextWindowAndKeepsTheLastOne) {
    budget_window b{1h};
    std::int64_t w = 5;
    b.add(w, 70);
    w = 6;
    EXPECT_EQ(b.add(w, 30), 30);
    b.give_back(5, 20);
    EXPECT_EQ(b.spent(5), 50);
    w = 7;
    b.add(w, 1);
    b.give_back(5, 20);  // too late: its slot counts window 7
    EXPECT_EQ(b.spent(7), 1);
    EXPECT_EQ(b.spent(5), 0);
}

// NTP set the clock a day ahead and back again: the window of then must neither be charged now nor shut the key until it comes.
TEST(BudgetWindow, FollowsTheClockForwardAndBackAndForgetsNothing) {
    for (const std::int64_t far : {1, 2, 3, 24, 25, 1000}) {
        SCOPED_TRACE(far);
        budget_window b{1h};
        std::int64_t w = 6;
        EXPECT_TRUE(b.try_add(w, 60, 100));
        w = 6 + far;
        EXPECT_TRUE(b.try_add(w, 90, 100));
        w = 6;
        EXPECT_FALSE(b.try_add(w, 50, 100)) << "what was spent before the jump still counts";
        EXPECT_TRUE(b.try_add(w, 40, 100)) << "what was spent in the window that has not come does not";
        EXPECT_EQ(w, 6);
        EXPECT_EQ(b.spent(6), 100);
        w = 7;
        EXPECT_TRUE(b.try_add(w, 10, 100));
        EXPECT_EQ(w, 7);
    }
}

// A request that was admitted in a window which the clock has left for an earlier one ends there all the same.
TEST(BudgetWindow, SettlesInAWindowThatWasPutAside) {
    budget_window b{1h};
    std::int64_t w = 8;
    EXPECT_TRUE(b.try_add(w, 90, 100));
    w = 6;
    EXPECT_TRUE(b.try_add(w, 10, 100));
    b.give_back(8, 70);
    b.note_settled(8, 20);
    w = 8;
    EXPECT_TRUE(b.try_add(w, 80, 100)) << "what was given back can be spent";
    EXPECT_EQ(b.spent(8), 100);
    EXPECT_EQ(b.settled(8), 20);
}

TEST(BudgetWindow, AddsWhatIsLateToTheWindowThatIsThere) {
    budget_window b{1h};
    std::int64_t w = 8;
    b.add(w, 70);
    w = 6;  // of a request that began two windows ago
    b.add(w, 20);
    EXPECT_EQ(w, 8);
    EXPECT_EQ(b.spent(8), 90);
}

TEST(BudgetWindow, SaturatesInsteadOfWrapping) {
    budget_window b{1h};
    std::int64_t w = 0;
    const auto most = std::numeric_limits<weir::usage::nanousd>::max();
    b.add(w, most);
    EXPECT_EQ(b.add(w, most), most);
    EXPECT_FALSE(b.try_add(w, most, most));
    b.give_back(0, most);
    b.give_back(0, most);
    EXPECT_EQ(b.spent(0), 0);
    EXPECT_EQ(b.add(w, -5), 0);
}

TEST(BudgetWindow, NeverExceedsItsLimitHoweverManyThreadsReserve) {
    budget_window b{1h};
    std::atomic<std::int64_t> kept{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (int i = 0; i < 5000; ++i) {
                    std::int64_t w = i / 2500;  // neighbours: they have a slot each
                    if (!b.try_add(w, 7, 10'000)) continue;
                    EXPECT_LE(b.spent(w), 10'000);
                    if ((i + t) % 2 == 0) {
                        b.give_back(w, 7);
                    } else if (w == 1) {
                        kept += 7;
                    }
                }
            });
    }
    EXPECT_EQ(b.spent(1), kept.load());
    EXPECT_LE(kept.load(), 10'000);
}

}  // namespace
