// PROXY headers: good ones under every slicing, and what must be refused.
#include "net/proxy_protocol.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace weir::net;
using state = proxy_header::state;

std::string v2(std::string_view after_signature) { return std::string{"\r\n\r\n\0\r\nQUIT\n", 12} + std::string{after_signature}; }

struct good {
    std::string bytes;
    std::string source;  ///< "": the connection's own
};

const good good_ones[] = {
    {"PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\r\n", "192.0.2.1:4711"},
    {"PROXY TCP6 2001:db8::1 ::1 65535 0\r\n", "[2001:db8::1]:65535"},
    {"PROXY UNKNOWN\r\n", ""},
    {"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", ""},
    {v2({"\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\2\x12\x67\1\xbb", 16}), "192.0.2.1:4711"},
    {v2({"\x21\x11\0\x0f\xc0\0\2\1\xc6\x33\x64\2\x12\x67\1\xbb\4\0\0", 19}), "192.0.2.1:4711"},  // with an extension
    {v2(std::string_view{"\x21\x21\0\x24\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\x50\1\xbb", 40}),
     "[2001:db8::1]:80"},
    {v2({"\x20\0\0\0", 4}), ""},      // LOCAL: the balancer's own check
    {v2({"\x21\x31\0\2xx", 6}), ""},  // a unix socket
};

TEST(ProxyProtocol, ReadsBothVersionsUnderEverySlicing) {
    for (const auto& [bytes, source] : good_ones) {
        SCOPED_TRACE(bytes);
        const std::string wire = bytes + "GET / HTTP/1.1\r\n";
        for (std::size_t n = 0; n < bytes.size(); ++n) ASSERT_EQ(read_proxy_header(std::string_view{wire}.substr(0, n)).is, state::need_more) << n;
        for (std::size_t n = bytes.size(); n <= wire.size(); ++n) {
            const auto got = read_proxy_header(std::string_view{wire}.substr(0, n));
            ASSERT_EQ(got.is, state::done) << n << " " << got.why;
            ASSERT_EQ(got.size, bytes.size());
            ASSERT_EQ(got.source ? to_string(*got.source) : "", source);
        }
    }
}

TEST(ProxyProtocol, RefusesWhatIsNoHeader) {
    for (const std::string& wrong : {
             std::string{"GET / HTTP/1.1\r\n"}, std::string{"PROXY TCP4 192.0.2.1 198.51.100.2 4711\r\n"},
             std::string{"PROXY TCP4 192.0.2.1 198.51.100.2 4711 443 1\r\n"}, std::string{"PROXY TCP4  192.0.2.1 198.51.100.2 4711 443\r\n"},
             std::string{"PROXY TCP4 ::1 ::1 1 1\r\n"}, std::string{"PROXY TCP6 192.0.2.1 198.51.100.2 4711 443\r\n"},
             std::string{"PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n"}, std::string{"PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n"},
             std::string{"PROXY TCP4 192.0.2.1 198.51.100.2 01 443\r\n"}, std::string{"PROXY UDP4 192.0.2.1 198.51.100.2 1 443\r\n"},
             "PROXY " + std::string(200, 'x'), v2({"\x11\x11\0\0", 4}),  // version 1 in a binary header
             v2({"\x22\x11\0\0", 4}),                                    // an unknown command
             v2({"\x21\x11\0\4\1\2\3\4", 8}),                            // no room for two addresses
             v2({"\x21\x11\xff\xff", 4}),                                // longer than any honest one
         }) {
        SCOPED_TRACE(wrong);
        const auto got = read_proxy_header(wrong);
        EXPECT_EQ(got.is, state::failed);
        EXPECT_FALSE(got.why.empty());
    }
}

TEST(ProxyProtocol, EndsTheWaitForALineEndAt107Bytes) {
    const std::string start = "PROXY UNKNOWN ";
    EXPECT_EQ(read_proxy_header(start + std::string(106 - start.size(), 'x')).is, state::need_more);
    EXPECT_EQ(read_proxy_header(start + std::string(105 - start.size(), 'x') + "\r\n").is, state::done);
    EXPECT_EQ(read_proxy_header(start + std::string(107 - start.size(), 'x')).is, state::failed);
}

}  // namespace
