// Who is ended hears the first word, and has two seconds for its own last ones.
#include "exchange/stop_order.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using weir::core::code;
using weir::exchange::stop_order;

TEST(StopOrder, IsGivenOnce) {
    const weir::core::time_point noon{12h};
    stop_order order;
    EXPECT_FALSE(order.given());
    EXPECT_EQ(order.last_words_by(), weir::core::never);
    EXPECT_TRUE(order.give(code::ended_by_operator, noon));
    EXPECT_FALSE(order.give(code::shutdown, noon + 1s));
    EXPECT_EQ(order.why(), code::ended_by_operator);
    EXPECT_EQ(order.last_words_by(), noon + 2s);
    EXPECT_EQ(order.error().what, code::ended_by_operator);
}

TEST(StopOrder, OfAShutdownSaysWhenToComeBack) {
    stop_order order;
    EXPECT_TRUE(order.give(code::shutdown, {}));
    EXPECT_EQ(order.error().what, code::shutdown);
    EXPECT_GT(order.error().retry_after_s, 0);
}
