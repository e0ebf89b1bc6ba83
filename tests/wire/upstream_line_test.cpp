// An answer on an upstream's connection: the same head and payload under every slicing, and when the connection can be used again.
#include "wire/h1/upstream_line.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/resolver.hpp"

namespace {

using namespace weir;
using got = wire::answer_source::got;
using wire::h1::upstream_line;

struct heard {
    got last = got::again;
    int status = 0;
    std::string body;
    bool ended = false, kept = false, surplus = false;
    std::string why;
};

class UpstreamLine : public testing::Test {
protected:
    UpstreamLine() {
        auto to = std::make_shared<net::upstream_target>();
        to->keep.idle = 10000;
        to->keep.timeout = std::chrono::seconds{60};
        pool_.emplace(loop_, std::move(to));
    }

    // What comes of `bytes`, sent in pieces of `slice`, and then nothing or the connection's end.
    heard hear(std::string_view bytes, std::size_t slice, bool closes = false, bool to_head = false, bool upgrade = false) {
        heard out;
        int pair[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
        auto connection = std::make_unique<net::upstream_connection>();
        EXPECT_TRUE(connection->sock.open(loop_, pair[0]));
        const auto before = pool_->idle();
        {
            upstream_line line{std::move(connection), *pool_, scratch_};
            line.expect(to_head, upgrade);
            line.sent_whole();
            net::buffer window;
            for (std::size_t at = 0; at < bytes.size(); at += slice) {
                const auto piece = bytes.substr(at, slice);
                EXPECT_EQ(::send(pair[1], piece.data(), piece.size(), MSG_NOSIGNAL), static_cast<ssize_t>(piece.size()));
                if (!take(line, window, out)) break;
            }
            if (closes) ::close(pair[1]);
            if (closes && out.last != got::malformed) (void)take(line, window, out);
            out.ended = line.ended();
            out.surplus = line.surplus();
            out.body = window.view();
            out.why = line.why();
        }
        out.kept = pool_->idle() > before;
        if (!closes) ::close(pair[1]);
        return out;
    }

private:
    bool take(upstream_line& line, net::buffer& window, heard& out) {
        line.tunnel().flags |= net::can_read;
        window.need_slab();
        while (line.readable() && !line.ended()) {
            out.last = line.read(window);
            if (out.last == got::head) {
                out.status = line.head().status;
                out.last = line.take_head(window);
            }
            if (out.last == got::malformed || out.last == got::closed) return false;
            if (out.last == got::again) break;
        }
        return true;
    }

    net::reactor loop_;
    http::response_head scratch_;
    std::optional<net::upstream_connections> pool_;
};

}  // namespace

TEST_F(UpstreamLine, ReadsTheSameUnderEverySlicingAndKeepsTheConnection) {
    const std::string chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n4;x=y\r\n you\r\n0\r\nx-took: 3\r\n\r\n";
    const std::string sized = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello you";
    for (const auto& bytes : {chunked, sized})
        for (std::size_t slice = 1; slice <= bytes.size(); ++slice) {
            const auto got = hear(bytes, slice);
            EXPECT_EQ(got.status, 200) << slice;
            EXPECT_EQ(got.body, "hello you") << slice;
            EXPECT_TRUE(got.ended) << slice;
            EXPECT_TRUE(got.kept) << slice;
        }
}

TEST_F(UpstreamLine, GivesBackNothingThatIsNotAtItsEnd) {
    const std::string head = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n";
    EXPECT_FALSE(hear(head + "\r\nhello", 1000).kept) << "not whole";
    EXPECT_FALSE(hear(head + "connection: close\r\n\r\nhello you", 1000).kept) << "so it says";
    const auto more = hear(head + "\r\nhello you and more", 1000);
    EXPECT_FALSE(more.kept) << "whose are the bytes behind it?";
    EXPECT_TRUE(more.surplus);
    EXPECT_EQ(more.body, "hello you");
    EXPECT_FALSE(hear("HTTP/1.1 200 OK\r\n\r\nuntil the end", 1000, true).kept);
}

TEST_F(UpstreamLine, TellsAnEndFromACut) {
    const auto end = hear("HTTP/1.1 200 OK\r\n\r\nuntil the end", 7, true);
    EXPECT_TRUE(end.ended);
    EXPECT_EQ(end.body, "until the end");
    const auto cut = hear("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello", 7, true);
    EXPECT_FALSE(cut.ended);
    EXPECT_EQ(cut.last, got::closed);
    EXPECT_EQ(hear("HTTP/1.1 200", 7, true).last, got::closed);
}

TEST_F(UpstreamLine, RefusesWhatIsNotWhatWasAskedFor) {
    EXPECT_EQ(hear("SSH-2.0-x\r\n\r\n", 1000).last, got::malformed);
    EXPECT_EQ(hear("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n", 1000).why,
              "it switched protocols without being asked");
    std::string hints;
    for (int i = 0; i < 9; ++i) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
    EXPECT_EQ(hear(hints, 5).why, "too many interim answers");
    const auto broken = hear("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n", 1000);
    EXPECT_EQ(broken.last, got::malformed);
    EXPECT_EQ(broken.body, "hello") << "what was said before is there";
}

TEST_F(UpstreamLine, SeesNoBodyInAnAnswerToHeadAndATunnelBehind101) {
    const auto head = hear("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", 3, false, true);
    EXPECT_TRUE(head.ended);
    EXPECT_TRUE(head.body.empty());
    EXPECT_TRUE(head.kept);
    const auto tunnel =
        hear("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n\x81\x02hi", 1000, false, false, true);
    EXPECT_EQ(tunnel.status, 101);
    EXPECT_EQ(tunnel.body, "\x81\x02hi") << "what came along belongs to the tunnel";
    EXPECT_FALSE(tunnel.kept);
}
