// The latency average against its formula.
#include "policy/upstreams/peak_ewma.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::time_point;

const time_point noon{std::chrono::hours{12}};

TEST(PeakEwma, KnowsNothingBeforeTheFirstSample) {
    peak_ewma e;
    EXPECT_FALSE(e.at(noon).has_value());
    e.sample_if_slower(3s, noon);
    EXPECT_FALSE(e.at(noon).has_value());
    e.sample(100ms, noon);
    EXPECT_NEAR(*e.at(noon), 0.1, 1e-6);
}

TEST(PeakEwma, BelievesAPeakAtOnceAndForgetsItSlowly) {
    peak_ewma e;
    e.sample(100ms, noon);
    e.sample(2s, noon + 1ms);
    EXPECT_NEAR(*e.at(noon + 1ms), 2.0, 1e-3);
    e.sample(100ms, noon + 10s);
    const double beta = std::exp(-1.0);
    EXPECT_NEAR(*e.at(noon + 10s), beta * 2.0 + (1.0 - beta) * 0.1, 2e-3);
}

TEST(PeakEwma, DecaysWhileNothingIsHeardButNeverToNothing) {
    peak_ewma e;
    e.sample(1s, noon);
    EXPECT_NEAR(*e.at(noon + 10s), std::exp(-1.0), 1e-3);
    EXPECT_GT(*e.at(noon + 1h), 0.0);
    EXPECT_NEAR(*e.last(), 1.0, 1e-6);
    EXPECT_NEAR(*e.at(noon - 5ms), 1.0, 1e-3);  // another worker's clock may be ahead
}

TEST(PeakEwma, TakesAFailureOnlyAsAPeak) {
    peak_ewma e;
    e.sample(1s, noon);
    e.sample_if_slower(1ms, noon);
    EXPECT_NEAR(*e.at(noon), 1.0, 1e-6);
    e.sample_if_slower(5s, noon);
    EXPECT_NEAR(*e.at(noon), 5.0, 1e-6);
}

}  // namespace
