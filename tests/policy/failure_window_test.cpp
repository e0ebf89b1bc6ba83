// What is remembered of an upstream's requests, at every border of its slots, and by many threads at once.
#include "policy/upstreams/failure_window.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace {

using weir::core::time_point;
using weir::policy::failure_window;
using namespace std::chrono_literals;

const time_point noon{std::chrono::hours{12}};
constexpr auto window = 10s;

TEST(FailureWindow, HasNothingToSayWithoutRequests) {
    const failure_window w;
    EXPECT_EQ(w.over(window, noon).requests, 0u);
    EXPECT_EQ(w.over(window, noon).percent(), 0);
    EXPECT_EQ(w.over(window, time_point{}).requests, 0u) << "at the clock's own beginning too";
}

TEST(FailureWindow, RemembersEachRequestForTheWindowUpToItsSlot) {
    for (auto at = noon; at < noon + 1s; at += 100ms) {
        failure_window w;
        w.add(true, window, at);
        for (auto later = at; later < noon + window; later += 100ms) EXPECT_EQ(w.over(window, later).failed, 1u);
        EXPECT_EQ(w.over(window, noon + window - 1ns).failed, 1u);
        EXPECT_EQ(w.over(window, noon + window).failed, 0u);
    }
}

TEST(FailureWindow, SlidesOneSlotAtATime) {
    failure_window w;
    for (int s = 0; s < 25; ++s)
        for (int i = 0; i <= s; ++i) w.add(i == 0, window, noon + s * 1s);
    EXPECT_EQ(w.over(window, noon + 24s).failed, 10u);
    EXPECT_EQ(w.over(window, noon + 24s).requests, 16u + 17 + 18 + 19 + 20 + 21 + 22 + 23 + 24 + 25);
    EXPECT_EQ(w.over(window, noon + 32s).requests, 24u + 25) << "two are left";
    EXPECT_EQ(w.over(window, noon + 34s).requests, 0u);
}

TEST(FailureWindow, TurnsASuccessIntoAFailureWithoutCountingItTwice) {
    failure_window w;
    w.add(false, window, noon);
    w.add(false, window, noon);
    w.failed_after_all(window, noon + 3s);
    EXPECT_EQ(w.over(window, noon + 3s).requests, 2u);
    EXPECT_EQ(w.over(window, noon + 3s).percent(), 50);
    EXPECT_EQ(w.over(window, noon + 12s).requests, 0u);
    EXPECT_EQ(w.over(window, noon + 12s).percent(), 0) << "its beginning is forgotten";
}

TEST(FailureWindow, StopsCountingInASlotThatIsFull) {
    failure_window w;
    for (int i = 0; i < 70'000; ++i) w.add(true, window, noon);
    EXPECT_EQ(w.over(window, noon).requests, 65'535u);
    EXPECT_EQ(w.over(window, noon).percent(), 100);
    w.add(false, window, noon + 1s);
    EXPECT_EQ(w.over(window, noon + 1s).requests, 65'536u);
}

TEST(FailureWindow, ReadsNothingIntoSlotsOfAnotherWindow) {
    failure_window w;
    for (int i = 0; i < 30; ++i) w.add(true, window, noon + i * 100ms);
    EXPECT_EQ(w.over(100s, noon + 3s).requests, 0u) << "after a reload that changed it";
    w.add(true, 100s, noon + 3s);
    EXPECT_EQ(w.over(100s, noon + 3s).requests, 1u);
    EXPECT_EQ(w.over(2ms, noon + 3s).requests, 0u) << "a window shorter than its slots can be";
}

TEST(FailureWindow, LosesNoRequestWhateverTheThreadsDo) {
    failure_window w;
    constexpr int threads = 4, each = 10'000;
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < threads; ++t)
            all.emplace_back([&] {
                for (int i = 0; i < each; ++i) w.add(i % 4 == 0, window, noon + (i % 10) * 1s);
            });
    }
    EXPECT_EQ(w.over(window, noon + 9s).requests, static_cast<unsigned>(threads * each));
    EXPECT_EQ(w.over(window, noon + 9s).percent(), 25);
}

}  // namespace
