// The candidates of one route.
#include "policy/route.hpp"

#include <gtest/gtest.h>

namespace {

using weir::policy::route;

TEST(Route, RenamesForItsOwnPoolOnly) {
    const route r{"a", {{0, "", false}, {1, "", false}, {2, "other", true}}, weir::policy::renaming{{{"a", "a-2024"}}}};
    weir::policy::made_names made;
    EXPECT_EQ(r.at(0, "a", made).model, "a-2024");
    EXPECT_EQ(r.at(1, "a", made).model, "a");
    EXPECT_EQ(r.at(2, "a", made).model, "other");
    EXPECT_EQ(r.at(0, "b", made).model, "b");
    EXPECT_TRUE(r.at(2, "a", made).larger_context);
}

}  // namespace
