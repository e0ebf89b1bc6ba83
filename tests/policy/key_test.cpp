// What a key allows by itself.
#include "policy/key.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;

TEST(Key, AllowsEverythingThatItDoesNotRestrict) {
    const key k{key_settings{}};
    EXPECT_TRUE(k.allows_model("anything"));
    EXPECT_TRUE(k.allows_model(""));
    EXPECT_TRUE(k.allows_address("unix"));
    EXPECT_FALSE(k.expired(weir::core::wall_time::max()));
    EXPECT_EQ(k.requests({}).limit, 0);
    EXPECT_EQ(k.tokens({}).limit, 0);
}

TEST(Key, AllowsNoModelOnlyWithAStar) {
    key_settings s;
    s.models = {"gpt-*"};
    EXPECT_FALSE(key{s}.allows_model(""));
    s.models.push_back("*");
    EXPECT_TRUE(key{s}.allows_model(""));
}

TEST(Key, KeepsTwoBudgetsOfOneLengthApartOverAReload) {
    key_settings s;
    s.budgets = {{100, 24h, "1d"}, {200, 24h, "1d"}};
    const key before{s};
    key after{s};
    after.carry_over(before);
    EXPECT_EQ(after.left(0, {}), 100);
    EXPECT_EQ(after.left(1, {}), 200);
}

}  // namespace
