// The strict head parser, rule by rule (RFC 9112, RFC 9110). Whole vectors are in vectors_test.cpp.
#include "http/head.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/chars.hpp"

namespace {

using namespace weir::http;
using weir::core::code;

constexpr std::size_t limit = 32 * 1024;

struct parsed_request {
    std::string bytes;  // what the head's views point into
    parse_result result;
    request_head head;
};

std::unique_ptr<parsed_request> request(std::string bytes, std::size_t bound = limit) {
    auto p = std::make_unique<parsed_request>();
    p->bytes = std::move(bytes);
    p->result = parse_request_head(p->bytes, bound, p->head);
    return p;
}

struct parsed_answer {
    std::string bytes;
    parse_result result;
    response_head head;
};

std::unique_ptr<parsed_answer> answer(std::string bytes, bool to_head = false, std::size_t bound = limit) {
    auto p = std::make_unique<parsed_answer>();
    p->bytes = std::move(bytes);
    p->result = parse_response_head(p->bytes, bound, to_head, p->head);
    return p;
}

// A GET with these field lines (each with its CRLF) besides Host.
auto with_fields(const std::string& fields) { return request("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"); }

void expect_refused(const std::string& bytes, code expected = code::bad_request) {
    const auto p = request(bytes);
    EXPECT_EQ(p->result.state, parse_state::failed) << bytes.substr(0, 80);
    EXPECT_EQ(p->result.code, expected) << bytes.substr(0, 80);
    EXPECT_FALSE(p->result.why.empty());
}

void expect_invalid_answer(const std::string& bytes) {
    const auto p = answer(bytes);
    EXPECT_EQ(p->result.state, parse_state::failed) << bytes.substr(0, 80);
    EXPECT_EQ(p->result.code, code::upstream_invalid_response) << bytes.substr(0, 80);
}

TEST(Chars, FindsTheEndOfANameAtEveryPlace) {
    for (std::size_t size = 0; size <= 40; ++size)
        for (std::size_t at = 0; at < size; ++at)
            for (int x = 0; x < 256; ++x) {
                std::string s(size, 'a');
                for (std::size_t i = 0; i < size; ++i) s[i] = "aZ9-_~!q"[i % 8];
                s[at] = static_cast<char>(x);
                const char* const end = s.data() + s.size();
                const char* const expected = is(s[at], tchar) ? end : s.data() + at;
                ASSERT_EQ(find_name_end(s.data(), end), expected) << size << ' ' << at << ' ' << x;
            }
}

}  // namespace

TEST(RequestHead, GivesSpansIntoTheBytes) {
    const auto p = request("POST /v1/x?y=1 HTTP/1.1\r\nHost: a:80\r\nContent-Length: 3\r\nX-One:  two words \t\r\n\r\nabc");
    ASSERT_EQ(p->result.state, parse_state::done) << p->result.why;
    EXPECT_EQ(p->result.consumed, p->bytes.size() - 3);
    EXPECT_EQ(p->head.method, "POST");
    EXPECT_EQ(p->head.target, "/v1/x?y=1");
    EXPECT_EQ(p->head.path, "/v1/x");
    EXPECT_EQ(p->head.query, "y=1");
    EXPECT_EQ(p->head.host, "a:80");
    EXPECT_EQ(p->head.body, framing::length);
    EXPECT_EQ(p->head.content_length, 3u);
    EXPECT_TRUE(p->head.keep_alive);
    EXPECT_EQ(p->head.fields.value_of("x-one"), "two words");
    EXPECT_GE(p->head.method.data(), p->bytes.data());
}

TEST(RequestHead, AsksForMoreUntilTheBlankLineIsThere) {
    const std::string bytes = "\r\nGET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
    for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_EQ(request(bytes.substr(0, n))->result.state, parse_state::need_more) << n;
    EXPECT_EQ(request(bytes)->result.consumed, bytes.size());
}

