// Where windows begin.
#include "policy/keys/window_calendar.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::wall_time;

TEST(WindowCalendar, BeginsAtMultiplesOfItsLengthSince1970) {
    const window_calendar day{24h};
    EXPECT_EQ(day.window_at(wall_time{}), 0);
    EXPECT_EQ(day.window_at(wall_time{24h - 1s}), 0);
    EXPECT_EQ(day.window_at(wall_time{24h}), 1);
    EXPECT_EQ(day.window_at(wall_time{-1s}), -1);
    EXPECT_EQ(day.window_at(wall_time{-24h}), -1);
    EXPECT_EQ(day.window_at(wall_time{-24h - 1s}), -2);
    EXPECT_EQ(day.begins(1), wall_time{24h});
    EXPECT_EQ(day.ends(1), wall_time{48h});
    const window_calendar forever{0s};
    EXPECT_EQ(forever.window_at(wall_time{24h * 9999}), 0);
    EXPECT_EQ(forever.ends(0), wall_time::max());
}

TEST(WindowCalendar, HasOneWindowWhereItIsNotToEndAndNoneLongerThanAHundredYears) {
    EXPECT_EQ(window_calendar{-1s}.window_at(wall_time{-1s}), 0);
    EXPECT_EQ(window_calendar{-1s}.begins(0), wall_time{});
    const window_calendar longest{std::chrono::seconds::max()};
    EXPECT_EQ(longest.every(), std::chrono::hours{24 * 365 * 100});
    EXPECT_EQ(longest.ends(0), wall_time{longest.every()});
}

}  // namespace
