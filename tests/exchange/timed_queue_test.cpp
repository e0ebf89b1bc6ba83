// What waits for its time comes out in its order, once, and nobody waits for ever.
#include "exchange/objects/timed_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using queue = weir::exchange::timed_queue<int>;
using clock_type = queue::clock;

TEST(TimedQueue, GivesOutWhatIsDueFirstAndWaitsForTheRest) {
    queue of;
    const auto now = clock_type::now();
    EXPECT_TRUE(of.add(now + 20ms, 3));
    EXPECT_TRUE(of.add(now, 2));
    EXPECT_TRUE(of.add(clock_type::time_point::min(), 1));
    EXPECT_EQ(of.take(), 1);
    EXPECT_EQ(of.take(), 2);
    EXPECT_EQ(of.take(), 3);
    EXPECT_GE(clock_type::now(), now + 20ms);
}

TEST(TimedQueue, WakesWhoWaitsForSomethingLaterWhenAnEarlierOneComes) {
    queue of;
    of.add(clock_type::now() + 1h, 2);
    std::atomic<int> got{0};
    {
        const std::jthread waits{[&] { got = of.take().value_or(-1); }};
        std::this_thread::sleep_for(5ms);
        of.add(clock_type::now(), 1);
    }
    EXPECT_EQ(got.load(), 1);
}

TEST(TimedQueue, TakesNoMoreThanItMayHold) {
    queue of{2};
    EXPECT_TRUE(of.add({}, 1));
    EXPECT_TRUE(of.add({}, 2));
    EXPECT_FALSE(of.add({}, 3));
    EXPECT_EQ(of.take(), 1);
    EXPECT_TRUE(of.add({}, 3));
}

TEST(TimedQueue, GivesOutWhatIsDueWhenItWasEndedButNothingElse) {
    queue of;
    of.add({}, 1);
    of.add(clock_type::now() + 1h, 2);
    of.end();
    EXPECT_FALSE(of.add({}, 3));
    EXPECT_EQ(of.take(), 1);
    EXPECT_EQ(of.take(), std::nullopt);
    EXPECT_EQ(of.take(), std::nullopt);
}

TEST(TimedQueue, ForgetsWhatWaits) {
    queue of;
    of.add({}, 1);
    of.clear();
    of.add({}, 2);
    EXPECT_EQ(of.take(), 2);
}

TEST(TimedQueue, LetsGoOfEveryoneWhoWaitsWhenItIsEnded) {
    queue of;
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) threads.emplace_back([&] { EXPECT_EQ(of.take(), std::nullopt); });
    of.add(clock_type::now() + 1h, 1);
    std::this_thread::sleep_for(5ms);
    of.end();
}

TEST(TimedQueue, HoldsWhatCanOnlyBeMoved) {
    weir::exchange::timed_queue<std::unique_ptr<int>> of;
    of.add({}, std::make_unique<int>(7));
    const auto got = of.take();
    ASSERT_TRUE(got && *got);
    EXPECT_EQ(**got, 7);
}

TEST(TimedQueue, GivesEachThingToOneOfManyThreads) {
    queue of;
    std::atomic<int> sum{0};
    {
        std::vector<std::jthread> takers, givers;
        for (int t = 0; t < 3; ++t)
            takers.emplace_back([&] {
                while (const auto got = of.take()) sum += *got;
            });
        for (int t = 0; t < 2; ++t)
            givers.emplace_back([&] {
                for (int i = 1; i <= 2000; ++i) of.add(clock_type::now() + std::chrono::microseconds{i % 50}, i);
            });
        givers.clear();
        std::this_thread::sleep_for(1ms);  // all of it is due
        of.end();
    }
    EXPECT_EQ(sum.load(), 2 * 2000 * 2001 / 2);
}

}  // namespace
