// When a first token is late, and how often a second attempt may be made.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "policy/upstreams/first_token_times.hpp"
#include "policy/upstreams/hedge_budget.hpp"

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::time_point;

const time_point noon{std::chrono::hours{12}};

TEST(FirstTokenTimes, SayNothingUntilThereAreEnough) {
    first_token_times times;
    for (std::uint64_t i = 0; i + 1 < first_token_times::least_samples; ++i) times.sample(100ms, noon);
    EXPECT_EQ(times.quantile(0.95, noon), std::nullopt);
    times.sample(100ms, noon);
    EXPECT_TRUE(times.quantile(0.95, noon));
}

TEST(FirstTokenTimes, KnowTheQuantileWithinAnEighth) {
    for (const auto typical : {3ms, 40ms, 700ms, 9000ms, 200000ms}) {
        first_token_times times;
        for (int i = 0; i < 90; ++i) times.sample(typical, noon);
        for (int i = 0; i < 10; ++i) times.sample(typical * 4, noon);
        for (const auto& [q, expected] : {std::pair{0.5, typical}, {0.89, typical}, {0.95, typical * 4}}) {
            const auto found = times.quantile(q, noon);
            ASSERT_TRUE(found);
            EXPECT_GE(*found, expected);
            EXPECT_LE(*found, expected * 9 / 8 + 1ms);
        }
    }
}

TEST(FirstTokenTimes, KeepWhatIsBeyondTheirRangeAtItsEnds) {
    first_token_times times;
    for (int i = 0; i < 50; ++i) times.sample(0ns, noon), times.sample(48h, noon);
    EXPECT_LE(times.quantile(0.1, noon).value(), 2ms);
    EXPECT_GE(times.quantile(0.9, noon).value(), 15min);
    EXPECT_TRUE(times.quantile(1.0, noon));
}

TEST(FirstTokenTimes, ForgetWhatIsOld) {
    first_token_times times;
    for (int i = 0; i < 100; ++i) times.sample(5s, noon);
    EXPECT_GE(times.quantile(0.95, noon + 59s).value(), 5s) << "the window before the running one counts";
    EXPECT_EQ(times.quantile(0.95, noon + 3min), std::nullopt);
    for (int i = 0; i < 100; ++i) times.sample(50ms, noon + 3min);
    EXPECT_LE(times.quantile(0.95, noon + 3min).value(), 60ms);
}

TEST(FirstTokenTimes, TakeSamplesFromManyThreads) {
    first_token_times times;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) times.sample(std::chrono::milliseconds{i % 100}, noon + std::chrono::milliseconds{i});
        });
    for (auto& t : threads) t.join();
    EXPECT_NEAR(static_cast<double>(times.quantile(0.5, noon).value().count()) / 1e6, 50, 8);
}

TEST(HedgeBudget, IsAShareOfTheRequests) {
    hedge_budget budget;
    EXPECT_TRUE(budget.try_hedge()) << "one to begin with";
    EXPECT_FALSE(budget.try_hedge());
    int made = 0;
    for (int i = 0; i < 1000; ++i) {
        budget.request_started(5);
        made += budget.try_hedge() ? 1 : 0;
    }
    EXPECT_EQ(made, 50);
}

TEST(HedgeBudget, SavesOnlyAFewUp) {
    hedge_budget budget;
    for (int i = 0; i < 10'000; ++i) budget.request_started(5);
    int made = 0;
    while (budget.try_hedge()) ++made;
    EXPECT_EQ(made, hedge_budget::most_saved);
}

TEST(HedgeBudget, TakesBackWhatWasNotUsed) {
    hedge_budget budget;
    ASSERT_TRUE(budget.try_hedge());
    budget.give_back();
    EXPECT_TRUE(budget.try_hedge());
    EXPECT_FALSE(budget.try_hedge());
}

TEST(HedgeBudget, IsNotOverdrawnByThreads) {
    hedge_budget budget;
    std::atomic<int> made{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 2000; ++i) {
                budget.request_started(10);
                if (budget.try_hedge()) ++made;
            }
        });
    for (auto& t : threads) t.join();
    EXPECT_LE(made, 4 * 2000 / 10 + 1);
    EXPECT_GT(made, 4 * 2000 / 10 - 20);
}

}  // namespace
