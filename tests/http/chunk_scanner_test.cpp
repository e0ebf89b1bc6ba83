// Chunked framing: the same data under every slicing, exact line ends, and bounds on everything that is not data.
#include "http/chunk_scanner.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using weir::http::chunk_scanner;
using status = chunk_scanner::status;

struct scanned {
    status what = status::more;
    std::string data;
    std::size_t consumed = 0;
    std::string why;
    bool too_large = false;
    bool operator==(const scanned&) const = default;
};

scanned scan(const std::vector<std::string_view>& pieces, std::uint64_t largest = ~std::uint64_t{0} >> 1) {
    chunk_scanner s;
    s.limit_chunk(largest);
    scanned out;
    for (const auto piece : pieces) {
        const auto n = s.feed(piece, [&](const char* p, std::size_t size) { out.data.append(p, size); });
        out.consumed += n;
        if (n != piece.size()) break;
    }
    out.what = s.now();
    out.why = s.why();
    out.too_large = s.too_large();
    return out;
}

scanned whole(std::string_view bytes) { return scan({bytes}); }

void expect_refused(std::string_view bytes, bool too_large = false) {
    const auto got = whole(bytes);
    EXPECT_EQ(got.what, status::failed) << bytes.substr(0, 60);
    EXPECT_FALSE(got.why.empty());
    EXPECT_EQ(got.too_large, too_large) << got.why;
}

}  // namespace

TEST(ChunkScanner, FindsTheDataAndStopsAtTheEndOfTheMessage) {
    const auto got = whole("5\r\nhello\r\n7;name=\"v\\\"x\"\r\n, world\r\n0\r\nX-Sum: 1\r\n\r\nGET / HTTP/1.1");
    EXPECT_EQ(got.what, status::done);
    EXPECT_EQ(got.data, "hello, world");
    EXPECT_EQ(got.consumed, 49u);
}

TEST(ChunkScanner, GivesTheSameUnderEverySlicing) {
    for (const std::string_view bytes :
         {std::string_view{"5\r\nhello\r\n1A;a;b=c;d=\"e\\\"f\"\r\nabcdefghijklmnopqrstuvwxyz\r\n000\r\nX-A: b\r\nY:\r\n\r\nrest"},
          std::string_view{"3\r\nabc\r\n4\r\nde\r\n\r\n0\r\n\r\n"}, std::string_view{"3\r\nabcd\r\n0\r\n\r\n"},
          std::string_view{"3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n"}, std::string_view{"2\r\nab\r\n"}}) {
        const auto expected = whole(bytes);
        std::vector<std::string_view> single;
        for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(bytes.substr(i, 1));
        EXPECT_EQ(scan(single), expected) << bytes;
        for (std::size_t a = 0; a <= bytes.size(); ++a)
            for (std::size_t b = a; b <= bytes.size(); ++b)
                ASSERT_EQ(scan({bytes.substr(0, a), bytes.substr(a, b - a), bytes.substr(b)}), expected) << a << ' ' << b;
    }
}

TEST(ChunkScanner, WantsExactLineEnds) {
    expect_refused("5\nhello\r\n0\r\n\r\n");
    expect_refused("5\r\rhello\r\n0\r\n\r\n");
    expect_refused("5\r\nhello\n0\r\n\r\n");
    expect_refused("5\r\nhello\rX0\r\n\r\n");
    expect_refused("5\r\nhello0\r\n\r\n");
    expect_refused("0\n\r\n");
    expect_refused("0\r\n\n");
    expect_refused("0\r\n\rX");
    expect_refused("0\r\nA: b\n\r\n");
}

TEST(ChunkScanner, TakesASizeAsHexDigitsOnly) {
    EXPECT_EQ(whole("a\r\n0123456789\r\n0\r\n\r\n").data, "0123456789");
    EXPECT_EQ(whole("A\r\n0123456789\r\n0\r\n\r\n").data, "0123456789");
    EXPECT_EQ(whole("0000000000000001\r\nx\r\n0\r\n\r\n").data, "x");
    for (const auto* bytes : {"\r\n", "+5\r\n", "-5\r\n", "0x5\r\n", " 5\r\n", "5 \r\n", "5\t\r\n", "5_0\r\n", "G\r\n", ";a\r\n"})
        expect_refused(bytes);
}

