// Memory that bodies take up together: it is counted before it is taken, and given back whatever happens.
#include "exchange/memory_share.hpp"

#include <gtest/gtest.h>

using weir::exchange::memory_share;
using weir::exchange::shared_memory;

TEST(MemoryShare, CountsWhatItGrowsByAndGivesItBackAtItsEnd) {
    std::atomic<std::size_t> total{0};
    weir::telemetry::gauge shown;
    const shared_memory all{total, shown, 100};
    {
        memory_share one, other;
        EXPECT_TRUE(one.grow_to(40, all));
        EXPECT_TRUE(one.grow_to(60, all));
        EXPECT_TRUE(one.grow_to(10, all)) << "it has that already";
        EXPECT_EQ(one.size(), 60U);
        EXPECT_FALSE(other.grow_to(41, all));
        EXPECT_EQ(other.size(), 0U);
        EXPECT_TRUE(other.grow_to(40, all)) << "what was refused was not counted";
        EXPECT_EQ(total, 100U);
        EXPECT_EQ(shown.read(), 100);
        one.release();
        one.release();
        EXPECT_EQ(total, 40U);
        EXPECT_TRUE(other.grow_to(100, all));
    }
    EXPECT_EQ(total, 0U);
    EXPECT_EQ(shown.read(), 0);
}
