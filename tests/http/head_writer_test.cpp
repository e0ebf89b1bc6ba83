// Heads as bytes: what is written is what a strict parser reads again.
#include "http/head_writer.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace {

using namespace weir::http;

std::string hex(std::uint64_t n) {
    char digits[16];
    return {digits, write_hex(digits, n)};
}

}  // namespace

TEST(HeadWriter, WritesARequestThatParsesAsItself) {
    std::string bytes = "left over from the last head";
    head_writer w{bytes};
    w.request_line("POST", "/v1/chat/completions", "a=b&c");
    w.add("Host", "api.example.com:8443");
    w.add("Content-Length", std::uint64_t{18446744073709551615u} / 2);
    w.add("X-Empty", "");
    w.end();
    EXPECT_EQ(bytes,
              "POST /v1/chat/completions?a=b&c HTTP/1.1\r\nHost: api.example.com:8443\r\nContent-Length: "
              "9223372036854775807\r\n"
              "X-Empty: \r\n\r\n");
    request_head head;
    const auto r = parse_request_head(w.bytes(), 4096, head);
    ASSERT_EQ(r.state, parse_state::done) << r.why;
    EXPECT_EQ(r.consumed, bytes.size());
    EXPECT_EQ(head.path, "/v1/chat/completions");
    EXPECT_EQ(head.query, "a=b&c");
    EXPECT_EQ(head.host, "api.example.com:8443");
    EXPECT_EQ(head.content_length, 9223372036854775807u);
}

TEST(HeadWriter, WritesAnswersWithTheUpstreamsPhraseOrTheUsualOne) {
    std::string bytes;
    head_writer w{bytes};
    w.status_line(200, "Fine");
    w.status_line(404, "");
    w.status_line(599, "");
    EXPECT_EQ(bytes, "HTTP/1.1 200 Fine\r\nHTTP/1.1 404 Not Found\r\nHTTP/1.1 599 Status\r\n");
}

TEST(HeadWriter, KnowsThePhraseOfEveryStatusThatWeirItselfSends) {
    for (int c = 1; c <= static_cast<int>(weir::core::code::internal); ++c) {
        const auto code = static_cast<weir::core::code>(c);
        if (code == weir::core::code::client_closed) continue;  // 499 goes to logs only
        EXPECT_NE(reason_of(weir::core::status_of(code)), "Status") << weir::core::name_of(code);
    }
}

TEST(HeadWriter, WritesEveryChunkSize) {
    EXPECT_EQ(hex(0), "0");
    EXPECT_EQ(hex(10), "a");
    EXPECT_EQ(hex(0x1f40), "1f40");
    EXPECT_EQ(hex(std::numeric_limits<std::uint64_t>::max()), "ffffffffffffffff");
}

TEST(HeadWriter, FindsWhatConnectionNames) {
    EXPECT_TRUE(named_by_connection("close, X-Foo", "x-foo"));
    EXPECT_TRUE(named_by_connection("X-Foo", "X-Foo"));
    EXPECT_FALSE(named_by_connection("X-Foo", "X-Fo"));
    EXPECT_FALSE(named_by_connection("", ""));
    EXPECT_FALSE(named_by_connection("close", "X-Foo"));
}
