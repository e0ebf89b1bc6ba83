#include "config/address.hpp"

#include <gtest/gtest.h>

using namespace weir::config;

TEST(Address, AcceptsWhatCanBeListenedOn) {
    for (const char* good :
         {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:8080", "[::]:443", "localhost:80", "weir_1.internal:65535", "unix:/run/weir.sock"}) {
        SCOPED_TRACE(good);
        EXPECT_EQ(parse_listen_address(good).value, good);
    }
}

TEST(Address, RefusesTheRestWithWhatWasMeant) {
    const std::pair<std::string, const char*> rows[] = {{"8080", "127.0.0.1:8080"},
                                                        {":8080", "0.0.0.0:8080"},
                                                        {"*:80", "0.0.0.0:80"},
                                                        {"localhost", "localhost:8080"},
                                                        {"::1:8080", "[::1]:8080"},
                                                        {"http://a:80", "a:80"},
                                                        {"127.0.0.1:65536", ""},
                                                        {"127.0.0.1:", ""},
                                                        {"300.1.1.1:80", ""},
                                                        {"[127.0.0.1]:80", ""},
                                                        {"unix:weir.sock", ""},
                                                        {"unix:/" + std::string(200, 'a'), ""},
                                                        {"a b:80", ""},
                                                        {"127.0.0.1:080", ""},
                                                        {"..:80", ""},
                                                        {"127.1:80", ""}};
    for (const auto& [text, meant] : rows) {
        SCOPED_TRACE(text);
        EXPECT_FALSE(parse_listen_address(text).value);
        EXPECT_FALSE(parse_listen_address(text).problem.empty());
        EXPECT_EQ(parse_listen_address(text).suggestion, meant);
    }
}

TEST(Address, AcceptsBlocksOnlyAtTheirStart) {
    for (const char* good : {"10.0.0.0/8", "0.0.0.0/0", "192.168.1.7", "::1", "2001:db8::/32", "10.1.2.3/32"}) {
        SCOPED_TRACE(good);
        EXPECT_EQ(parse_client_block(good).value, good);
    }
    EXPECT_EQ(parse_client_block("10.1.0.0/8").suggestion, "10.0.0.0/8");
    EXPECT_EQ(parse_client_block("2001:db8::1/32").suggestion, "2001:db8::/32");
    for (const char* wrong : {"", "10.0.0.0/33", "10.0.0.0/", "::/129", "10.0.0", "host", "10.0.0.0/-1", "10.0.0.0/8/8"}) {
        SCOPED_TRACE(wrong);
        EXPECT_FALSE(parse_client_block(wrong).value);
    }
}