TEST(RequestHead, IgnoresOneEmptyLineBeforeTheRequestLine) {
    EXPECT_EQ(request("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")->result.state, parse_state::done);
    expect_refused("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_refused("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_refused("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestHead, RefusesBareLineFeedsAndCarriageReturns) {
    expect_refused("GET / HTTP/1.1\nHost: a\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\n\r\n");
    expect_refused("GET / HTTP/1.1\rHost: a\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\n\rX");
}

TEST(RequestHead, RefusesEveryControlCharacterInAValueAndKeepsOtherBytes) {
    for (int c = 0; c < 256; ++c) {
        // At offsets on both sides of the 16 bytes that are looked at together.
        for (const std::size_t before : {0u, 3u, 15u, 16u, 33u}) {
            const std::string value = std::string(before, 'v') + static_cast<char>(c) + "v";
            const auto p = with_fields("X: " + value + "\r\n");
            const bool control = (c < 0x20 && c != '\t') || c == 0x7f;
            ASSERT_EQ(p->result.state, control ? parse_state::failed : parse_state::done) << c << " after " << before;
            const auto kept = c == ' ' || c == '\t' ? (before == 0 ? std::string{"v"} : value) : value;
            if (!control) {
                ASSERT_EQ(p->head.fields.value_of("x"), kept);
            }
        }
    }
}

TEST(RequestHead, TakesOnlyTokensAsNamesAndMethods) {
    for (int c = 0; c < 256; ++c) {
        const std::string letter(1, static_cast<char>(c));
        const bool token =
            c < 128 && (std::isalnum(c) || (c != 0 && std::string_view{"!#$%&'*+-.^_`|~"}.find(static_cast<char>(c)) != std::string_view::npos));
        EXPECT_EQ(with_fields("a" + letter + "b: x\r\n")->result.state == parse_state::done, token || c == ':') << c;
        EXPECT_EQ(request("G" + letter + "T / HTTP/1.1\r\nHost: a\r\n\r\n")->result.state == parse_state::done, token) << c;
    }
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nX\t: y\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n");
    expect_refused(std::string(33, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestHead, RefusesFoldedLines) {
    expect_refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\ty\r\n\r\n");
}

TEST(RequestHead, WantsSingleSpacesInTheRequestLine) {
    for (const auto* line :
         {"GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1", "GET /", "GET", "GET /a b HTTP/1.1"})
        expect_refused(std::string{line} + "\r\nHost: a\r\n\r\n");
}

TEST(RequestHead, SpeaksTwoVersions) {
    EXPECT_EQ(request("GET / HTTP/1.0\r\n\r\n")->head.minor_version, 0);
    for (const auto* version : {"HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/1.10", "HTTP/1", "http/1.1", "HTTP/1,1", "RTSP/1.0", "HTTP/11.1"})
        expect_refused(std::string{"GET / "} + version + "\r\nHost: a\r\n\r\n");
}

TEST(RequestHead, WantsExactlyOneValidHost) {
    expect_refused("GET / HTTP/1.1\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n");
    for (const auto* host : {"",    " ",    "a, b", "a/b",    "u@a", "a b", "a?b",    "a#b",   "a\\b", "a:b", "a:1:2", "a:65536", ":80",
                             "::1", "[::1", "::1]", "[::1]x", "[]",  "[1]", "[a]:80", "[::g]", "a%",   "a%2", "a%zz",  "a[",      "a:80]"})
        expect_refused(std::string{"GET / HTTP/1.1\r\nHost: "} + host + "\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: " + std::string(256, 'a') + "\r\n\r\n");
    for (const std::string host : {"a", "example.com:443", "[::1]:80", "[::ffff:1.2.3.4]", "a:", "a%20b", "xn--a_b", "127.0.0.1"}) {
        const auto p = request("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        EXPECT_EQ(p->result.state, parse_state::done) << host;
        EXPECT_EQ(p->head.host, host);
    }
    EXPECT_EQ(request("GET / HTTP/1.0\r\n\r\n")->result.state, parse_state::done);
}

TEST(RequestHead, PrefersTheAuthorityOfAnAbsoluteTarget) {
    const auto p = request("GET http://b:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(p->result.state, parse_state::done) << p->result.why;
    EXPECT_EQ(p->head.host, "b:81");
    EXPECT_EQ(p->head.path, "/x");
    EXPECT_EQ(p->head.query, "y");
    EXPECT_EQ(request("GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n")->head.path, "/");
    const auto bare = request("GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(bare->head.path, "/");
    EXPECT_EQ(bare->head.query, "q");
    expect_refused("GET http://b/ HTTP/1.1\r\n\r\n");
    expect_refused("GET ftp://b/ HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_refused("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_refused("GET http://u:p@b/ HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_refused("GET b:80 HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestHead, TakesTheAsteriskForOptionsOnly) {
    EXPECT_EQ(request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")->head.path, "*");
    expect_refused("GET * HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestHead, NeitherTunnelsNorEchoes) {
    expect_refused("CONNECT a:22 HTTP/1.1\r\nHost: a:22\r\n\r\n", code::method_not_allowed);
    expect_refused("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", code::method_not_allowed);
}

TEST(RequestHead, LeavesPathAndQueryAsTheyAre) {
    const auto p = request("GET //a/../b/%2e%0d%0a?x=%41&&?/ HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(p->result.state, parse_state::done) << p->result.why;
    EXPECT_EQ(p->head.path, "//a/../b/%2e%0d%0a");
    EXPECT_EQ(p->head.query, "x=%41&&?/");
    for (const auto* target : {"/a#b", "/\x01", "/\x7f", "/\xc3\xa9"}) expect_refused(std::string{"GET "} + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestHead, TakesALengthOnlyAsDigitsAndOnlyOnce) {
    for (const auto* value :
         {"", "+5", "-5", "0x5", "1_0", "5e0", "5.0", "5x", "5 5", "\"5\"", "5, 5", "18446744073709551621", "99999999999999999999"})
        expect_refused(std::string{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "} + value + "\r\n\r\n");
    expect_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n");
    EXPECT_EQ(request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 05\r\n\r\n")->head.content_length, 5u);
    EXPECT_EQ(request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n")->head.content_length, 9223372036854775807u);
}

TEST(RequestHead, TakesChunkedAsTheOnlyCodingAndNeverBesidesALength) {
    EXPECT_EQ(request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n")->head.body, framing::chunked);
    for (const auto* value : {"", "gzip", "gzip, chunked", "chunked, gzip", ",chunked", "chunked,", "identity", "xchunked", "chunked;a=b"})
        expect_refused(std::string{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "} + value + "\r\n\r\n");
    expect_refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n");
    expect_refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n");
    expect_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
    expect_refused("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(RequestHead, HasNoBodyWithoutALengthAndAsksForOneWhereABodyIsUsual) {
    EXPECT_EQ(with_fields("")->head.body, framing::none);
    EXPECT_EQ(request("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n")->head.body, framing::none);
    EXPECT_EQ(request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")->head.body, framing::none);
    for (const std::string method : {"POST", "PUT", "PATCH"}) expect_refused(method + " / HTTP/1.1\r\nHost: a\r\n\r\n", code::length_required);
    for (const std::string method : {"POST", "PUT", "PATCH"}) {
        const auto bytes = method + " / HTTP/1.1\r\nHost: a\r\n\r\n";
        request_head head;
        EXPECT_EQ(parse_request_head(bytes, bytes.size(), head, unsaid_length::none).state, parse_state::done) << "where it is said to mean none";
        EXPECT_EQ(head.body, framing::none);
    }
}

TEST(RequestHead, KeepsAConnectionOnlyWithHttp11AndWithoutClose) {
    EXPECT_TRUE(with_fields("")->head.keep_alive);
    EXPECT_TRUE(with_fields("Connection: keep-alive\r\n")->head.keep_alive);
    EXPECT_FALSE(with_fields("Connection: CLOSE\r\n")->head.keep_alive);
    EXPECT_FALSE(with_fields("Connection: x, close, keep-alive\r\n")->head.keep_alive);
    EXPECT_FALSE(request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->head.keep_alive);
}

TEST(RequestHead, LetsConnectionNameOnlyWhatMayBeRemoved) {
    const auto p = with_fields("Connection: close, X-Foo\r\n");
    EXPECT_EQ(p->head.connection, "close, X-Foo");
    for (const std::string name : {"Host", "content-length", "Transfer-Encoding", "Authorization", "x-api-key", "X-Forwarded-For"})
        expect_refused("GET / HTTP/1.1\r\nHost: a\r\nConnection: close, " + name + "\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nConnection: a b\r\n\r\n");
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: X-Foo\r\n\r\n");
}

TEST(RequestHead, SeesAnUpgradeOnlyWhenBothFieldsSaySo) {
    EXPECT_TRUE(with_fields("Connection: Upgrade\r\nUpgrade: websocket\r\n")->head.upgrade);
    EXPECT_FALSE(with_fields("Upgrade: websocket\r\n")->head.upgrade);
    EXPECT_FALSE(with_fields("Connection: Upgrade\r\n")->head.upgrade);
}

TEST(RequestHead, UnderstandsOneExpectation) {
    EXPECT_TRUE(request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n")->head.expects_continue);
    EXPECT_FALSE(with_fields("Expect: 100-continue\r\n")->head.expects_continue);  // no body to wait for
    EXPECT_FALSE(request("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")->head.expects_continue);
    expect_refused("GET / HTTP/1.1\r\nHost: a\r\nExpect: x 100-continue\r\n\r\n", code::expectation_failed);
}

TEST(RequestHead, ExpectsNothingBecauseTheRequestBeforeDid) {
    weir::http::request_head head;
    const std::string body = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n";
    ASSERT_EQ(parse_request_head(body + "Expect: 100-continue\r\n\r\n", 1000, head).state, parse_state::done);
    EXPECT_TRUE(head.expects_continue);
    const std::string again = body + "\r\n";
    ASSERT_EQ(parse_request_head(again, 1000, head).state, parse_state::done);
    EXPECT_FALSE(head.expects_continue);
    expect_refused(body + "Expect: 100-continue\r\nExpect: more\r\n\r\n", code::expectation_failed);
}

TEST(RequestHead, TakesAHundredFieldsAndNoMore) {
    std::string fields;
    for (std::size_t i = 1; i < max_fields; ++i) fields += "X: y\r\n";
    EXPECT_EQ(with_fields(fields)->head.fields.size(), max_fields);
    const auto p = with_fields(fields + "X: y\r\n");
    EXPECT_EQ(p->result.state, parse_state::failed);
    EXPECT_EQ(p->result.code, code::head_too_large);
}

TEST(RequestHead, HoldsTheWholeHeadToTheLimit) {
    const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(100, 'y') + "\r\n\r\n";
    EXPECT_EQ(request(bytes, bytes.size())->result.state, parse_state::done);
    for (const std::size_t bound : {bytes.size() - 1, bytes.size() - 3, std::size_t{60}, std::size_t{10}}) {
        const auto p = request(bytes, bound);
        EXPECT_EQ(p->result.state, parse_state::failed) << bound;
        EXPECT_EQ(p->result.code, code::head_too_large) << bound;
    }
    EXPECT_EQ(request(bytes.substr(0, 50), 60)->result.state, parse_state::need_more);
}

TEST(RequestHead, IsParsedAfreshEachTime) {
    request_head head;
    const std::string first = "GET http://b/x?q HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 5\r\n\r\n";
    const std::string second = "GET /y HTTP/1.1\r\nHost: c\r\n\r\n";
    ASSERT_EQ(parse_request_head(first, limit, head).state, parse_state::done);
    ASSERT_EQ(parse_request_head(second, limit, head).state, parse_state::done);
    EXPECT_EQ(head.host, "c");
    EXPECT_EQ(head.query, "");
    EXPECT_EQ(head.body, framing::none);
    EXPECT_FALSE(head.upgrade);
    EXPECT_FALSE(head.expects_continue);
    EXPECT_EQ(head.connection, "");
    EXPECT_EQ(head.fields.size(), 1u);
}

TEST(ResponseHead, GivesStatusPhraseAndFraming) {
    const auto p = answer("HTTP/1.1 404 Not here\r\nContent-Length: 5\r\nContent-Type: a/b\r\n\r\nhello");
    ASSERT_EQ(p->result.state, parse_state::done) << p->result.why;
    EXPECT_EQ(p->result.consumed, p->bytes.size() - 5);
    EXPECT_EQ(p->head.status, 404);
    EXPECT_EQ(p->head.reason, "Not here");
    EXPECT_EQ(p->head.body, framing::length);
    EXPECT_EQ(p->head.content_length, 5u);
    EXPECT_EQ(p->head.fields.value_of(field_id::content_type), "a/b");
}

TEST(ResponseHead, AsksForMoreUntilTheBlankLineIsThere) {
    const std::string bytes = "HTTP/1.1 200 OK\r\nX: y\r\n\r\n";
    for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_EQ(answer(bytes.substr(0, n))->result.state, parse_state::need_more) << n;
    EXPECT_EQ(answer(bytes)->result.consumed, bytes.size());
}

TEST(ResponseHead, DoesWithoutAPhrase) {
    EXPECT_EQ(answer("HTTP/1.1 200\r\n\r\n")->head.status, 200);
    EXPECT_EQ(answer("HTTP/1.1 200 \r\n\r\n")->head.reason, "");
}

TEST(ResponseHead, RefusesOtherStatusLines) {
    for (const auto* line : {"HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 x", "HTTP/1.1 600 x", "HTTP/1.1 2x0 x", "HTTP/2.0 200 OK",
                             "HTTP/1.2 200 OK", "HTTP/1.1  200 OK", "ICY 200 OK", "\r\nHTTP/1.1 200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 200 a\x01"})
        expect_invalid_answer(std::string{line} + "\r\n\r\n");
}

TEST(ResponseHead, HasNoBodyWhereNoneCanBe) {
    EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true)->head.body, framing::none);
    for (const auto* line : {"100 Continue", "103 Early Hints", "204 No Content", "304 Not Modified"}) {
        const auto p = answer(std::string{"HTTP/1.1 "} + line + "\r\nContent-Length: 5\r\n\r\n");
        EXPECT_EQ(p->head.body, framing::none) << line;
        EXPECT_EQ(p->head.keep_alive, !std::string_view{line}.starts_with("204")) << line;
    }
}

TEST(ResponseHead, KeepsNoConnectionWhoseAnswerAnnouncesABodyThatItCannotHave) {
    EXPECT_FALSE(answer("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n")->head.keep_alive);
    EXPECT_FALSE(answer("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n")->head.keep_alive);
    EXPECT_TRUE(answer("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")->head.keep_alive);
    EXPECT_TRUE(answer("HTTP/1.1 204 No Content\r\n\r\n")->head.keep_alive);
    // These say what an answer with a body would have had.
    EXPECT_TRUE(answer("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n")->head.keep_alive);
    EXPECT_TRUE(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true)->head.keep_alive);
}

TEST(ResponseHead, LastsUntilTheEndOfTheConnectionWithoutALength) {
    const auto p = answer("HTTP/1.1 200 OK\r\n\r\n");
    EXPECT_EQ(p->head.body, framing::until_close);
    EXPECT_FALSE(p->head.keep_alive);
    EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")->head.body, framing::none);
    EXPECT_TRUE(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")->head.keep_alive);
    EXPECT_FALSE(answer("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")->head.keep_alive);
    EXPECT_FALSE(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")->head.keep_alive);
}

TEST(ResponseHead, RefusesAmbiguousFramingAndSplitting) {
    for (const auto* fields :
         {"Content-Length: 5x\r\n", "Content-Length: -1\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
          "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding:\r\n chunked\r\n",
          "X: a\rSet-Cookie: b\r\n", "X: a\nSet-Cookie: b\r\n", "X : a\r\n", ": a\r\n", "Connection: Transfer-Encoding\r\n"})
        expect_invalid_answer(std::string{"HTTP/1.1 200 OK\r\n"} + fields + "\r\n");
    expect_invalid_answer(std::string{"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", 26});
    expect_invalid_answer("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(ResponseHead, HoldsTheWholeHeadToItsLimits) {
    const std::string bytes = "HTTP/1.1 200 OK\r\nX: " + std::string(100, 'y') + "\r\n\r\n";
    EXPECT_EQ(answer(bytes, false, bytes.size())->result.state, parse_state::done);
    EXPECT_EQ(answer(bytes, false, bytes.size() - 1)->result.state, parse_state::failed);
    EXPECT_EQ(answer(bytes, false, 12)->result.state, parse_state::failed);
    std::string many = "HTTP/1.1 200 OK\r\n";
    for (std::size_t i = 0; i <= max_fields; ++i) many += "X: y\r\n";
    expect_invalid_answer(many + "\r\n");
}

// Two answers to what the body is: weir would read the first, and a server behind it perhaps the other. However the bytes come.
TEST(RequestHead, HasOneContentTypeAndOneContentEncoding) {
    const std::string start = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n";
    for (const char* twice : {"Content-Type: application/json\r\nContent-Type: multipart/form-data; boundary=x\r\n",
                              "content-type: a/b\r\nX: 1\r\nCONTENT-TYPE: a/b\r\n", "Content-Encoding: gzip\r\nContent-Encoding: identity\r\n"}) {
        const std::string bytes = start + twice + "\r\n";
        expect_refused(bytes);
        for (std::size_t cut = 0; cut < bytes.size(); ++cut)
            if (const auto p = request(bytes.substr(0, cut)); p->result.state == parse_state::failed) {
                EXPECT_EQ(request(bytes)->result.why, p->result.why);
            }
    }
    EXPECT_EQ(request(start + "Content-Type: a/b\r\nContent-Encoding: gzip\r\n\r\n")->result.state, parse_state::done);
    // Each head is counted for itself.
    EXPECT_EQ(request(start + "Content-Type: a/b\r\n\r\n")->result.state, parse_state::done);
}

TEST(RequestHead, HasNoBodyInHttp10WhereNoneIsUsual) {
    for (const char* method : {"GET", "HEAD", "DELETE", "OPTIONS"}) {
        const std::string line = std::string{method} + " / HTTP/1.0\r\n";
        expect_refused(line + "Content-Length: 5\r\n\r\n", code::body_too_large);
        EXPECT_EQ(request(line + "Content-Length: 0\r\n\r\n")->result.state, parse_state::done);
        EXPECT_EQ(request(line + "\r\n")->result.state, parse_state::done);
        EXPECT_EQ(request(std::string{method} + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")->result.state, parse_state::done);
    }
    EXPECT_EQ(request("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n")->result.state, parse_state::done);
}

TEST(RequestHead, CountsTheProxiesThatItMayStillPass) {
    const auto hops = [](const std::string& value) { return hops_left(with_fields("Max-Forwards: " + value + "\r\n")->head); };
    EXPECT_EQ(hops("0"), 0u);
    EXPECT_EQ(hops("007"), 7u);
    EXPECT_EQ(hops("999999999"), 999999999u);
    for (const char* none : {"", "-1", "+1", "1.0", "0x1", "9999999999", "a"}) EXPECT_EQ(hops(none), std::nullopt) << none;
    EXPECT_EQ(hops_left(with_fields("")->head), std::nullopt);
}
