// How long rests last, and who may try an upstream after one. What they do to its requests stands in upstream_state_test.cpp.
#include "policy/upstreams/ejection.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::time_point;

const ejection_settings defaults;
const time_point noon{12h};

TEST(Ejection, DoublesWithEachFailedProbeUpToTheMaximum) {
    ejection rest;
    EXPECT_FALSE(rest.lasts());
    EXPECT_EQ(rest.begin("", noon, defaults, 0.0), 10s);
    time_point at = rest.until();
    for (const auto longer : {20s, 40s, 80s, 160s, 300s, 300s}) {
        EXPECT_EQ(rest.prolong(at, defaults, 0.0), longer);
        EXPECT_EQ(rest.until(), at + longer);
        at = rest.until();
    }
}

TEST(Ejection, IsShortenedByUpToAFifthAndTheNextOneDoublesTheWholeRest) {
    ejection rest;
    EXPECT_EQ(rest.begin("", noon, defaults, 0.5), 9s);
    EXPECT_EQ(rest.prolong(noon + 9s, defaults, 0.0), 20s);
}

TEST(Ejection, StartsOverOnceTheUpstreamStayedInForAsLongAsItRested) {
    for (const auto& [stayed, expected] : std::vector<std::pair<weir::core::duration, weir::core::duration>>{{10s - 1ns, 20s}, {10s, 10s}}) {
        ejection rest;
        rest.begin("", noon, defaults, 0.0);
        rest.end(noon + 10s);
        EXPECT_FALSE(rest.lasts());
        EXPECT_EQ(rest.begin("", noon + 10s + stayed, defaults, 0.0), expected);
    }
}

TEST(Ejection, LastsUntilItIsEndedNotUntilItsTimeIsOver) {
    ejection rest;
    rest.begin("", noon, defaults, 0.0);
    EXPECT_TRUE(rest.lasts());
    EXPECT_TRUE(rest.claim_probe());
    rest.end(noon + 60s);
    EXPECT_FALSE(rest.lasts());
    EXPECT_FALSE(rest.probing());
    EXPECT_EQ(rest.until(), ejection::none);
}

TEST(Ejection, OfARefusalLastsForTheMaximumAndIsOneOfFailuresOnceItsProbeFailsInAnotherWay) {
    ejection rest;
    EXPECT_FALSE(rest.refuses_no_more());
    rest.refuse(": no", noon, defaults);
    EXPECT_TRUE(rest.refused());
    EXPECT_EQ(rest.until(), noon + 5min);
    EXPECT_EQ(rest.why(7), ": no");
    EXPECT_TRUE(rest.refuses_no_more());
    EXPECT_FALSE(rest.refused());
    EXPECT_EQ(rest.why(1), " after 1 failure");
}

TEST(Ejection, SaysWhyInItsOwnWordsOrInFailures) {
    ejection rest;
    rest.begin(" after 55% of 40 requests failed", noon, defaults, 0.0);
    rest.prolong(noon + 10s, defaults, 0.0);
    EXPECT_EQ(rest.why(3), " after 55% of 40 requests failed");
    rest.end(noon + 30s);
    rest.begin("", noon + 31s, defaults, 0.0);
    EXPECT_EQ(rest.why(5), " after 5 failures");
}

TEST(Ejection, WarmsUpFromATenthAfterItsEndOnly) {
    ejection rest;
    EXPECT_EQ(rest.slow_start(noon, defaults), 1.0);
    rest.end(noon);
    EXPECT_DOUBLE_EQ(rest.slow_start(noon, defaults), 0.10);
    EXPECT_DOUBLE_EQ(rest.slow_start(noon + 5s, defaults), 0.50);
    EXPECT_DOUBLE_EQ(rest.slow_start(noon + 10s, defaults), 1.0);
    ejection_settings off;
    off.slow_start = 0ms;
    EXPECT_EQ(rest.slow_start(noon, off), 1.0);
}

TEST(Ejection, HandsItsProbeToOneOfManyThreadsWhileRestsComeAndGo) {
    ejection rest;
    std::atomic<int> claimed{0}, at_once{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 5000; ++i) {
                    if (!rest.claim_probe()) continue;
                    EXPECT_EQ(at_once.fetch_add(1), 0);
                    ++claimed;
                    (void)rest.slow_start(noon, defaults);
                    at_once.fetch_sub(1);
                    rest.probe_ended();
                }
            });
        threads.emplace_back([&] {  // the one that holds the owner's mutex; end() would free the probe
            for (int i = 0; i < 5000; ++i) rest.prolong(noon + i * 1ms, defaults, 0.5);
        });
    }
    EXPECT_GT(claimed.load(), 0);
}

}  // namespace
