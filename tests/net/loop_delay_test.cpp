// How long events wait, by times that the test makes up.
#include "net/loop_delay.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using weir::net::loop_delay;

constexpr weir::core::duration limit = 100ms;

struct loop {
    loop_delay delay;
    weir::core::time_point now{1h};
    void batch(weir::core::duration work, bool full = false) {
        delay.taken(now, full);
        now += work;
        delay.served(now, limit);
    }
    void sleep(weir::core::duration how_long) { now += how_long; }
    [[nodiscard]] bool overloaded() const { return delay.overloaded(now, limit); }
};

}  // namespace

TEST(LoopDelay, IsNothingForALoopThatSleepsBetweenItsEvents) {
    loop l;
    for (int i = 0; i < 1000; ++i) {
        l.batch(1ms);
        l.sleep(10ms);
        ASSERT_FALSE(l.overloaded());
    }
    EXPECT_LE(l.delay.take_longest(), 1ms);
    EXPECT_EQ(l.delay.take_longest(), 0ms);
}

TEST(LoopDelay, CallsOneLongStepNoOverload) {
    loop l;
    l.batch(1ms);
    l.batch(3s);
    EXPECT_FALSE(l.overloaded());
    l.batch(1ms);  // what came meanwhile did wait, and is served all the same
    EXPECT_FALSE(l.overloaded());
    EXPECT_GE(l.delay.take_longest(), 3s);
    l.batch(1ms);
    l.sleep(1s);
    EXPECT_FALSE(l.overloaded());
}

TEST(LoopDelay, CallsAQueueThatStandsOverloadAndForgetsItOnceItIsGone) {
    loop l;
    for (int i = 0; i < 2; ++i) l.batch(150ms);
    EXPECT_TRUE(l.overloaded());
    l.batch(1ms);
    l.batch(1ms);
    EXPECT_FALSE(l.overloaded());
}

TEST(LoopDelay, AddsUpBatchesThatLeaveEventsBehind) {
    loop l;
    // Each batch is quick, but none takes all that is there: the last in line waits for all of them.
    for (int i = 0; i < 20; ++i) l.batch(20ms, true);
    EXPECT_TRUE(l.overloaded());
    EXPECT_GE(l.delay.take_longest(), 380ms);
    l.batch(20ms, false);
    l.batch(20ms, false);
    l.batch(20ms, false);
    EXPECT_FALSE(l.overloaded());
}

TEST(LoopDelay, HasNoOpinionWithoutALimit) {
    loop_delay d;
    auto now = weir::core::time_point{1h};
    for (int i = 0; i < 10; ++i) {
        d.taken(now, true);
        now += 10s;
        d.served(now, {});
    }
    EXPECT_FALSE(d.overloaded(now, {}));
}
