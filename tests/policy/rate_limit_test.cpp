// So many per minute, exactly.
#include "policy/keys/rate_limit.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::time_point;

const time_point noon{std::chrono::hours{12}};

TEST(RateLimit, AdmitsExactlyTheLimitAtOnceWhateverTheLimit) {
    for (const std::int64_t limit : {1, 2, 7, 59, 60, 61, 600, 999, 77'777}) {
        rate_limit r;
        for (std::int64_t i = 0; i < limit; ++i) ASSERT_EQ(r.take(1, limit, noon), 0ns) << limit << " at " << i;
        EXPECT_GT(r.take(1, limit, noon), 0ns) << limit;
    }
}

TEST(RateLimit, AdmitsTheNextOneExactlyWhenItSaid) {
    rate_limit r;
    for (int i = 0; i < 60; ++i) ASSERT_EQ(r.take(1, 60, noon), 0ns);
    EXPECT_EQ(r.take(1, 60, noon), 1s);
    EXPECT_EQ(r.take(1, 60, noon + 1s - 1ns), 1ns);
    EXPECT_EQ(r.take(1, 60, noon + 1s), 0ns);
    EXPECT_EQ(r.take(1, 60, noon + 1s), 1s);
}

TEST(RateLimit, HoldsTheRateOverAnHour) {
    rate_limit r;
    int admitted = 0;
    for (int ms = 0; ms < 3'600'000; ms += 37) admitted += r.take(1, 600, noon + ms * 1ms) == 0ns ? 1 : 0;
    EXPECT_NEAR(admitted, 600 + 60 * 600, 1);  // the first burst, then the rate
}

TEST(RateLimit, SavesUpNoMoreThanAMinute) {
    rate_limit r;
    ASSERT_EQ(r.take(1, 10, noon), 0ns);
    for (int i = 0; i < 10; ++i) ASSERT_EQ(r.take(1, 10, noon + 24h), 0ns);
    EXPECT_GT(r.take(1, 10, noon + 24h), 0ns);
}

TEST(RateLimit, TakesTokensToTheLastOne) {
    rate_limit r;
    EXPECT_EQ(r.take(199'999, 200'000, noon), 0ns);
    EXPECT_GT(r.take(2, 200'000, noon), 0ns);
    EXPECT_EQ(r.take(1, 200'000, noon), 0ns);
    EXPECT_EQ(r.view(200'000, noon).remaining, 0);
}

TEST(RateLimit, LetsMoreThanTheWholeLimitThroughOnceAllOfItIsThere) {
    rate_limit r;
    EXPECT_EQ(r.take(1'000'000, 1000, noon), 0ns);
    EXPECT_EQ(r.take(5000, 1000, noon + 30s), 30s);
    EXPECT_EQ(r.take(5000, 1000, noon + 60s), 0ns);
}

TEST(RateLimit, GivesBackAndTakesMoreAfterwards) {
    rate_limit r;
    ASSERT_EQ(r.take(500, 1000, noon), 0ns);
    r.adjust(-400, 1000);
    EXPECT_EQ(r.view(1000, noon).remaining, 900);
    r.adjust(1900, 1000);  // a debt: the next ones wait for it
    EXPECT_EQ(r.view(1000, noon).remaining, 0);
    EXPECT_EQ(r.take(1, 1000, noon), 60s + 60ms);
}

TEST(RateLimit, ShowsWhatIsLeftAndWhenItIsWholeAgain) {
    rate_limit r;
    EXPECT_EQ(r.view(60, noon).remaining, 60);
    EXPECT_EQ(r.view(60, noon).reset, 0ns);
    for (int i = 0; i < 15; ++i) ASSERT_EQ(r.take(1, 60, noon), 0ns);
    EXPECT_EQ(r.view(60, noon).limit, 60);
    EXPECT_EQ(r.view(60, noon).remaining, 45);
    EXPECT_EQ(r.view(60, noon).reset, 15s);
    EXPECT_EQ(r.view(60, noon + 5s).remaining, 50);
}

TEST(RateLimit, AdmitsExactlyTheLimitHoweverManyThreadsAsk) {
    rate_limit r;
    std::atomic<int> admitted{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 5000; ++i) admitted += r.take(1, 1234, noon) == 0ns ? 1 : 0;
            });
    }
    EXPECT_EQ(admitted.load(), 1234);
}

}  // namespace
