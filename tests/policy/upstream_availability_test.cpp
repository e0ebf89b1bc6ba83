// Which of several reasons not to ask an upstream is told, and until when it holds.
#include "policy/upstreams/upstream_availability.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::time_point;

const ejection_settings defaults;
const time_point noon{12h};
constexpr std::uint64_t small = 3, large = 5;

TEST(UpstreamAvailability, TellsACheckBeforeARestARestBeforeASpentQuotaAndThatBeforeAPause) {
    upstream_availability of;
    EXPECT_EQ(of.standing_at(noon, small), standing::open);
    of.wait_until(noon + 5s, noon);
    EXPECT_EQ(of.standing_at(noon, small), standing::waiting);
    of.spent().rest(small, noon + 60s);
    EXPECT_EQ(of.standing_at(noon, small), standing::refused);
    EXPECT_EQ(of.standing_at(noon, large), standing::waiting);
    EXPECT_EQ(of.standing_at(noon), standing::waiting) << "no model is meant";
    of.rest().begin("", noon, defaults, 0.0);
    EXPECT_EQ(of.standing_at(noon, small), standing::ejected);
    EXPECT_EQ(of.set_verdict(health::down), health::unknown);
    EXPECT_EQ(of.standing_at(noon, small), standing::down);
    EXPECT_EQ(of.set_verdict(health::up), health::down);
    EXPECT_EQ(of.standing_at(noon, small), standing::ejected);
}

TEST(UpstreamAvailability, IsProbedOnceItsRestAndItsPauseAreOver) {
    upstream_availability of;
    of.rest().begin("", noon, defaults, 0.0);
    of.wait_until(noon + 12s, noon);
    EXPECT_FALSE(of.try_probe(noon + 10s)) << "it asked for more";
    EXPECT_EQ(of.standing_at(noon + 12s), standing::half_open);
    EXPECT_TRUE(of.ejected(noon + 12s));
    EXPECT_TRUE(of.try_probe(noon + 12s));
    EXPECT_EQ(of.standing_at(noon + 12s), standing::probing);
    EXPECT_FALSE(of.try_probe(noon + 12s));
    of.rest().end(noon + 13s);
    EXPECT_EQ(of.standing_at(noon + 13s), standing::open);
    EXPECT_FALSE(of.ejected(noon + 13s));
}

TEST(UpstreamAvailability, RestsUntilTheLastOfItsReasonsIsOver) {
    upstream_availability of;
    EXPECT_EQ(of.rests_until(), time_point::min());
    of.spent().rest(small, noon + 60s);
    EXPECT_EQ(of.rests_until(), time_point::min());
    EXPECT_EQ(of.rests_until(small, noon), noon + 60s);
    EXPECT_EQ(of.rests_until(large, noon), time_point::min());
    EXPECT_EQ(of.rests_until(small, noon + 60s), time_point::min());
    of.wait_until(noon + 5s, noon);
    of.rest().begin("", noon, defaults, 0.0);
    EXPECT_EQ(of.rests_until(), noon + 10s);
    of.wait_until(noon + 20s, noon);
    EXPECT_EQ(of.rests_until(), noon + 20s);
}

TEST(UpstreamAvailability, KeepsTheLongerOfTwoPausesAndKnowsWhichOneIsNew) {
    upstream_availability of;
    EXPECT_TRUE(of.wait_until(noon + 20s, noon));
    EXPECT_FALSE(of.wait_until(noon + 3s, noon));
    EXPECT_EQ(of.waits_until(), noon + 20s);
    EXPECT_FALSE(of.wait_until(noon + 30s, noon + 20s - 1ns));
    EXPECT_TRUE(of.wait_until(noon + 40s, noon + 30s));
}

TEST(SpentModels, GiveTheirPlaceToTheNextWhereTheyEndFirst) {
    spent_models of;
    for (std::uint64_t model = 1; model <= 16; ++model) of.rest(model, noon + std::chrono::seconds{model});
    EXPECT_TRUE(of.rests(1, noon));
    of.rest(17, noon + 60s);
    EXPECT_FALSE(of.rests(1, noon));
    EXPECT_EQ(of.until(2, noon), noon + 2s);
    EXPECT_EQ(of.until(17, noon), noon + 60s);
    of.forgive(17);
    EXPECT_FALSE(of.rests(17, noon));
    EXPECT_TRUE(of.any(noon));
    EXPECT_FALSE(of.any(noon + 60s));
}

TEST(SpentModels, AreToldByTheirNamesNoMoreThanSixteenAndShort) {
    spent_model_names of;
    EXPECT_EQ(of.in_words(noon), "");
    EXPECT_EQ(of.rest(1, std::string(200, 'x'), noon + 10s, noon), std::string(100, 'x'));
    of.rest(1, "m", noon + 280s, noon);
    EXPECT_EQ(of.in_words(noon), "; its quota for 'm' is spent, asked again in 280 s");
    for (std::uint64_t model = 2; model <= 17; ++model) of.rest(model, "n", noon + 5s, noon);
    EXPECT_EQ(of.in_words(noon).find("'m'"), std::string::npos);
    of.rest(18, "o", noon + 9s, noon + 5s);
    EXPECT_EQ(of.in_words(noon + 5s), "; its quota for 'o' is spent, asked again in 4 s");
    of.forgive(18);
    EXPECT_EQ(of.in_words(noon + 5s), "");
}

}  // namespace
