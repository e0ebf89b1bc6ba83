// Readiness flags as they are used up: no system call that would only fail, and nothing that is forgotten.
#include "net/channel_io.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/net_support.hpp"

namespace {

using weir::net::at_end;
using weir::net::can_read;
using weir::net::can_write;
using weir::net::hung_up;
using weir::net::io;
using weir::test::stream_pair;

struct end_of_pair final : weir::net::channel {
    explicit end_of_pair(int descriptor) { fd = descriptor, flags = can_read | can_write; }
    ~end_of_pair() override { ::close(fd); }
    void on_ready() override {}
};

struct fixture {
    stream_pair pair;
    end_of_pair ours{pair.give_ours()};

    std::string receive(io& what, std::size_t room) {
        std::string text(room, '\0');
        const auto r = weir::net::receive(ours, text.data(), text.size());
        what = r.what;
        text.resize(r.bytes);
        return text;
    }
};

iovec piece(const std::string& text) { return {const_cast<char*>(text.data()), text.size()}; }

}  // namespace

TEST(ChannelIo, AShortReadUsesUpTheFlagAndAFullOneDoesNot) {
    fixture f;
    io what{};
    f.pair.say("hello");
    EXPECT_EQ(f.receive(what, 5), "hello");
    EXPECT_EQ(f.ours.flags, can_read | can_write) << "there may be more";
    EXPECT_EQ(f.receive(what, 5), "");
    EXPECT_EQ(what, io::again);
    EXPECT_EQ(f.ours.flags, can_write);
    f.pair.say("more");
    EXPECT_EQ(f.receive(what, 5), "") << "nobody asks the kernel before the next edge";
    EXPECT_EQ(what, io::again);
    f.ours.flags |= can_read;
    EXPECT_EQ(f.receive(what, 5), "more");
    EXPECT_EQ(f.ours.flags, can_write);
}

TEST(ChannelIo, AfterAHangUpAShortReadIsNotTheLast) {
    fixture f;
    io what{};
    f.pair.say("last words");
    f.pair.hang_up();
    f.ours.flags |= hung_up;
    EXPECT_EQ(f.receive(what, 100), "last words");
    EXPECT_TRUE(f.ours.flags & can_read) << "no further edge comes for the end";
    EXPECT_FALSE(f.ours.flags & at_end);
    EXPECT_EQ(f.receive(what, 100), "");
    EXPECT_EQ(what, io::eof);
    EXPECT_TRUE(f.ours.flags & at_end);
}

TEST(ChannelIo, SendsAllPiecesInOrderHoweverLargeTheyAre) {
    // Up to 4 KiB are copied into one piece, more are described to the kernel.
    for (const std::size_t size : {1u, 4000u, 5000u}) {
        fixture f;
        const std::vector<std::string> texts{"head\r\n", std::string(size, 'b'), "\r\n", ""};
        std::vector<iovec> pieces;
        std::string whole;
        for (const auto& text : texts) {
            pieces.push_back(piece(text));
            whole += text;
        }
        const auto r = weir::net::send_pieces(f.ours, pieces.data(), pieces.size());
        EXPECT_EQ(r.what, io::ok);
        EXPECT_EQ(r.bytes, whole.size());
        EXPECT_EQ(f.pair.hear(), whole);
        EXPECT_TRUE(f.ours.flags & can_write);
    }
}

TEST(ChannelIo, AShortWriteUsesUpTheFlag) {
    fixture f;
    const std::string much(8 << 20, 'x');
    const auto all = piece(much);
    const auto first = weir::net::send_pieces(f.ours, &all, 1);
    EXPECT_EQ(first.what, io::ok);
    ASSERT_LT(first.bytes, much.size());
    EXPECT_EQ(f.ours.flags, can_read);
    (void)f.pair.hear();
    EXPECT_EQ(weir::net::send_pieces(f.ours, &all, 1).what, io::again) << "nobody asks the kernel before the next edge";
}

TEST(ChannelIo, FailsWhereThePeerIsGone) {
    fixture f;
    f.pair.hang_up();
    const std::string text = "x";
    const auto one = piece(text);
    EXPECT_EQ(weir::net::send_pieces(f.ours, &one, 1).what, io::failed);
}

TEST(ChannelIo, JoinsAsMuchAsARecordHolds) {
    const std::string a = "ab", b(20 * 1024, 'c');
    const iovec pieces[] = {piece(a), piece(b)};
    const auto joined = weir::net::join(pieces, 2);
    EXPECT_EQ(joined.size(), 16u * 1024);
    EXPECT_EQ(joined.substr(0, 3), "abc");
    EXPECT_EQ(weir::net::join(pieces, 1), "ab");
}
