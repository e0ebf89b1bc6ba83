#include "usage/money.hpp"

#include <gtest/gtest.h>

#include <limits>

using weir::usage::usd_string;

TEST(Money, IsWrittenWithoutTrailingZeros) {
    EXPECT_EQ(usd_string(0), "0");
    EXPECT_EQ(usd_string(1'500'000), "0.0015");
    EXPECT_EQ(usd_string(1), "0.000000001");
    EXPECT_EQ(usd_string(500'000'000), "0.5");
    EXPECT_EQ(usd_string(1'000'000'000), "1");
    EXPECT_EQ(usd_string(12'340'000'000), "12.34");
    EXPECT_EQ(usd_string(1'000'000'001), "1.000000001");
    EXPECT_EQ(usd_string(100'000'000'000), "100");
}

TEST(Money, KeepsItsSignAndItsEnds) {
    EXPECT_EQ(usd_string(-1'500'000), "-0.0015");
    EXPECT_EQ(usd_string(std::numeric_limits<std::int64_t>::max()), "9223372036.854775807");
    EXPECT_EQ(usd_string(std::numeric_limits<std::int64_t>::min()), "-9223372036.854775808");
}
