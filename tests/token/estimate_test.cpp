// The documented arithmetic of the estimates.
#include "token/estimate.hpp"

#include <gtest/gtest.h>

namespace weir::token {
namespace {

TEST(Estimate, FollowsTheDocumentedFrameOfAChat) {
    EXPECT_EQ(estimate_chat_overhead(1, 0), 6);
    EXPECT_EQ(estimate_chat_overhead(2, 0), 9);
    EXPECT_EQ(estimate_chat_overhead(6, 4), 25);
}

TEST(Estimate, NeverCallsSomethingNothing) {
    EXPECT_EQ(estimate_tokens(0), 0);
    EXPECT_EQ(estimate_tokens(1), 1);
    EXPECT_EQ(estimate_tokens(4), 1);
    EXPECT_EQ(estimate_tokens(5), 2);
    EXPECT_EQ(estimate_tokens(400'000), 100'000);
}

}  // namespace
}  // namespace weir::token
