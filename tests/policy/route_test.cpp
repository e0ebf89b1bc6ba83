// The candidates of one route.
#include "policy/route.hpp"

#include <gtest/gtest.h>

namespace {

using weir::policy::route;

TEST(Route, RenamesForItsOwnPoolOnly) {
    const route r{"a", {{0, "", false}, {1, "", false}, {2, "other", true}}, {{"a", "a-2024"}}};
    EXPECT_EQ(r.at(0, "a").model, "a-2024");
    EXPECT_EQ(r.at(1, "a").model, "a");
    EXPECT_EQ(r.at(2, "a").model, "other");
    EXPECT_EQ(r.at(0, "b").model, "b");
    EXPECT_TRUE(r.at(2, "a").larger_context);
}

}  // namespace
