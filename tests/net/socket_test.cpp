// Plain sockets over a pair: readiness that sticks until a short read or write, ends, and aborts.
#include "net/socket.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "net/net_support.hpp"

namespace {

using namespace std::chrono_literals;
using weir::net::io;
using tcp_socket = weir::net::socket;
using weir::net::task;
using weir::net::waiter;
using weir::test::listening_port;
using weir::test::one_loop;
using weir::test::stream_pair;
using weir::test::write_text;

struct fixture {
    one_loop in;
    stream_pair pair;
    tcp_socket ours;
    fixture() { EXPECT_TRUE(ours.open(in.loop(), pair.give_ours())); }
};

std::string read_once(tcp_socket& s, io& what, std::size_t room = 1024) {
    std::string text(room, '\0');
    const auto r = s.read(text.data(), text.size());
    what = r.what;
    text.resize(r.bytes);
    return text;
}

task<void> read_until_eof(fixture& f, std::string& all, io& last) {
    waiter w{f.in.loop()};
    f.ours.set_owner(&w);
    for (;;) {
        const auto text = read_once(f.ours, last, 7);
        all += text;
        if (last == io::again)
            co_await w.wait(f.in.in(5s));
        else if (last != io::ok)
            break;
    }
    f.ours.set_owner(nullptr);
}

task<void> write_all(fixture& f, const std::string& text, std::size_t& waits, std::string& heard) {
    waiter w{f.in.loop()};
    f.ours.set_owner(&w);
    for (std::size_t sent = 0; sent < text.size();) {
        const auto r = write_text(f.ours, std::string_view{text}.substr(sent));
        sent += r.bytes;
        if (r.what == io::ok) continue;
        EXPECT_EQ(r.what, io::again);
        EXPECT_FALSE(f.ours.writable());
        ++waits;
        heard += f.pair.hear();
        co_await w.wait(f.in.in(5s));
    }
    f.ours.set_owner(nullptr);
}

}  // namespace

TEST(Socket, KnowsAfterAShortReadThatThereIsNoMore) {
    fixture f;
    f.pair.say("hello");
    io what{};
    EXPECT_EQ(read_once(f.ours, what), "hello");
    EXPECT_EQ(what, io::ok);
    EXPECT_FALSE(f.ours.readable());
    // No system call is made now: even bytes that are there wait for their edge.
    f.pair.say("more");
    EXPECT_EQ(read_once(f.ours, what), "");
    EXPECT_EQ(what, io::again);
    EXPECT_EQ(f.ours.bytes_read, 5u);
}

TEST(Socket, StaysReadableAfterAFullRead) {
    fixture f;
    f.pair.say("hello");
    io what{};
    EXPECT_EQ(read_once(f.ours, what, 2), "he");
    EXPECT_TRUE(f.ours.readable());
    EXPECT_EQ(read_once(f.ours, what, 3), "llo");
    EXPECT_TRUE(f.ours.readable());
    EXPECT_EQ(read_once(f.ours, what), "");
    EXPECT_EQ(what, io::again);
}

TEST(Socket, ReadsEverythingThatCameBeforeTheEnd) {
    fixture f;
    f.pair.say("the last words");
    f.pair.hang_up();
    std::string all;
    io last{};
    f.in.run(read_until_eof(f, all, last));
    EXPECT_EQ(all, "the last words");
    EXPECT_EQ(last, io::eof);
    EXPECT_EQ(f.ours.bytes_read, 14u);
}

TEST(Socket, SeesWhatComesAfterItSlept) {
    fixture f;
    std::string all;
    io last{};
    std::jthread other{[&f] {
        for (const auto* part : {"one", "two", "three"}) {
            std::this_thread::sleep_for(5ms);
            f.pair.say(part);
        }
        f.pair.hang_up();
    }};
    f.in.run(read_until_eof(f, all, last));
    EXPECT_EQ(all, "onetwothree");
    EXPECT_EQ(last, io::eof);
}

