// WebSocket frames: the same messages under every slicing, what section 5 of RFC 6455 forbids, and skipping by length.
#include "http/websocket_scanner.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using weir::http::websocket_scanner;
using sender = websocket_scanner::sender;

struct message {
    bool text = true;
    std::string payload;
    bool operator==(const message&) const = default;
};

struct scanned {
    std::vector<message> whole;
    std::string open;  ///< of a message that is not over
    std::string why;
    bool at_boundary = false, in_message = false, closed = false;
    bool operator==(const scanned&) const = default;
};

scanned scan(const std::vector<std::string_view>& pieces, sender who = sender::server) {
    websocket_scanner s{who};
    scanned out;
    for (const auto piece : pieces) {
        const auto n = s.feed(piece, [&](const websocket_scanner::run& r) {
            if (r.begins) out.open.clear();
            out.open += r.payload;
            if (r.ends) {
                out.whole.push_back({r.what == websocket_scanner::kind::text, out.open});
                out.open.clear();
            }
            return true;
        });
        if (n != piece.size()) break;
    }
    out.why = s.why();
    out.at_boundary = s.at_boundary();
    out.in_message = s.in_message();
    out.closed = s.closed();
    return out;
}

/// A frame as written by hand: first byte, payload, and its mask if it has one.
std::string frame(unsigned first, const std::string& payload, const std::string& mask = "") {
    std::string out(1, static_cast<char>(first));
    const unsigned bit = mask.empty() ? 0 : 0x80;
    if (payload.size() < 126) {
        out.push_back(static_cast<char>(bit | payload.size()));
    } else if (payload.size() <= 0xFFFF) {
        out.push_back(static_cast<char>(bit | 126));
        for (int i = 1; i >= 0; --i) out.push_back(static_cast<char>(payload.size() >> (8 * i)));
    } else {
        out.push_back(static_cast<char>(bit | 127));
        for (int i = 7; i >= 0; --i) out.push_back(static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> (8 * i)));
    }
    return out + mask + payload;
}

std::string why(const std::string& bytes, sender who = sender::server) { return scan({bytes}, who).why; }

}  // namespace

TEST(WebsocketScanner, PutsFragmentsTogetherAroundControlFrames) {
    const auto got = scan({frame(0x01, "Hel") + frame(0x89, "ping") + frame(0x00, "") + frame(0x8A, "") + frame(0x80, "lo") + frame(0x82, "\x01") +
                           frame(0x81, "") + frame(0x01, "half")});
    EXPECT_EQ(got.why, "");
    EXPECT_EQ(got.whole, (std::vector<message>{{true, "Hello"}, {false, "\x01"}, {true, ""}}));
    EXPECT_EQ(got.open, "half");
    EXPECT_TRUE(got.in_message);
    EXPECT_TRUE(got.at_boundary);
}

TEST(WebsocketScanner, GivesTheSameUnderEverySlicing) {
    const std::string long_one(300, 'x');
    for (const auto& bytes : {frame(0x01, "ab") + frame(0x89, "p") + frame(0x80, "cd") +
                                  frame(0x88,
                                        "\x03\xe8"
                                        "bye") +
                                  "behind",
                              frame(0x81, "") + frame(0x02, "q") + frame(0x80, long_one.substr(0, 130)),
                              frame(0x81, "ok") + frame(0x83, "reserved") + frame(0x81, "never seen")}) {
        const auto expected = scan({bytes});
        std::vector<std::string_view> single;
        for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(std::string_view{bytes}.substr(i, 1));
        EXPECT_EQ(scan(single), expected);
        for (std::size_t a = 0; a <= bytes.size(); ++a)
            for (std::size_t b = a; b <= bytes.size(); ++b) {
                const std::string_view all{bytes};
                ASSERT_EQ(scan({all.substr(0, a), all.substr(a, b - a), all.substr(b)}), expected) << a << ' ' << b;
            }
    }
}

TEST(WebsocketScanner, ReadsLengthsOfEveryWidth) {
    for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u, 70000u}) {
        const std::string payload(size, 'x');
        const auto got = scan({frame(0x81, payload) + frame(0x81, "next")});
        EXPECT_EQ(got.whole, (std::vector<message>{{true, payload}, {true, "next"}})) << size;
    }
}

TEST(WebsocketScanner, PassesOverALargeFrameWithoutSeeingItWhole) {
    websocket_scanner s{sender::server};
    const std::string head{'\x82', '\x7f', 0, 0, 0, 0x40, 0, 0, 0, 0};  // 256 GiB are announced
    std::uint64_t seen = 0;
    const auto count = [&](const websocket_scanner::run& r) {
        seen += r.payload.size();
        return true;
    };
    EXPECT_EQ(s.feed(head, count), head.size());
    const std::string some(1000, 'x');
    EXPECT_EQ(s.feed(some, count), some.size());
    EXPECT_EQ(seen, 1000u);
    EXPECT_FALSE(s.at_boundary());
    EXPECT_FALSE(s.failed());
}

TEST(WebsocketScanner, WantsMasksFromClientsAndFromNobodyElse) {
    EXPECT_EQ(scan({frame(0x81, "abcd", "mask")}, sender::client).whole, (std::vector<message>{{true, "abcd"}}));
    EXPECT_NE(why(frame(0x81, "abcd"), sender::client), "");
    EXPECT_NE(why(frame(0x81, "abcd", "mask")), "");
    EXPECT_EQ(scan({frame(0x88, "", "mask")}, sender::client).closed, true);
}

TEST(WebsocketScanner, FailsWhereTheProtocolForbids) {
    EXPECT_NE(why(frame(0xC1, "compressed")), "");
    EXPECT_NE(why(frame(0x91, "rsv3")), "");
    EXPECT_NE(why(frame(0x83, "")), "");
    EXPECT_NE(why(frame(0x8B, "")), "");
    EXPECT_NE(why(frame(0x09, "a ping in parts")), "");
    EXPECT_NE(why(frame(0x89, std::string(126, 'p'))), "");
    EXPECT_NE(why(frame(0x80, "of nothing")), "");
    EXPECT_NE(why(frame(0x01, "one") + frame(0x81, "another inside")), "");
    EXPECT_NE(why(std::string{'\x81', '\x7e', 0, 5}), "");                              // 5 in two bytes
    EXPECT_NE(why(std::string{'\x81', '\x7f', 0, 0, 0, 0, 0, 0, '\xff', '\xff'}), "");  // 65535 in eight
    EXPECT_NE(why(std::string{'\x81', '\x7f', '\x80', 0, 0, 0, 0, 0, 0, 0}), "");
}

TEST(WebsocketScanner, StopsBehindTheMessageThatItIsToldToStopAt) {
    websocket_scanner s{sender::server};
    const auto first = frame(0x81, "first");
    const auto bytes = first + frame(0x81, "second");
    EXPECT_EQ(s.feed(bytes, [](const websocket_scanner::run& r) { return !r.ends; }), first.size());
    EXPECT_TRUE(s.at_boundary());
    EXPECT_FALSE(s.in_message());
}

TEST(WebsocketScanner, LooksAtNothingBehindACloseFrame) {
    const auto got = scan({frame(0x88, "\x03\xe8") + "\xff\xff\xff"});
    EXPECT_TRUE(got.closed);
    EXPECT_EQ(got.why, "");
}
