// Framing is taken away in whatever slices the bytes come.
#include "wire/h1/unframer.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

using weir::http::framing;
using weir::net::buffer;
using weir::wire::h1::unframer;

namespace {

struct message {
    const char* name;
    framing how;
    std::uint64_t length;
    std::string wire, payload;
    bool done, surplus, failed;
};

const message messages[] = {
    {"none", framing::none, 0, "", "", true, false, false},
    {"none and more", framing::none, 0, "HTTP/1.1", "", true, true, false},
    {"sized", framing::length, 11, "hello world", "hello world", true, false, false},
    {"sized and more", framing::length, 5, "hello world", "hello", true, true, false},
    {"sized and short", framing::length, 12, "hello world", "hello world", false, false, false},
    {"to the end", framing::until_close, 0, "hello world", "hello world", false, false, false},
    {"chunked", framing::chunked, 0, "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n", "hello world", true, false, false},
    {"chunked and more", framing::chunked, 0, "5\r\nhello\r\n0\r\nx-t: 1\r\n\r\nHTTP", "hello", true, true, false},
    {"chunked and cut", framing::chunked, 0, "5\r\nhello\r\n6\r\n wor", "hello wor", false, false, false},
    {"chunked and broken", framing::chunked, 0, "5\r\nhello\r\nq\r\n", "hello", false, false, true},
};

void expect_end(const message& m, const unframer& u) {
    EXPECT_EQ(u.done(), m.done);
    EXPECT_EQ(u.surplus(), m.surplus);
    EXPECT_EQ(u.failed(), m.failed);
    EXPECT_EQ(u.why().empty(), !m.failed);
}

}  // namespace

TEST(Unframer, LeavesThePayloadAloneInTheWindowUnderEverySlicing) {
    for (const auto& m : messages)
        for (std::size_t slice = 1; slice <= m.wire.size() + 1; ++slice) {
            SCOPED_TRACE(std::string{m.name} + ", slices of " + std::to_string(slice));
            unframer u{m.how, m.length};
            buffer window;
            std::size_t payload = 0;
            for (std::size_t at = 0; at < m.wire.size() && !u.failed(); at += slice) {
                const auto piece = std::string_view{m.wire}.substr(at, slice);
                window.reserve(window.size() + piece.size());
                std::memcpy(window.free_begin(), piece.data(), piece.size());
                window.commit(piece.size());
                u.take(window, payload);
                ASSERT_LE(payload, window.size());
            }
            EXPECT_EQ((std::string_view{window.data(), payload}), m.payload);
            expect_end(m, u);
        }
}

// The window is emptied between two reads, as a relay does.
TEST(Unframer, GivesEveryPieceOnceWhereTheWindowIsEmptiedInBetween) {
    for (const auto& m : messages)
        for (std::size_t slice = 1; slice <= m.wire.size() + 1; ++slice) {
            SCOPED_TRACE(std::string{m.name} + ", slices of " + std::to_string(slice));
            unframer u{m.how, m.length}, counted{m.how, m.length};
            buffer window;
            std::string got, fed;
            for (std::size_t at = 0; at < m.wire.size() && !u.failed(); at += slice) {
                const auto piece = std::string_view{m.wire}.substr(at, slice);
                window.reserve(piece.size());
                std::memcpy(window.free_begin(), piece.data(), piece.size());
                window.commit(piece.size());
                std::size_t payload = 0;
                u.take(window, payload);
                got.append(window.data(), payload);
                window.clear();
                counted.feed(piece, [&](const char* p, std::size_t n) { fed.append(p, n); });
            }
            EXPECT_EQ(got, m.payload);
            EXPECT_EQ(fed, m.payload);
            expect_end(m, u);
            expect_end(m, counted);
        }
}

TEST(Unframer, EndsWithTheConnectionOnlyWhereThatIsTheFraming) {
    for (const auto& m : messages) {
        unframer u{m.how, m.length};
        EXPECT_EQ(u.closed(), m.how == framing::until_close) << m.name;
        EXPECT_EQ(u.done(), m.how == framing::until_close || m.how == framing::none) << m.name;
    }
}

TEST(Unframer, KnowsABodyThatIsThereAlready) {
    EXPECT_TRUE(unframer::of_whole(true).done());
    EXPECT_TRUE(unframer::of_whole(true).has_body());
    EXPECT_EQ(unframer::of_whole(true).left(), 0U);
    EXPECT_FALSE(unframer::of_whole(false).has_body());
    EXPECT_FALSE(unframer{}.done()) << "no head has come yet";
}
