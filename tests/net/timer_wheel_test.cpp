// Deadlines under a clock that the test moves.
#include "net/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace {

using namespace std::chrono_literals;
using weir::core::time_point;
using weir::net::timer_node;
using weir::net::timer_wheel;

const time_point start{std::chrono::hours{1}};

struct timed final : timer_node {
    std::function<void()> ring;
    int rung = 0;
    void on_deadline() override {
        ++rung;
        if (ring) ring();
    }
};

class TimerWheel : public testing::Test {
protected:
    void advance_to(time_point t) {
        for (; now_ < t; now_ += 1ms) wheel_.advance(now_);
        wheel_.advance(now_);
    }
    time_point now_ = start;
    timer_wheel wheel_{start};
};

}  // namespace

TEST_F(TimerWheel, RingsNeverEarlyAndAtMostATickLate) {
    std::mt19937 random{7};
    std::deque<timed> all(2000);
    std::size_t rung = 0;
    for (auto& a : all) {
        const auto due = start + std::chrono::microseconds{random() % 30'000'000};  // three and a half rounds of the wheel
        a.ring = [&, due] {
            ++rung;
            EXPECT_GE(now_, due);
            EXPECT_LE(now_ - due, timer_wheel::tick + 1ms);
        };
        wheel_.arm(a, due);
    }
    advance_to(start + 31s);
    EXPECT_EQ(rung, all.size());
    EXPECT_EQ(wheel_.sleep_ms(now_), -1);
}

TEST_F(TimerWheel, RingsInTheOrderOfTheDeadlines) {
    std::deque<timed> all(50);
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto place = (i * 37) % all.size();
        all[place].ring = [&order, place] { order.push_back(place); };
        wheel_.arm(all[place], start + timer_wheel::tick * (static_cast<int>(place) + 1));
    }
    wheel_.advance(start + 10s);  // all in one go
    ASSERT_EQ(order.size(), all.size());
    for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], i);
}

TEST_F(TimerWheel, KeepsDeadlinesFarBeyondItsHorizon) {
    timed hour;
    wheel_.arm(hour, start + 1h);
    for (auto t = start; t < start + 1h; t += 500ms) wheel_.advance(t);
    EXPECT_EQ(hour.rung, 0);
    wheel_.advance(start + 1h + timer_wheel::tick);
    EXPECT_EQ(hour.rung, 1);
}

TEST_F(TimerWheel, MovesADeadlineLater) {
    timed a;
    wheel_.arm(a, start + 100ms);
    wheel_.arm(a, start + 300ms);
    advance_to(start + 299ms);
    EXPECT_EQ(a.rung, 0);
    advance_to(start + 310ms);
    EXPECT_EQ(a.rung, 1);
}

TEST_F(TimerWheel, MovesADeadlineEarlier) {
    timed a;
    wheel_.arm(a, start + 20s);
    advance_to(start + 50ms);
    wheel_.arm(a, start + 100ms);
    advance_to(start + 110ms);
    EXPECT_EQ(a.rung, 1);
    advance_to(start + 21s);
    EXPECT_EQ(a.rung, 1);
}

TEST_F(TimerWheel, ForgetsWhatIsDisarmedAndTakesItBack) {
    timed a;
    wheel_.arm(a, start + 100ms);
    wheel_.disarm(a);
    advance_to(start + 200ms);
    EXPECT_EQ(a.rung, 0);
    wheel_.arm(a, start + 300ms);
    wheel_.disarm(a);
    wheel_.arm(a, start + 320ms);
    advance_to(start + 330ms);
    EXPECT_EQ(a.rung, 1);
}

TEST_F(TimerWheel, NeverRingsForNever) {
    timed a;
    wheel_.arm(a, weir::core::never);
    EXPECT_EQ(wheel_.sleep_ms(start), -1);
    wheel_.arm(a, start + 50ms);
    wheel_.arm(a, weir::core::never);
    advance_to(start + 10s);
    EXPECT_EQ(a.rung, 0);
}

TEST_F(TimerWheel, LetsACallbackArmItselfAndOthers) {
    timed a, b;
    a.ring = [&] {
        if (a.rung < 5) wheel_.arm(a, now_ + 50ms);
        wheel_.arm(b, now_);  // due at once
    };
    wheel_.arm(a, start + 50ms);
    advance_to(start + 500ms);
    EXPECT_EQ(a.rung, 5);
    EXPECT_GE(b.rung, 1);
}

TEST_F(TimerWheel, LetsANodeGoAtAnyTime) {
    auto first = std::make_unique<timed>(), second = std::make_unique<timed>();
    first->ring = [&] { second.reset(); };
    wheel_.arm(*first, start + 50ms);
    wheel_.arm(*second, start + 50ms);
    auto gone = std::make_unique<timed>();
    wheel_.arm(*gone, start + 60ms);
    gone.reset();
    advance_to(start + 100ms);
    EXPECT_EQ(first->rung, 1);
}

TEST_F(TimerWheel, LosesNothingInALongStall) {
    std::deque<timed> all(300);
    for (std::size_t i = 0; i < all.size(); ++i) wheel_.arm(all[i], start + i * 100ms);
    wheel_.advance(start + 10min);
    for (const auto& a : all) EXPECT_EQ(a.rung, 1);
}

TEST_F(TimerWheel, NeverSleepsPastADeadlineAndNeverForNothing) {
    timed a;
    for (const auto due : {1ms, 7ms, 8ms, 9ms, 100ms, 5000ms}) {
        wheel_.arm(a, now_ + due);
        int turns = 0;
        for (const int before = a.rung; a.rung == before; ++turns) {
            const int sleep = wheel_.sleep_ms(now_);
            ASSERT_GE(sleep, 0);
            now_ += std::chrono::milliseconds{sleep};
            wheel_.advance(now_);
            ASSERT_LT(turns, 5);
        }
        EXPECT_LE(now_ - a.deadline(), timer_wheel::tick + 1ms);
    }
}
