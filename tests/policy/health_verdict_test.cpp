// So many checks in a row.
#include "policy/upstreams/health_verdict.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir::policy;

TEST(HealthVerdict, GoesDownAfterThreeFailuresInARowAndUpAfterTwoPasses) {
    health_verdict v{health_check_settings{}};
    EXPECT_EQ(v.now(), health::unknown);
    EXPECT_EQ(v.check_finished(false), std::nullopt);
    EXPECT_EQ(v.check_finished(false), std::nullopt);
    EXPECT_EQ(v.check_finished(false), health::down);
    EXPECT_EQ(v.check_finished(false), std::nullopt);
    EXPECT_EQ(v.check_finished(true), std::nullopt);
    EXPECT_EQ(v.check_finished(true), health::up);
    EXPECT_EQ(v.now(), health::up);
}

TEST(HealthVerdict, StartsToCountAnewWhenResultsAlternate) {
    health_verdict v{health_check_settings{}};
    for (int i = 0; i < 50; ++i) EXPECT_EQ(v.check_finished(i % 2 == 0), std::nullopt);
    EXPECT_EQ(v.now(), health::unknown);
}

TEST(HealthVerdict, TakesNonsenseCountsAsOne) {
    health_check_settings s;
    s.healthy_after = 0;
    s.unhealthy_after = -3;
    health_verdict v{s};
    EXPECT_EQ(v.check_finished(true), health::up);
    EXPECT_EQ(v.check_finished(false), health::down);
}

TEST(HealthVerdict, AcceptsExactlyTheExpectedStatuses) {
    const health_check_settings s;
    EXPECT_FALSE(check_passes(199, s));
    EXPECT_TRUE(check_passes(200, s));
    EXPECT_TRUE(check_passes(299, s));
    EXPECT_FALSE(check_passes(300, s));
}

}  // namespace
