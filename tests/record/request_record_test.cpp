// The names of failures, as metrics and logs show them.
#include "record/request_record.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

using weir::record::failure;
using weir::record::name_of;

TEST(Record, NamesEveryFailureOnce) {
    std::set<std::string_view> names;
    for (int f = 1; f <= static_cast<int>(failure::invalid); ++f) {
        const auto name = name_of(static_cast<failure>(f));
        EXPECT_FALSE(name.empty()) << f;
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos) << name;
    }
    EXPECT_EQ(name_of(failure::none), "");
}

TEST(Record, NamesATimeoutAfterThePhaseOfTheContract) {
    EXPECT_EQ(name_of(failure::timeout_connect), "timeout_connect");
    EXPECT_EQ(name_of(failure::timeout_first_byte), "timeout_first_byte");
    EXPECT_EQ(name_of(failure::timeout_first_token), "timeout_first_token");
    EXPECT_EQ(name_of(failure::timeout_idle), "timeout_idle");
    EXPECT_EQ(name_of(failure::timeout_total), "timeout_total");
}

TEST(Record, StartsAsARequestOfWhichNothingIsKnown) {
    const weir::record::request_record r;
    EXPECT_EQ(r.attempt_count, 0);
    EXPECT_EQ(r.first_token_ms, -1);
    EXPECT_EQ(r.first_token_us, -1);
    EXPECT_TRUE(r.priced);
    EXPECT_FALSE(r.has_usage);
    EXPECT_EQ(r.cost, 0);
    EXPECT_EQ(r.attempts[0].status, 0);
}

TEST(Record, KeepsEveryAttemptAndCopiesThem) {
    weir::record::request_record r;
    for (std::size_t i = 0; i < weir::record::max_attempts_recorded; ++i) r.attempts[i].status = 500 + static_cast<int>(i);
    const weir::record::request_record copy = r;
    for (std::size_t i = 0; i < weir::record::max_attempts_recorded; ++i) EXPECT_EQ(copy.attempts[i].status, 500 + static_cast<int>(i));
}
