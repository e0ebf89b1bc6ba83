#include "dialect/read/reported_usage.hpp"

#include <gtest/gtest.h>

using namespace weir;
using namespace weir::dialect;

TEST(ReportedUsage, IsWhatTheLastReportSays) {
    reported_usage said;
    EXPECT_FALSE(said.has_report());
    EXPECT_TRUE(said.counts().empty());
    said.take(endpoint::chat_completions, {.prompt = 10, .completion = 5, .cached = 4});
    said.take(endpoint::chat_completions, {.prompt = 12, .completion = 6});
    EXPECT_TRUE(said.has_report());
    EXPECT_EQ(said.counts(), (usage::counts{.input = 12, .output = 6}));
    EXPECT_FALSE(said.beyond_tokens());
}

TEST(ReportedUsage, TakesBackNothingThatIsChargedBesideTokens) {
    reported_usage said;
    said.add_beyond_tokens();
    EXPECT_FALSE(said.has_report()) << "it says that more is charged, but not how many tokens";
    said.take(endpoint::messages, {.prompt = 1});
    EXPECT_TRUE(said.beyond_tokens());

    reported_usage reported;
    reported.take(endpoint::messages, {.prompt = 1, .beyond_tokens = true});
    reported.take(endpoint::messages, {.prompt = 2});
    EXPECT_TRUE(reported.beyond_tokens());
    EXPECT_EQ(reported.counts().input, 2);
}
