// The writing thread's sleep, and who waits for its passes.
#include "telemetry/log/doorbell.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "telemetry/log/flush_gate.hpp"

using namespace weir::telemetry;
using namespace std::chrono_literals;
using outcome = log_target::outcome;

namespace {

std::chrono::milliseconds time_of(const std::function<void()>& what) {
    const auto began = std::chrono::steady_clock::now();
    what();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
}

TEST(Doorbell, EndsTheNextSleepWhereNobodySleeps) {
    doorbell bell;
    bell.ring();
    EXPECT_LT(time_of([&] { bell.nap(5s); }), 1s);
    EXPECT_GE(time_of([&] { bell.nap(20ms); }), 15ms) << "it was heard once";
}

TEST(Doorbell, LetsNapsBe) {
    doorbell bell;
    bell.ring_if_asleep();
    EXPECT_GE(time_of([&] { bell.nap(20ms); }), 15ms);
}

TEST(Doorbell, SleepsOnlyWhereThereIsNothingToDo) {
    doorbell bell;
    EXPECT_LT(time_of([&] { bell.sleep_if([] { return false; }); }), 1s);
    // What comes while it makes up its mind wakes it.
    EXPECT_LT(time_of([&] {
                  bell.sleep_if([&] {
                      bell.ring_if_asleep();
                      return true;
                  });
              }),
              1s);
}

TEST(Doorbell, MissesNothingThatIsLeftForASleeper) {
    doorbell bell;
    std::atomic<int> left{0};
    std::thread sleeper{[&] {
        for (int taken = 0; taken < 1000;) {
            bell.sleep_if([&] { return left.load() == taken; });
            taken = left.load();
        }
    }};
    for (int i = 0; i < 1000; ++i) {
        left.fetch_add(1);
        bell.ring_if_asleep();
    }
    sleeper.join();
    EXPECT_EQ(left.load(), 1000);
}

TEST(FlushGate, WaitsForTheSecondPassFromNow) {
    flush_gate gate;
    EXPECT_FALSE(gate.pass_ended(outcome::wrote)) << "nobody waits";
    flush_gate::waiter me{gate};
    EXPECT_TRUE(gate.pass_ended(outcome::wrote)) << "this one may have been under way";
    EXPECT_FALSE(me.wait(1ms));
    EXPECT_TRUE(gate.pass_ended(outcome::idle));
    EXPECT_TRUE(me.wait(1ms));
}

TEST(FlushGate, WaitsForABlockedTargetAndNotForAFailedOne) {
    flush_gate gate;
    {
        flush_gate::waiter me{gate};
        for (int i = 0; i < 5; ++i) (void)gate.pass_ended(outcome::blocked);
        EXPECT_FALSE(me.wait(1ms));
        (void)gate.pass_ended(outcome::wrote);
        EXPECT_TRUE(me.wait(1ms));
        (void)gate.pass_ended(outcome::failed);
        EXPECT_LT(time_of([&] { EXPECT_FALSE(me.wait(5s)); }), 1s);
    }
    EXPECT_FALSE(gate.pass_ended(outcome::idle)) << "who waited has gone";
}

}  // namespace
