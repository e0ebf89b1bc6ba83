#include "config/units.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir::config;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

}  // namespace

TEST(Units, ReadSizesExactly) {
    const std::pair<const char*, std::uint64_t> rows[] = {
        {"1", 1},  {"512KiB", 512 * 1024}, {"64MiB", 64ull << 20}, {"1GiB", 1ull << 30}, {"1KB", 1000}, {"2MB", 2'000'000}, {"1.5KiB", 1536},
        {"3B", 3}, {"0.5GB", 500'000'000}};
    for (const auto& [text, bytes] : rows) {
        SCOPED_TRACE(text);
        ASSERT_TRUE(parse_size(text).value);
        EXPECT_EQ(*parse_size(text).value, bytes);
    }
}

TEST(Units, RefuseWrongSizesWithWhatWasMeant) {
    const std::pair<const char*, const char*> rows[] = {
        {"64M", "64MiB"}, {"64mib", "64MiB"}, {"64 MiB", "64MiB"}, {"1g", "1GiB"},    {"12x", ""},
        {"MiB", ""},      {"", ""},           {"-1KiB", ""},       {"1.0001KiB", ""}, {"99999999999GiB", ""}};
    for (const auto& [text, meant] : rows) {
        SCOPED_TRACE(text);
        EXPECT_FALSE(parse_size(text).value);
        EXPECT_FALSE(parse_size(text).problem.empty());
        EXPECT_EQ(parse_size(text).suggestion, meant);
    }
}

TEST(Units, ReadDurationsDownToTheMillisecond) {
    const std::pair<const char*, milliseconds> rows[] = {{"250ms", 250ms}, {"10s", 10s},      {"1.5s", 1500ms}, {"0.001s", 1ms}, {"15m", 15min},
                                                         {"1h", 1h},       {"30d", 30 * 24h}, {"0", 0ms},       {"0s", 0ms}};
    for (const auto& [text, time] : rows) {
        SCOPED_TRACE(text);
        ASSERT_TRUE(parse_duration(text).value);
        EXPECT_EQ(*parse_duration(text).value, time);
    }
}

TEST(Units, RefuseWrongDurationsWithWhatWasMeant) {
    const std::pair<const char*, const char*> rows[] = {{"10", "10s"},   {"10 s", "10s"}, {"10S", "10s"},   {"5 minutes", "5m"}, {"5sec", "5s"},
                                                        {"1w", "7d"},    {"1mo", "30d"},  {"month", "30d"}, {"never", "36500d"}, {"1q", ""},
                                                        {"0.0001s", ""}, {"-5s", ""},     {"s", ""},        {"1h30m", ""},       {"99999d", ""}};
    for (const auto& [text, meant] : rows) {
        SCOPED_TRACE(text);
        EXPECT_FALSE(parse_duration(text).value);
        EXPECT_EQ(parse_duration(text).suggestion, meant);
    }
}

TEST(Units, ReadDecimalsWithoutEverRounding) {
    EXPECT_EQ(parse_decimal("2.50", 6).value, 2'500'000);
    EXPECT_EQ(parse_decimal("0.1", 9).value, 100'000'000);
    EXPECT_EQ(parse_decimal("0.30000000000", 9).value, 300'000'000) << "zeros at the end add nothing";
    EXPECT_EQ(parse_decimal("9223372036.854775807", 9).problem, "is not a decimal number like 2.50") << "19 digits";
    EXPECT_EQ(parse_decimal("1000000000.000000001", 9).problem, "is not a decimal number like 2.50");
    EXPECT_EQ(parse_decimal("99999999999", 9).problem, "is too large");
    EXPECT_EQ(parse_decimal("0.0000001", 6).problem, "has more than 6 digits behind the point");
    for (const char* wrong : {"", ".", "1.", ".5", "1e3", "1,5", "$5", "-1", "nan", "05", "0x1"}) {
        SCOPED_TRACE(wrong);
        EXPECT_FALSE(parse_decimal(wrong, 6).value);
    }
}

TEST(Units, ReadWholeNumbersWithoutOctalSurprises) {
    EXPECT_EQ(parse_integer("0", 0, 9).value, 0);
    EXPECT_EQ(parse_integer("600", 1, 1000).value, 600);
    EXPECT_EQ(parse_integer("010", 0, 99).suggestion, "10");
    EXPECT_EQ(parse_integer("0", 1, 9).problem, "must be at least 1");
    EXPECT_EQ(parse_integer("-3", 0, 9).problem, "must not be negative");
    EXPECT_EQ(parse_integer("10", 0, 9).problem, "is out of range (0 to 9)");
    for (const char* wrong : {"", "-", "1.0", "1_000", "0x10", "ten", "1 ", "99999999999999999999"}) {
        SCOPED_TRACE(wrong);
        EXPECT_FALSE(parse_integer(wrong, 0, 1'000'000).value);
    }
}

TEST(Units, ReadPercentFlagsAndStatuses) {
    EXPECT_EQ(parse_percent("50%").value, 50);
    EXPECT_EQ(parse_percent("0%").value, 0);
    EXPECT_EQ(parse_percent("50").suggestion, "50%");
    EXPECT_FALSE(parse_percent("101%").value);
    for (const char* yes : {"true", "on", "yes", "True", "ON"}) EXPECT_EQ(parse_flag(yes).value, true) << yes;
    for (const char* no : {"false", "off", "no", "FALSE"}) EXPECT_EQ(parse_flag(no).value, false) << no;
    EXPECT_FALSE(parse_flag("1").value);
    EXPECT_EQ(parse_statuses("520-524").value, (std::pair<int, int>{520, 524}));
    EXPECT_EQ(parse_statuses("429").value, (std::pair<int, int>{429, 429}));
    EXPECT_EQ(parse_statuses("524-520").suggestion, "520-524");
    for (const char* wrong : {"99", "600", "5xx", "500-", "-500", "500-501-502", ""}) EXPECT_FALSE(parse_statuses(wrong).value) << wrong;
}

TEST(Units, ReadDatesInUtc) {
    using namespace std::chrono;
    EXPECT_EQ(parse_time("2027-01-01").value, sys_days{2027y / January / 1});
    EXPECT_EQ(parse_time("2027-01-01T12:30:05Z").value, sys_days{2027y / January / 1} + 12h + 30min + 5s);
    EXPECT_EQ(parse_time("2027-01-01T00:00:00+08:00").value, sys_days{2026y / December / 31} + 16h);
    EXPECT_EQ(parse_time("2027-01-01 00:00:00-05:30").value, sys_days{2027y / January / 1} + 5h + 30min);
    EXPECT_EQ(parse_time("2028-02-29").value, sys_days{2028y / February / 29});
    for (const char* wrong : {"", "2027", "2027-1-1", "2027-02-29", "2027-13-01", "01.01.2027", "2027-01-01T12:00", "2027-01-01T25:00:00Z",
                              "2027-01-01T12:00:00", "2027-01-01T12:00:00+8", "9999-01-01", "2027-01-01X"}) {
        SCOPED_TRACE(wrong);
        EXPECT_FALSE(parse_time(wrong).value);
        EXPECT_FALSE(parse_time(wrong).problem.empty());
    }
}
