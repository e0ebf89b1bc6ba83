// Addresses as text and back.
#include "net/address.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

namespace {

using weir::net::parse_address;

std::string round_trip(std::string_view text) {
    const auto a = parse_address(text);
    return a ? weir::net::to_string(*a) : "none";
}

std::string host_of(std::string_view text) {
    const auto a = parse_address(text);
    char host[46];
    return a ? std::string{host, weir::net::write_host(*a, host)} : "none";
}

}  // namespace

TEST(Address, ComesBackAsTheSameText) {
    for (const auto* text : {"127.0.0.1:80", "0.0.0.0:0", "[::1]:8443", "[2001:db8::1]:65535", "unix:/run/weir.sock"})
        EXPECT_EQ(round_trip(text), text);
}

TEST(Address, KnowsAFewNamesThatNeedNoResolver) {
    EXPECT_EQ(round_trip("localhost:80"), "127.0.0.1:80");
    EXPECT_EQ(round_trip("*:80"), "0.0.0.0:80");
    EXPECT_EQ(round_trip(":80"), "0.0.0.0:80");
}

TEST(Address, RefusesWhatIsNoAddress) {
    for (const std::string text : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1: 80", "127.0.0.1:80 ",
                                   "example.com:80", "1.2.3:80", "[::1]", "[::g]:1", "unix:"})
        EXPECT_FALSE(parse_address(text)) << text;
    EXPECT_FALSE(parse_address("unix:/" + std::string(200, 'x')));
}

TEST(Address, ShowsAHostWithoutItsPort) {
    EXPECT_EQ(host_of("10.1.2.3:80"), "10.1.2.3");
    EXPECT_EQ(host_of("[2001:db8::1]:80"), "2001:db8::1");
    EXPECT_EQ(host_of("[::ffff:10.1.2.3]:80"), "10.1.2.3");  // a v4 client of a v6 listener
    EXPECT_EQ(host_of("unix:/x"), "unix");
}

TEST(Address, KnowsItsPortAndFamily) {
    EXPECT_EQ(weir::net::port_of(*parse_address("127.0.0.1:8080")), 8080);
    EXPECT_EQ(weir::net::port_of(*parse_address("[::1]:8081")), 8081);
    EXPECT_EQ(weir::net::port_of(*parse_address("unix:/x")), 0);
    EXPECT_EQ(weir::net::literal("::1", 5)->family(), AF_INET6);
    EXPECT_EQ(weir::net::literal("127.0.0.1", 5)->family(), AF_INET);
    EXPECT_FALSE(weir::net::literal("localhost", 5));
    EXPECT_FALSE(weir::net::literal("", 5));
}
