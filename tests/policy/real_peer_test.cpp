// X-Forwarded-For, where liars and proxies both write into it.
#include "policy/real_peer.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace weir::policy;

const std::vector<ip_block> trusted = {*ip_block::parse("10.0.0.0/8"), *ip_block::parse("fd00::/8")};

TEST(RealPeer, IsTheRightmostAddressThatIsNoTrustedProxy) {
    const std::string_view proxy = "10.0.0.1";
    EXPECT_EQ(real_peer("203.0.113.7", proxy, trusted), "203.0.113.7");
    EXPECT_EQ(real_peer("203.0.113.7, 10.1.1.1 ,\t10.2.2.2", proxy, trusted), "203.0.113.7");
    EXPECT_EQ(real_peer("127.0.0.1, 203.0.113.7, 10.1.1.1", proxy, trusted), "203.0.113.7") << "the first is anybody's claim";
    EXPECT_EQ(real_peer("10.9.9.9, 10.1.1.1", proxy, trusted), "10.9.9.9") << "all are trusted: the farthest";
    EXPECT_EQ(real_peer("[2001:db8::1]:4711, fd00::1", proxy, trusted), "2001:db8::1");
    EXPECT_EQ(real_peer("203.0.113.7:4711", proxy, trusted), "203.0.113.7");
    EXPECT_EQ(real_peer("::ffff:10.0.0.3", proxy, trusted), "::ffff:10.0.0.3");
}

TEST(RealPeer, StopsAtWhatIsNoAddress) {
    EXPECT_EQ(real_peer("", "10.0.0.1", trusted), "10.0.0.1");
    EXPECT_EQ(real_peer("203.0.113.7, unknown, 10.1.1.1", "10.0.0.1", trusted), "10.1.1.1");
    EXPECT_EQ(real_peer("203.0.113.7,", "10.0.0.1", trusted), "10.0.0.1");
    EXPECT_EQ(real_peer("_hidden", "10.0.0.1", trusted), "10.0.0.1");
}

TEST(RealPeer, TrustsNobodyWithoutBlocks) {
    EXPECT_FALSE(is_trusted("10.0.0.1", {}));
    EXPECT_TRUE(is_trusted("10.0.0.1", trusted));
    EXPECT_TRUE(is_trusted("::ffff:10.0.0.1", trusted));
    EXPECT_FALSE(is_trusted("unix", trusted));
}

}  // namespace
