#include "core/clock.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace weir::core;

TEST(Clock, WritesHttpDatesAsTheRfcDoes) {
    char text[29];
    write_http_date(text, wall_time{std::chrono::seconds{784111777}});
    EXPECT_EQ(std::string(text, sizeof text), "Sun, 06 Nov 1994 08:49:37 GMT");
    write_http_date(text, wall_time{std::chrono::seconds{951782400}});
    EXPECT_EQ(std::string(text, sizeof text), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(Clock, TakesALimitOfZeroForNone) {
    const time_point now = clock::now();
    EXPECT_EQ(after(now, std::chrono::seconds{0}), never);
    EXPECT_EQ(after(now, std::chrono::milliseconds{5}), now + std::chrono::milliseconds{5});
}
