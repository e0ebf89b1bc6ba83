// A client's connection: how what is said is framed, and that nothing of one answer reaches another client.
#include "wire/h1/client_line.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

namespace {

using namespace weir;
using wire::body_size;
using wire::client_stream;
using wire::h1::after;
using wire::h1::client_line;
using flow = client_stream::flow;

constexpr std::string_view get = "GET / HTTP/1.1\r\nhost: weir\r\n\r\n";

/// A line on a socket pair, with one request in its input.
struct joint {
    joint(net::reactor& loop, wire::head_scratch& scratch, std::string_view request) : line(loop, scratch) {
        int pair[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
        EXPECT_TRUE(line.socket().open(loop, pair[0]));
        line.socket().set_owner(&line.sleeper());
        line.socket().flags |= net::can_write;
        other = pair[1];
        line.make_room();
        std::memcpy(line.input().free_begin(), request.data(), request.size());
        line.input().commit(request.size());
        EXPECT_EQ(line.parse(64 * 1024).state, http::parse_state::done);
        line.take_request();
    }
    ~joint() { ::close(other); }
    joint(const joint&) = delete;
    joint& operator=(const joint&) = delete;

    flow say(std::string_view a, bool last, std::string_view b = {}) {
        const std::array<std::string_view, 2> pieces{a, b};
        return line.write(pieces, last);
    }
    std::string heard() const {
        std::string all;
        char bytes[4096];
        for (;;) {
            const auto n = ::recv(other, bytes, sizeof bytes, 0);
            if (n <= 0) return all;
            all.append(bytes, static_cast<std::size_t>(n));
        }
    }

    client_line line;
    int other = -1;
};

class ClientLine : public testing::Test {
protected:
    net::reactor loop_;
    wire::head_scratch scratch_;
};

const std::string ok = "HTTP/1.1 200 OK\r\nx: y\r\n";

}  // namespace

TEST_F(ClientLine, FramesWhatHasNoLengthInChunks) {
    joint j{loop_, scratch_, get};
    j.line.begin(ok, {}, true);
    EXPECT_TRUE(j.line.is_open_ended());
    EXPECT_EQ(j.say("hello", false, " you"), flow::done);
    EXPECT_EQ(j.say("", false), flow::done);
    EXPECT_EQ(j.say("!", true), flow::done);
    EXPECT_EQ(j.heard(), ok + "transfer-encoding: chunked\r\n\r\n9\r\nhello you\r\n1\r\n!\r\n0\r\n\r\n");
    EXPECT_EQ(j.line.what_follows(), after::keep_alive);
}

TEST_F(ClientLine, AnnouncesALengthWhereThereIsOne) {
    joint j{loop_, scratch_, get};
    j.line.begin(ok, {body_size::kind::known, 5}, true);
    EXPECT_EQ(j.say("hello", true), flow::done);
    EXPECT_EQ(j.heard(), ok + "content-length: 5\r\n\r\nhello");
    EXPECT_EQ(j.line.sent(), ok.size() + 21 + 2 + 5 - 2);
}

TEST_F(ClientLine, SendsNoBodyToHeadAndNoneWithoutOne) {
    joint head{loop_, scratch_, "HEAD / HTTP/1.1\r\nhost: weir\r\n\r\n"};
    head.line.begin(ok, {body_size::kind::known, 5}, true);
    EXPECT_EQ(head.say("hello", true), flow::done);
    EXPECT_EQ(head.heard(), ok + "content-length: 5\r\n\r\n");
    joint none{loop_, scratch_, get};
    none.line.begin("HTTP/1.1 204 No Content\r\n", {body_size::kind::none}, true);
    EXPECT_EQ(none.say("", true), flow::done);
    EXPECT_EQ(none.heard(), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(ClientLine, EndsTheConnectionWhereTheVersionOrTheClientOrWeirSaysSo) {
    joint old{loop_, scratch_, "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"};
    old.line.begin(ok, {}, true);
    EXPECT_EQ(old.say("hello", true), flow::done);
    EXPECT_EQ(old.heard(), ok + "connection: close\r\n\r\nhello") << "its end is the connection's";
    EXPECT_EQ(old.line.what_follows(), after::close);
    joint asked{loop_, scratch_, "GET / HTTP/1.1\r\nhost: weir\r\nconnection: close\r\n\r\n"};
    asked.line.begin(ok, {body_size::kind::known, 0}, true);
    EXPECT_EQ(asked.say("", true), flow::done);
    EXPECT_EQ(asked.heard(), ok + "content-length: 0\r\nconnection: close\r\n\r\n");
    joint drained{loop_, scratch_, get};
    drained.line.begin(ok, {body_size::kind::known, 0}, false);
    EXPECT_EQ(drained.say("", true), flow::done);
    EXPECT_EQ(drained.line.what_follows(), after::close);
}

TEST_F(ClientLine, LetsNothingIncompleteLookComplete) {
    joint chunked{loop_, scratch_, get};
    chunked.line.begin(ok, {}, true);
    EXPECT_EQ(chunked.say("half", false), flow::done);
    chunked.line.end_as(client_stream::ending::cut);
    EXPECT_EQ(chunked.line.what_follows(), after::cut) << "the last chunk is missing";
    joint sized{loop_, scratch_, get};
    sized.line.begin(ok, {body_size::kind::known, 9}, true);
    EXPECT_EQ(sized.say("half", false), flow::done);
    sized.line.end_as(client_stream::ending::cut);
    EXPECT_EQ(sized.line.what_follows(), after::cut) << "so are bytes";
    joint body{loop_, scratch_, get};
    body.line.begin(ok, {body_size::kind::known, 9}, true);
    body.line.end_as(client_stream::ending::reset);
    EXPECT_EQ(body.line.what_follows(), after::abort);
    joint old{loop_, scratch_, "GET / HTTP/1.0\r\n\r\n"};
    old.line.begin(ok, {}, true);
    old.line.end_as(client_stream::ending::cut);
    EXPECT_EQ(old.line.what_follows(), after::abort) << "its end would be the answer's";
    joint silent{loop_, scratch_, get};
    EXPECT_EQ(silent.line.what_follows(), after::cut) << "nothing was answered";
}

TEST_F(ClientLine, KeepsWhatASlowClientHasNotTakenWhateverOthersWrite) {
    joint slow{loop_, scratch_, get}, quick{loop_, scratch_, get};
    const std::string much(1 << 20, 's');
    slow.line.begin("HTTP/1.1 200 OK\r\nx-of: slow\r\n", {}, true);
    ASSERT_EQ(slow.say(much, true), flow::later);
    EXPECT_FALSE(slow.line.writable());
    quick.line.begin("HTTP/1.1 200 OK\r\nx-of: quick\r\n", {}, true);
    EXPECT_EQ(quick.say("q", false), flow::done);
    EXPECT_EQ(quick.say("q", true), flow::done);
    std::string heard;
    flow how = flow::later;
    for (int i = 0; i < 10000 && how == flow::later; ++i) {
        heard += slow.heard();
        slow.line.socket().flags |= net::can_write;
        how = slow.line.flush();
    }
    heard += slow.heard();
    EXPECT_EQ(how, flow::done);
    EXPECT_EQ(heard, "HTTP/1.1 200 OK\r\nx-of: slow\r\ntransfer-encoding: chunked\r\n\r\n100000\r\n" + much + "\r\n0\r\n\r\n");
    EXPECT_EQ(quick.heard(), "HTTP/1.1 200 OK\r\nx-of: quick\r\ntransfer-encoding: chunked\r\n\r\n1\r\nq\r\n1\r\nq\r\n0\r\n\r\n");
}

TEST_F(ClientLine, SendsNoHeadThatAnotherOneBeganAndNeverSent) {
    joint broken{loop_, scratch_, get}, other{loop_, scratch_, get};
    other.line.begin(ok, {}, true);
    EXPECT_EQ(other.say("a", false), flow::done);
    broken.line.begin("HTTP/1.1 200 OK\r\nx-secret: of-broken\r\n", {}, true);
    EXPECT_EQ(other.say("b", true), flow::done);
    EXPECT_EQ(other.heard(), ok + "transfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
}

TEST_F(ClientLine, ReadsItsHeadAgainWhereAnotherOneUsedTheScratchSpace) {
    joint first{loop_, scratch_, "GET /first HTTP/1.1\r\nhost: weir\r\n\r\n"}, second{loop_, scratch_, "GET /second HTTP/1.1\r\nhost: weir\r\n\r\n"};
    EXPECT_EQ(first.line.head().path, "/first");
    EXPECT_EQ(second.line.head().path, "/second");
    EXPECT_EQ(first.line.head().path, "/first");
    first.line.leave_input(0);
    EXPECT_TRUE(first.line.input().empty());
}

TEST_F(ClientLine, InvitesABodyOnceAndOnlyWhereNoneIsThere) {
    joint waits{loop_, scratch_, "POST / HTTP/1.1\r\nhost: weir\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n"};
    EXPECT_EQ(waits.line.invite_body(), flow::done);
    EXPECT_EQ(waits.heard(), "HTTP/1.1 100 Continue\r\n\r\n");
    joint sends{loop_, scratch_, "POST / HTTP/1.1\r\nhost: weir\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\nabc"};
    EXPECT_EQ(sends.line.invite_body(), flow::done);
    EXPECT_EQ(sends.heard(), "");
}

// --- bodies without a length ---

namespace {

using piece = wire::body_piece::kind;

/// What came of a chunked body whose bytes arrive in slices of this size, and where the next request begins.
struct heard_body {
    std::string body;
    piece last = piece::none;
    std::string why;
    std::string behind;
};

heard_body hear(net::reactor& loop, wire::head_scratch& scratch, std::string_view bytes, std::size_t slice) {
    joint j{loop, scratch, "POST / HTTP/1.1\r\nhost: weir\r\ntransfer-encoding: chunked\r\n\r\n"};
    const auto head = std::string{j.line.input().view().substr(0, j.line.head_size())};
    heard_body out;
    for (std::size_t at = 0; out.last == piece::none || out.last == piece::bytes;) {
        const auto next = j.line.next_piece(1000);
        out.last = next.is;
        EXPECT_EQ(j.line.input().view().substr(0, j.line.head_size()), head) << "the head stays where it is";
        if (next.is == piece::bytes) out.body += next.bytes;
        if (next.is == piece::malformed) out.why = next.bytes;
        if (next.is != piece::none) continue;
        const auto some = bytes.substr(std::min(at, bytes.size()), slice);
        if (some.empty()) break;
        at += some.size();
        EXPECT_EQ(::send(j.other, some.data(), some.size(), MSG_NOSIGNAL), static_cast<ssize_t>(some.size()));
        j.line.socket().flags |= net::can_read;
        EXPECT_EQ(j.line.read_more(~std::size_t{0}).what, net::io::ok);
    }
    j.line.leave_input(0);
    out.behind = j.line.input().view();
    return out;
}

}  // namespace

TEST_F(ClientLine, TakesABodyOutOfItsChunksUnderEverySlicing) {
    constexpr std::string_view bytes = "3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nx-sum: t\r\n\r\nGET";
    for (std::size_t slice = 1; slice <= bytes.size(); ++slice) {
        const auto got = hear(loop_, scratch_, bytes, slice);
        EXPECT_EQ(got.last, piece::end) << slice;
        EXPECT_EQ(got.body, "abc0123456789") << slice;
        EXPECT_EQ(got.behind, std::string_view{"GET"}.substr(0, got.behind.size())) << slice;
        if (slice == bytes.size()) {
            EXPECT_EQ(got.behind, "GET") << "what came along belongs to the next request";
        }
    }
}

TEST_F(ClientLine, RefusesChunksThatAreMalformedOrTooLarge) {
    EXPECT_EQ(hear(loop_, scratch_, "3\r\nabcd\r\n", 100).last, piece::malformed);
    EXPECT_FALSE(hear(loop_, scratch_, "3\r\nabcd\r\n", 100).why.empty());
    EXPECT_EQ(hear(loop_, scratch_, "x\r\n", 1).last, piece::malformed);
    EXPECT_EQ(hear(loop_, scratch_, "3e9\r\n", 1).last, piece::too_large);
    EXPECT_EQ(hear(loop_, scratch_, "3e8\r\n", 1).last, piece::none);
    EXPECT_EQ(hear(loop_, scratch_, "3\r\nab", 1).last, piece::none) << "the rest may still come";
}

TEST_F(ClientLine, KnowsWhetherAnEndIsSeen) {
    EXPECT_TRUE((joint{loop_, scratch_, get}.line.shows_ends()));
    EXPECT_FALSE((joint{loop_, scratch_, "GET / HTTP/1.0\r\n\r\n"}.line.shows_ends()));
}
