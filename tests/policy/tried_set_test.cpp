// Remembering what was tried, below and above 64.
#include "policy/upstreams/tried_set.hpp"

#include <gtest/gtest.h>

namespace {

TEST(TriedSet, RemembersEveryIndexAlsoBeyondItsMask) {
    weir::policy::tried_set tried;
    EXPECT_TRUE(tried.empty());
    for (const std::size_t i : {0U, 63U, 64U, 1000U}) {
        EXPECT_FALSE(tried.contains(i));
        tried.add(i);
        tried.add(i);
        EXPECT_TRUE(tried.contains(i));
    }
    EXPECT_FALSE(tried.contains(1));
    EXPECT_FALSE(tried.contains(65));
    tried.clear();
    EXPECT_TRUE(tried.empty());
    EXPECT_FALSE(tried.contains(1000));
}

}  // namespace
