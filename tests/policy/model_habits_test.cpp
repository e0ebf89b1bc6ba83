// Learning from reports, with liars and accidents among them.
#include "policy/model_habits.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace {

using weir::policy::expected_output;
using weir::policy::model_habits;

constexpr auto one = model_habits::one;

TEST(ModelHabits, AreTheUsualOnesUntilEnoughWasSeen) {
    model_habits m;
    EXPECT_EQ(m.output_tokens(1000), 1000);
    EXPECT_EQ(m.input_tokens(4000), 1000);
    EXPECT_EQ(m.typical_output(), 1024);
    for (int i = 0; i < 7; ++i) m.saw_output(1200, 1000), m.saw_answer(50), m.saw_input(500, 1000);
    EXPECT_EQ(m.output_tokens(1000), 1000);
    m.saw_output(1200, 1000), m.saw_answer(50), m.saw_input(500, 1000);
    EXPECT_EQ(m.output_tokens(1000), 1200);
    EXPECT_EQ(m.typical_output(), 50);
    EXPECT_EQ(m.input_tokens(1000), 500);
}

TEST(ModelHabits, FollowTheMiddleOfNoisySamples) {
    model_habits m;
    std::mt19937 random{7};
    std::normal_distribution<double> around{1.15, 0.05};
    for (int i = 0; i < 500; ++i) m.saw_output(static_cast<std::int64_t>(around(random) * 1000), 1000);
    EXPECT_NEAR(static_cast<double>(m.output_factor.value()) / one, 1.15, 0.03);
}

TEST(ModelHabits, AreHardlyMovedByOneWildReport) {
    model_habits m;
    for (int i = 0; i < 200; ++i) m.saw_output(1100, 1000);
    m.saw_output(1'000'000'000, 1000);
    EXPECT_LT(m.output_tokens(1000), 1140);
    m.saw_output(1, 1000);
    EXPECT_GT(m.output_tokens(1000), 1060);
}

TEST(ModelHabits, StayWithinTheirBounds) {
    model_habits m;
    for (int i = 0; i < 5000; ++i) m.saw_output(1'000'000, 100), m.saw_input(1'000'000, 1), m.saw_answer(1'000'000'000);
    EXPECT_EQ(m.output_tokens(100), 200);
    EXPECT_EQ(m.input_tokens(100), 100);
    EXPECT_EQ(m.typical_output(), 1'000'000);
    for (int i = 0; i < 5000; ++i) m.saw_output(1, 1000);
    EXPECT_EQ(m.output_tokens(100), 50);
}

TEST(ModelHabits, IgnoreWhatSaysNothing) {
    model_habits m;
    for (int i = 0; i < 100; ++i) m.saw_output(3, 2), m.saw_output(0, 1000), m.saw_answer(0), m.saw_input(0, 5), m.saw_input(5, 0);
    EXPECT_EQ(m.output_factor.samples() + m.answer_tokens.samples() + m.tokens_per_byte.samples(), 0);
}

TEST(ModelHabits, GoOnFromWhatWasKept) {
    model_habits before, after;
    for (int i = 0; i < 40; ++i) before.saw_output(1300, 1000);
    after.output_factor.restore(before.output_factor.value(), before.output_factor.samples(), model_habits::factor_bounds);
    EXPECT_EQ(after.output_tokens(1000), before.output_tokens(1000));
    after.output_factor.restore(999 * one, 50, model_habits::factor_bounds);
    EXPECT_EQ(after.output_tokens(1000), 2000) << "a damaged database teaches no nonsense";
}

}  // namespace

TEST(ExpectedOutput, IsTheLimitOfEachChoice) {
    EXPECT_EQ(expected_output(100, 0, 1), 100);
    EXPECT_EQ(expected_output(100, 0, 3), 300);
    EXPECT_EQ(expected_output(100, 40, 3), 120) << "a key's cap is written into the request, where it holds for each choice";
    EXPECT_EQ(expected_output(100, 400, 3), 300);
}

TEST(ExpectedOutput, IsNeverNegativeWhateverAClientAsksFor) {
    constexpr auto huge = std::numeric_limits<std::int64_t>::max();
    for (const int choices : {1, 2, 3, std::numeric_limits<int>::max()}) {
        EXPECT_EQ(expected_output(huge, 0, choices), 1'000'000'000'000);
        EXPECT_EQ(expected_output(huge / 2 + 1, 0, choices), 1'000'000'000'000);
    }
    EXPECT_EQ(expected_output(1, 0, std::numeric_limits<int>::max()), 1'000'000);
    EXPECT_EQ(expected_output(-5, 0, 2), 0);
    EXPECT_EQ(expected_output(5, 0, 0), 5);
}

// Twenty megabytes of sound are some ten thousand tokens, not five million.
TEST(ModelHabits, CountBytesOfFilesApartAndLearnThem) {
    model_habits seen;
    EXPECT_EQ(seen.input_tokens(4000, 0), 1000);
    EXPECT_EQ(seen.input_tokens(4000 + 25'600, 25'600), 1000 + 99);
    EXPECT_LT(seen.input_tokens(20'000'000, 19'999'000), 100'000);
    EXPECT_GE(seen.input_tokens(10, 20), 0);
    for (int i = 0; i < 100; ++i) seen.saw_media(1000 + 250 + 12'500, 1'000'000 + 5000, 1'000'000);
    EXPECT_NEAR(static_cast<double>(seen.media_tokens(1'000'000)), 12'500, 200);
    EXPECT_EQ(seen.input_tokens(4000, 0), 1000) << "texts are another matter";
    for (int i = 0; i < 100; ++i) seen.saw_media(1'000'000'000, 2000, 1000);
    EXPECT_LE(seen.media_tokens(1000), 250);
}

TEST(ModelHabits, LearnHowMuchIsReasonedOutOfSight) {
    model_habits seen;
    EXPECT_EQ(seen.typical_reasoning(), 0);
    for (int i = 0; i < 20; ++i) seen.saw_reasoning(0);
    EXPECT_EQ(seen.typical_reasoning(), 0);
    for (int i = 0; i < 400; ++i) seen.saw_reasoning(500);
    EXPECT_NEAR(static_cast<double>(seen.typical_reasoning()), 500, 40) << "also after it began to";
}
