#include "config/suggest.hpp"

#include <gtest/gtest.h>

using weir::config::edit_distance;
using weir::config::nearest;

TEST(Suggest, CountsEditsAndSwaps) {
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("weight", "weight"), 0u);
    EXPECT_EQ(edit_distance("wieght", "weight"), 1u);
    EXPECT_EQ(edit_distance("retry", "retries"), 3u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Suggest, FindsWhatWasMeantAndOnlyThat) {
    const std::vector<std::string> keys = {"weight", "api_key", "max_requests", "first_byte", "tls"};
    EXPECT_EQ(nearest("wieght", keys), "weight");
    EXPECT_EQ(nearest("api-key", keys), "api_key");
    EXPECT_EQ(nearest("API_KEY", keys), "api_key");
    EXPECT_EQ(nearest("requests", keys), "max_requests");
    EXPECT_EQ(nearest("zzz", keys), "");
    EXPECT_EQ(nearest("x", {"a", "b"}), "") << "one letter is alike to any other";
    EXPECT_EQ(nearest("", keys), "");
    EXPECT_EQ(nearest(std::string(10'000, 'a'), keys), "");
}