TEST(ChunkScanner, RefusesSizesThatOverflow) {
    expect_refused("00000000000000001\r\nx");
    expect_refused("FFFFFFFFFFFFFFFF\r\nx", true);
    expect_refused("8000000000000000\r\nx", true);
    EXPECT_EQ(whole("7FFFFFFFFFFFFFFF\r\nx").what, status::more);
}

TEST(ChunkScanner, HoldsAChunkToTheLimitItWasGiven) {
    EXPECT_EQ(scan({"A\r\n0123456789\r\n0\r\n\r\n"}, 10).what, status::done);
    const auto got = scan({"B\r\n0123456789a\r\n0\r\n\r\n"}, 10);
    EXPECT_EQ(got.what, status::failed);
    EXPECT_TRUE(got.too_large);
    EXPECT_EQ(got.data, "");
}

TEST(ChunkScanner, BoundsExtensionsPerChunkAndPerMessage) {
    EXPECT_EQ(whole("0;" + std::string(200, 'a') + "\r\n\r\n").what, status::done);
    expect_refused("0;" + std::string(chunk_scanner::max_extension + 1, 'a') + "\r\n\r\n", true);
    std::string many;
    for (int i = 0; i < 100; ++i) many += "1;" + std::string(200, 'a') + "\r\nx\r\n";
    expect_refused(many + "0\r\n\r\n", true);
}

TEST(ChunkScanner, RefusesMalformedExtensions) {
    for (const auto* bytes :
         {"5;\r\n", "5;;a\r\n", "5;a=\r\n", "5;a=\"b\r\n", "5;a=\"b\"c\r\n", "5;a b\r\n", "5;a\n", "5; a\r\n", "5;a=\"\x01\"\r\n"})
        expect_refused(bytes);
    expect_refused(std::string_view{"5;a=\"\\\0\"\r\n", 10});
}

TEST(ChunkScanner, RefusesTrailersThatWouldChangeFramingRoutingOrIdentity) {
    for (const std::string name : {"Content-Length", "transfer-encoding", "HOST", "Authorization", "x-api-key", "Trailer", "Connection", "Cookie",
                                   "Set-Cookie", "Expect", "Proxy-Authorization", "Cache-Control", "X-Forwarded-For", "Forwarded", "X-Real-IP"})
        expect_refused("0\r\n" + name + ": 5\r\n\r\n");
    EXPECT_EQ(whole("0\r\nX-Checksum: abc\r\n\r\n").what, status::done);
    // A name that only begins like a forbidden one, and one that is longer than any of them.
    EXPECT_EQ(whole("0\r\nContent-Length0: 5\r\n\r\n").what, status::done);
    EXPECT_EQ(whole("0\r\n" + std::string(300, 'n') + ": 5\r\n\r\n").what, status::done);
}

TEST(ChunkScanner, RefusesMalformedTrailers) {
    for (const auto* bytes :
         {"0\r\njunk\r\n\r\n", "0\r\n: x\r\n\r\n", "0\r\n a: b\r\n\r\n", "0\r\na : b\r\n\r\n", "0\r\na: b\x01\r\n\r\n", "0\r\na: b\rc\r\n\r\n"})
        expect_refused(bytes);
}

TEST(ChunkScanner, BoundsTheTrailerSection) {
    std::string fields;
    for (std::uint32_t i = 0; i < chunk_scanner::max_trailer_fields; ++i) fields += "X: y\r\n";
    EXPECT_EQ(whole("0\r\n" + fields + "\r\n").what, status::done);
    expect_refused("0\r\n" + fields + "X: y\r\n\r\n", true);
    expect_refused("0\r\nX: " + std::string(chunk_scanner::max_trailer, 'y') + "\r\n\r\n", true);
}

TEST(ChunkScanner, TakesNothingMoreOnceItIsOver) {
    chunk_scanner s;
    const auto fail_on_data = [](const char*, std::size_t) { FAIL(); };
    EXPECT_EQ(s.feed("0\r\n\r\n", fail_on_data), 5u);
    EXPECT_EQ(s.feed("5\r\nhello", fail_on_data), 0u);
}
