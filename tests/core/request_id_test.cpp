// Identifiers in their standard shape, UUIDv7, and which ids of clients are kept.
#include "core/request_id.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace {

using namespace weir::core;

std::string uuid(std::uint64_t ms, std::uint64_t a, std::uint64_t b) {
    std::string s(38, '#');
    write_uuid7(s.data(), ms, a, b);
    EXPECT_EQ(s.substr(36), "##");
    return s.substr(0, 36);
}

constexpr auto all_ones = ~std::uint64_t{0};

}  // namespace

TEST(RequestId, HasTheShapeOfAUuid7) {
    // The example of RFC 9562 appendix A.6.
    EXPECT_EQ(uuid(0x017F22E279B0, 0xCC3u | (0x18C4u << 12), 0xDC0C0C07398F), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    for (const std::uint64_t random : {std::uint64_t{0}, std::uint64_t{0x123456789abcdef0}, all_ones}) {
        const auto id = uuid(1'700'000'000'000, random, random);
        EXPECT_EQ(id.find_first_not_of("0123456789abcdef-"), std::string::npos);
        for (const std::size_t dash : {8u, 13u, 18u, 23u}) EXPECT_EQ(id[dash], '-');
        EXPECT_EQ(id[14], '7');
        EXPECT_TRUE(id[19] == '8' || id[19] == '9' || id[19] == 'a' || id[19] == 'b') << id;
    }
}

TEST(RequestId, SortsByTime) {
    std::string before = uuid(0, all_ones, all_ones);
    for (const std::uint64_t ms : {1ull, 0xffffull, 0x10000ull, 0x1ffffull, 1'700'000'000'000ull, 1'700'000'000'001ull}) {
        const auto id = uuid(ms, 0, 0);
        EXPECT_LT(before, id);
        before = uuid(ms, all_ones, all_ones);
    }
}

TEST(RequestId, KeepsOnlyVisibleIdsOfClients) {
    EXPECT_TRUE(acceptable_request_id("req_123-x/~!"));
    EXPECT_TRUE(acceptable_request_id(std::string(128, 'x')));
    EXPECT_FALSE(acceptable_request_id(""));
    EXPECT_FALSE(acceptable_request_id(std::string(129, 'x')));
    for (const std::string bad : {"a b", "a\tb", "a\nb", "a\x7f", "\xc3\xa9"}) EXPECT_FALSE(acceptable_request_id(bad)) << bad;
}

TEST(FastRandom, GivesAnotherSeriesForAnotherSeedAndNeverSticks) {
    fast_random a{1}, b{2}, zero{0};
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(seen.insert(a()).second);
        EXPECT_TRUE(seen.insert(b()).second);
        EXPECT_TRUE(seen.insert(zero()).second);
    }
}

TEST(FastRandom, SpreadsEvenlyOverTheUnit) {
    fast_random random{42};
    int buckets[10] = {};
    for (int i = 0; i < 100'000; ++i) {
        const double x = random.unit();
        ASSERT_GE(x, 0.0);
        ASSERT_LT(x, 1.0);
        ++buckets[static_cast<int>(x * 10)];
    }
    for (const int n : buckets) EXPECT_NEAR(n, 10'000, 500);
}
