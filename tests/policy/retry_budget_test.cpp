// The share of retries in ten seconds.
#include "policy/upstreams/retry_budget.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::time_point;

const time_point noon{std::chrono::hours{12}};

int granted(retry_budget& b, int asked, time_point at, int percent = 20) {
    int n = 0;
    for (int i = 0; i < asked; ++i) n += b.try_retry(percent, at) ? 1 : 0;
    return n;
}

TEST(RetryBudget, AlwaysAllowsThreePerSecond) {
    retry_budget b;
    EXPECT_EQ(granted(b, 10, noon), 3);
    EXPECT_EQ(granted(b, 10, noon + 999ms), 0);
    EXPECT_EQ(granted(b, 10, noon + 1s), 3);
    EXPECT_EQ(granted(b, 10, noon + 2s, 0), 3);
}

TEST(RetryBudget, AllowsExactlyItsShareOfTheRequests) {
    retry_budget b;
    for (int i = 0; i < 1000; ++i) b.request_started(noon);
    EXPECT_EQ(granted(b, 1000, noon), 200);
}

TEST(RetryBudget, LooksBackTenSecondsAndNoFurther) {
    retry_budget b;
    for (int i = 0; i < 1000; ++i) b.request_started(noon);
    EXPECT_EQ(granted(b, 150, noon + 1s), 150);
    EXPECT_EQ(granted(b, 1000, noon + 9s), 50);
    EXPECT_EQ(granted(b, 1000, noon + 10s), 3);  // the requests are out of sight
}

TEST(RetryBudget, CountsAnewWhenItsSlotsComeRoundAgain) {
    retry_budget b;
    for (int i = 0; i < 1000; ++i) b.request_started(noon);
    for (int i = 0; i < 100; ++i) b.request_started(noon + 10s);
    EXPECT_EQ(granted(b, 1000, noon + 10s), 20);
    EXPECT_EQ(granted(b, 1000, noon + 1h), 3);
}

TEST(RetryBudget, LosesNoRequestBetweenThreads) {
    retry_budget b;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 10'000; ++i) b.request_started(noon);
            });
    }
    EXPECT_EQ(granted(b, 40'000, noon, 10), 4000);
}

}  // namespace