TEST(Socket, WaitsWhenThePeerDoesNotRead) {
    fixture f;
    std::string text;
    for (int i = 0; text.size() < 2u << 20; ++i) text += std::to_string(i);
    std::size_t waits = 0;
    std::string heard;
    f.in.run(write_all(f, text, waits, heard));
    for (std::string more = f.pair.hear(); !more.empty(); more = f.pair.hear()) heard += more;
    EXPECT_GT(waits, 0u);
    EXPECT_EQ(heard, text);
}

TEST(Socket, WritesPiecesInOrderInOneGo) {
    fixture f;
    const std::string a = "head\r\n", b = "body", c = "\r\n";
    const iovec pieces[] = {
        {const_cast<char*>(a.data()), a.size()}, {const_cast<char*>(b.data()), b.size()}, {const_cast<char*>(c.data()), c.size()}};
    const auto r = f.ours.write(pieces);
    EXPECT_EQ(r.what, io::ok);
    EXPECT_EQ(r.bytes, 12u);
    EXPECT_EQ(f.pair.hear(), "head\r\nbody\r\n");
}

TEST(Socket, FailsToWriteToAPeerThatIsGone) {
    fixture f;
    f.pair.hang_up();
    EXPECT_EQ(write_text(f.ours, "x").what, io::failed);
}

TEST(Socket, EndsItsSideAndStillReads) {
    fixture f;
    f.ours.shutdown_write();
    char byte = 0;
    f.pair.say("still");
    io what{};
    EXPECT_EQ(read_once(f.ours, what), "still");
    const int theirs = f.pair.give_theirs();
    EXPECT_EQ(::recv(theirs, &byte, 1, 0), 0);
    ::close(theirs);
}

TEST(Socket, ResetsTheConnectionWhenItAborts) {
    weir::net::reactor loop;
    listening_port port;
    const auto to = weir::net::literal("127.0.0.1", port.port());
    const int ours = ::socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_EQ(::connect(ours, to->get(), to->size), 0);
    const int theirs = port.accept();
    ASSERT_GE(theirs, 0);
    tcp_socket s;
    ASSERT_TRUE(s.open(loop, ours));
    s.abort();
    EXPECT_FALSE(s.is_open());
    char byte = 0;
    errno = 0;
    EXPECT_EQ(::recv(theirs, &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
    ::close(theirs);
}

// Two for each stream.
TEST(Socket, TakesNoMoreThanACacheLine) { EXPECT_LE(sizeof(tcp_socket), 64u); }

TEST(Socket, CanBeOpenedAgainAfterItWasClosed) {
    fixture f;
    f.pair.say("old");
    f.ours.close();
    stream_pair next;
    ASSERT_TRUE(f.ours.open(f.in.loop(), next.give_ours()));
    EXPECT_EQ(f.ours.bytes_read, 0u);
    next.say("new");
    io what{};
    EXPECT_EQ(read_once(f.ours, what), "new");
}
#ifndef NDEBUG
// A coroutine that takes an end for something new and asks again: nothing else of its worker would ever run.
TEST(SocketDeathTest, ALoopThatNeitherMovesBytesNorSleepsEndsTheProgram) {
    fixture f;
    f.pair.say("all of it");
    f.pair.hang_up();
    io what{};
    EXPECT_EQ(read_once(f.ours, what), "all of it");
    EXPECT_DEATH(
        {
            for (;;) (void)read_once(f.ours, what);
        },
        "turns without progress");
}

TEST(Socket, ALoopThatSleepsInBetweenMayAskInVainForEver) {
    fixture f;
    const auto story = [](fixture& in_it) -> task<void> {
        waiter w{in_it.in.loop()};
        io what{};
        for (unsigned i = 0; i < 3 * weir::net::turn_counter::most; ++i) {
            (void)read_once(in_it.ours, what);
            if (i % 1000 == 0) co_await w.yield();
        }
    };
    f.in.run(story(f));
}
#endif
