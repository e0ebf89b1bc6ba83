// Addresses and blocks.
#include "policy/ip_block.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace weir::policy;

bool in(std::string_view block, std::string_view address) {
    const auto b = ip_block::parse(block);
    const auto a = ip_address::parse(address);
    EXPECT_TRUE(b.has_value()) << block;
    EXPECT_TRUE(a.has_value()) << address;
    return b && a && b->contains(*a);
}

TEST(IpBlock, EndsExactlyAtItsEdges) {
    EXPECT_TRUE(in("10.0.0.0/8", "10.0.0.0"));
    EXPECT_TRUE(in("10.0.0.0/8", "10.255.255.255"));
    EXPECT_FALSE(in("10.0.0.0/8", "11.0.0.0"));
    EXPECT_FALSE(in("10.0.0.0/8", "9.255.255.255"));
    EXPECT_TRUE(in("192.168.4.0/22", "192.168.7.255"));
    EXPECT_FALSE(in("192.168.4.0/22", "192.168.8.0"));
    EXPECT_TRUE(in("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(in("2001:db8::/33", "2001:db8:8000::"));
}

TEST(IpBlock, IsOneAddressWithoutAPrefixAndEverythingOfItsFamilyWithZero) {
    EXPECT_TRUE(in("::1", "::1"));
    EXPECT_FALSE(in("::1", "::2"));
    EXPECT_TRUE(in("127.0.0.1", "127.0.0.1"));
    EXPECT_FALSE(in("127.0.0.1", "127.0.0.2"));
    EXPECT_TRUE(in("0.0.0.0/0", "8.8.8.8"));
    EXPECT_TRUE(in("::/0", "2001:db8::1"));
    EXPECT_FALSE(in("::/0", "8.8.8.8"));
    EXPECT_FALSE(in("0.0.0.0/0", "::1"));
}

TEST(IpBlock, TakesMappedAddressesForWhatTheyAre) {
    EXPECT_TRUE(in("10.0.0.0/8", "::ffff:10.1.2.3"));
    EXPECT_FALSE(in("10.0.0.0/8", "::ffff:11.1.2.3"));
    EXPECT_TRUE(in("::ffff:10.0.0.0/104", "10.1.2.3"));
    EXPECT_FALSE(in("::/0", "::ffff:10.1.2.3"));
}

TEST(IpBlock, IgnoresHostBitsBracketsAndZones) {
    EXPECT_TRUE(in("10.1.2.3/8", "10.9.9.9"));
    EXPECT_TRUE(in("fe80::/10", "fe80::1%eth0"));
    EXPECT_TRUE(in("::1", "[::1]"));
}

TEST(IpBlock, RefusesWhatIsNoBlock) {
    for (const auto* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10/8", "10.0.0.256", "::1/129", "::1/ 1",
                             "localhost", "10.0.0.0 /8", "1.2.3", "::g"})
        EXPECT_FALSE(ip_block::parse(text).has_value()) << text;
    EXPECT_FALSE(ip_address::parse(std::string(1'000'000, '1')).has_value());
    EXPECT_FALSE(ip_address::parse(std::string_view{"1.2.3.4\0", 8}).has_value());
    EXPECT_FALSE(ip_address::parse("unix").has_value());
    EXPECT_FALSE(ip_address::parse("::%/:").has_value());
    EXPECT_FALSE(ip_address::parse("::1%").has_value());
}

}  // namespace
