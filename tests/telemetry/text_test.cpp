// Exact decimals and valid UTF-8.
#include "telemetry/text.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

using namespace weir;

namespace {

std::string decimal(std::int64_t value, int decimals) {
    char out[32];
    return {out, telemetry::write_decimal(out, value, decimals)};
}

}  // namespace

TEST(Text, WritesDecimalsExactly) {
    EXPECT_EQ(decimal(0, 9), "0");
    EXPECT_EQ(decimal(1, 9), "0.000000001");
    EXPECT_EQ(decimal(1'500'000, 9), "0.0015");
    EXPECT_EQ(decimal(2'000'000'000, 9), "2");
    EXPECT_EQ(decimal(12'345'678'901'234, 9), "12345.678901234");
    EXPECT_EQ(decimal(-1'100'000'000, 9), "-1.1");
    EXPECT_EQ(decimal(std::numeric_limits<std::int64_t>::max(), 9), "9223372036.854775807");
    EXPECT_EQ(decimal(std::numeric_limits<std::int64_t>::min(), 9), "-9223372036.854775808");
    EXPECT_EQ(decimal(42, 0), "42");
    EXPECT_EQ(decimal(1'010'000, 6), "1.01");
}

TEST(Text, KnowsValidUtf8) {
    using telemetry::utf8_length;
    EXPECT_EQ(utf8_length(""), 0u);
    EXPECT_EQ(utf8_length("a"), 1u);
    EXPECT_EQ(utf8_length("\xc3\xa9x"), 2u);
    EXPECT_EQ(utf8_length("\xe4\xbd\xa0"), 3u);
    EXPECT_EQ(utf8_length("\xf0\x9f\x98\x80"), 4u);
    for (const char* bad : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x80\xaf", "\xed\xa0\x80", "\xe4\xbd", "\xf0\x80\x80\xaf",
                            "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"})
        EXPECT_EQ(utf8_length(bad), 0u) << bad;
}
