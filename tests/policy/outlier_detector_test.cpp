// When failures are too many, and whose they are. What follows from it stands in upstream_state_test.cpp and blame_test.cpp.
#include "policy/upstreams/outlier_detector.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::time_point;

const ejection_settings defaults;
const time_point noon{12h};
constexpr std::uint32_t nobody = 0, anna = 7, bert = 9;

/// Counts a failure as upstream_state does for one in a row, and judges it.
std::optional<std::string> fail(outlier_detector& of, std::uint32_t key, time_point now = noon, const ejection_settings& s = defaults) {
    of.failed(now, s);
    of.blame(key, false, now, s);
    of.count_in_a_row(key);
    return of.judge(now, s);
}

TEST(OutlierDetector, SaysSoAtTheConfiguredFailureInARowWithoutWordsOfItsOwn) {
    outlier_detector of;
    for (int i = 0; i < 4; ++i) EXPECT_EQ(fail(of, nobody), std::nullopt) << i;
    EXPECT_EQ(fail(of, nobody), std::string{});
    EXPECT_EQ(of.in_a_row(), 5);
    of.set_in_a_row(0);
    EXPECT_EQ(fail(of, nobody), std::nullopt);
}

TEST(OutlierDetector, LetsOneKeysFailuresBeItsOwnWhileAnotherIsServed) {
    outlier_detector of;
    of.succeeded(bert, noon, defaults);
    EXPECT_TRUE(of.serves_another_than(anna, noon, defaults));
    EXPECT_FALSE(of.serves_another_than(bert, noon, defaults));
    for (int i = 0; i < 50; ++i) EXPECT_EQ(fail(of, anna), std::nullopt) << i;
    EXPECT_TRUE(of.are_all_of(anna));
    EXPECT_EQ(of.judge(noon + defaults.window + 1s, defaults), std::string{}) << "the other was served long ago";
    EXPECT_EQ(fail(of, bert), std::string{}) << "the other fails too";
    EXPECT_FALSE(of.are_all_of(anna));
    EXPECT_FALSE(of.are_all_of(bert));
}

TEST(OutlierDetector, BelievesThatAFailureWithoutAKeyIsTheUpstreams) {
    outlier_detector of;
    of.succeeded(bert, noon, defaults);
    for (int i = 0; i < 4; ++i) (void)fail(of, anna);
    EXPECT_EQ(fail(of, nobody), std::string{});
}

TEST(OutlierDetector, KnowsWhoseTheFailuresInARowAreFromTheirFirstOn) {
    outlier_detector of;
    EXPECT_TRUE(of.are_all_of(anna)) << "there are none";
    (void)fail(of, bert);
    EXPECT_FALSE(of.are_all_of(anna));
    of.set_in_a_row(0);
    (void)fail(of, anna);
    EXPECT_TRUE(of.are_all_of(anna));
}

/// So many requests, of which every second fails.
std::optional<std::string> serve_half(outlier_detector& of, int requests, std::uint32_t key, const ejection_settings& s) {
    std::optional<std::string> last;
    for (int i = 0; i < requests; ++i) {
        if (i % 2 == 0) {
            of.succeeded(key, noon, s);
            of.set_in_a_row(0);
        } else {
            last = fail(of, key, noon, s);
        }
    }
    return last;
}

TEST(OutlierDetector, SaysInWordsWhatShareOfTheRequestsFailed) {
    outlier_detector of;
    EXPECT_EQ(serve_half(of, 18, nobody, defaults), std::nullopt);
    EXPECT_EQ(serve_half(of, 2, nobody, defaults), " after 50% of 20 requests failed");
    EXPECT_EQ(of.lately(noon, defaults).requests, 20u);
    of.forget();
    EXPECT_EQ(of.lately(noon, defaults).requests, 0u);
    EXPECT_EQ(of.in_a_row(), 0);
}

TEST(OutlierDetector, CountsAStreamThatBrokeLaterOnce) {
    outlier_detector of;
    for (int i = 0; i < 20; ++i) {
        of.succeeded(nobody, noon, defaults);
        of.broke_later(noon, defaults);
        of.blame(nobody, true, noon, defaults);
    }
    EXPECT_EQ(of.lately(noon, defaults).requests, 20u);
    EXPECT_EQ(of.judge(noon, defaults), " after 100% of 20 requests failed");
}

TEST(OutlierDetector, JudgesTheShareOfEverybodyElseWhereOneKeyFailsMost) {
    outlier_detector of;
    const auto fail_alone = [&](std::uint32_t key) {
        of.set_in_a_row(0);  // it is the share that is judged here
        return fail(of, key);
    };
    for (int i = 0; i < 5; ++i) of.succeeded(bert, noon, defaults);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(fail_alone(anna), std::nullopt) << "80% of all, none of the others'";
    EXPECT_EQ(fail_alone(bert), std::nullopt) << "1 of the others' 6";
    EXPECT_EQ(fail_alone(bert), " after 81% of 27 requests failed") << "2 of the others' 7: at least half the share that counts";
}

TEST(OutlierDetector, IsSilentWhereItIsTurnedOff) {
    outlier_detector of;
    ejection_settings off;
    off.consecutive_failures = off.failure_rate_percent = 0;
    for (int i = 0; i < 100; ++i) EXPECT_EQ(fail(of, nobody, noon, off), std::nullopt);
    EXPECT_EQ(of.in_a_row(), 100) << "they are told to people all the same";
    EXPECT_EQ(of.lately(noon, off).requests, 0u);
}

}  // namespace
