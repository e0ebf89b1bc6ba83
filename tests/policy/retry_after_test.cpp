// Retry-After in every form that upstreams send.
#include "policy/upstreams/retry_after.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::wall_time;

// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110
const wall_time example{784111777s};

TEST(RetryAfter, ReadsSecondsWholeAndBroken) {
    EXPECT_EQ(retry_after("0", "", example), 0ms);
    EXPECT_EQ(retry_after(" 20 ", "", example), 20s);
    EXPECT_EQ(retry_after("1.5", "", example), 1500ms);
    EXPECT_EQ(retry_after("0.0019", "", example), 1ms);
    EXPECT_EQ(retry_after(".5", "", example), 500ms);
}

TEST(RetryAfter, PrefersMillisecondsWhenTheyCanBeRead) {
    EXPECT_EQ(retry_after("20", "1500", example), 1500ms);
    EXPECT_EQ(retry_after("20", "12.3", example), 13ms);
    EXPECT_EQ(retry_after("20", "soon", example), 20s);
}

TEST(RetryAfter, ReadsAllThreeFormsOfADate) {
    for (const auto* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
        EXPECT_EQ(http_date(text, example), example) << text;
        EXPECT_EQ(retry_after(text, "", example - 30s), 30s) << text;
        EXPECT_EQ(retry_after(text, "", example + 30s), 0ms) << text;
    }
    EXPECT_EQ(http_date("Sun Nov 16 08:49:37 1994", example), example + 240h);
}

TEST(RetryAfter, TakesATwoDigitYearFiftyYearsAheadForThePast) {
    const wall_time y2026{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
    const wall_time y1994{std::chrono::sys_days{std::chrono::year{1994} / 11 / 6}};
    const wall_time y2030{std::chrono::sys_days{std::chrono::year{2030} / 11 / 6}};
    EXPECT_EQ(http_date("Sunday, 06-Nov-94 00:00:00 GMT", y2026), y1994);
    EXPECT_EQ(http_date("Wednesday, 06-Nov-30 00:00:00 GMT", y2026), y2030);
}

TEST(RetryAfter, IsCutAtADay) {
    EXPECT_EQ(retry_after("999999999999999999999999", "", example), 24h);
    EXPECT_EQ(retry_after("Sun, 06 Nov 2094 08:49:37 GMT", "", example), 24h);
    EXPECT_EQ(retry_after("", "99999999999999999999.999", example), 24h);
}

TEST(RetryAfter, ReadsNothingIntoNonsense) {
    for (const auto* text : {"", " ", "-1", "+5", "1e3", "5s", "1..2", ".", "tomorrow", "Sun, 06 Nov 1994", "0x10", "Sun, 31 Feb 2027 08:49:37 GMT",
                             "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ."})
        EXPECT_EQ(retry_after(text, "", example), std::nullopt) << text;
}

TEST(RetryAfter, ReadsNoPrefixOfADateAsADate) {
    const std::string_view whole = "Sunday, 06-Nov-94 08:49:37 GMT";
    for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(http_date(whole.substr(0, n), example), std::nullopt) << n;
}

}  // namespace
