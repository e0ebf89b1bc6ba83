// Connections to an upstream: dialling and its failures, and reuse only of connections that are silent and alive.
#include "net/upstream.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "net/net_support.hpp"

namespace {

using namespace std::chrono_literals;
using weir::net::dial_failure;
using weir::net::dial_result;
using weir::net::task;
using weir::net::upstream_connection;
using weir::net::upstream_connections;
using weir::net::waiter;
using weir::test::listening_port;
using weir::test::one_loop;
using weir::test::stream_pair;

std::shared_ptr<weir::net::upstream_target> target_at(std::uint16_t port, int keep = 8, std::chrono::milliseconds idle = 50s) {
    static weir::net::resolver names;
    auto t = std::make_shared<weir::net::upstream_target>();
    t->name = names.watch("127.0.0.1", std::to_string(port));
    t->keep = {keep, idle};
    return t;
}

// The test's own end of connections that were accepted.
struct peer {
    explicit peer(int descriptor) : fd(descriptor) {}
    ~peer() {
        if (fd >= 0) ::close(fd);
    }
    peer(const peer&) = delete;
    peer& operator=(const peer&) = delete;
    void say(std::string_view text) const { EXPECT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size())); }
    void hang_up() { ::close(std::exchange(fd, -1)); }
    int fd;
};

using story = task<void> (*)(one_loop&, upstream_connections&, listening_port&);

void run(story tell, std::shared_ptr<weir::net::upstream_target> (*target)(std::uint16_t) = [](std::uint16_t p) { return target_at(p); }) {
    one_loop in;
    listening_port port;
    upstream_connections pool{in.loop(), target(port.port())};
    in.run(tell(in, pool, port));
}

task<std::unique_ptr<upstream_connection>> dialled(one_loop& in, upstream_connections& pool, waiter& w) {
    auto c = std::make_unique<upstream_connection>();
    auto dialling = pool.dial(*c, w, nullptr, in.in(5s));
    const dial_result r = co_await std::move(dialling);
    EXPECT_EQ(r.why, dial_failure::none) << r.detail;
    co_return c;
}

// Lets the loop look at what has happened on sockets.
task<void> look_around(one_loop& in, waiter& w) {
    const auto until = in.in(20ms);
    while (in.loop().tick() < until) co_await w.wait(until);
}

task<void> reuse(one_loop& in, upstream_connections& pool, listening_port& port) {
    waiter w{in.loop()};
    auto first = dialled(in, pool, w);
    auto c = co_await std::move(first);
    const peer p{port.accept()};
    EXPECT_FALSE(c->reused);
    const auto* const kept = c.get();
    pool.give_back(std::move(c));
    EXPECT_EQ(pool.idle(), 1u);
    auto again = pool.take_idle();
    EXPECT_EQ(again.get(), kept);
    EXPECT_TRUE(again && again->reused);
    EXPECT_EQ(pool.take_idle(), nullptr);
}

task<void> newest_first(one_loop& in, upstream_connections& pool, listening_port&) {
    waiter w{in.loop()};
    auto dial_a = dialled(in, pool, w);
    auto a = co_await std::move(dial_a);
    auto dial_b = dialled(in, pool, w);
    auto b = co_await std::move(dial_b);
    auto dial_c = dialled(in, pool, w);
    auto c = co_await std::move(dial_c);
    const auto* const newest = c.get();
    pool.give_back(std::move(a));
    pool.give_back(std::move(b));
    pool.give_back(std::move(c));
    EXPECT_EQ(pool.idle(), 2u);  // the target keeps two
    const auto taken = pool.take_idle();
    EXPECT_EQ(taken.get(), newest);
}

task<void> idle_bytes(one_loop& in, upstream_connections& pool, listening_port& port) {
    waiter w{in.loop()};
    auto first = dialled(in, pool, w);
    auto c = co_await std::move(first);
    const peer p{port.accept()};
    pool.give_back(std::move(c));
    auto looking = look_around(in, w);
    co_await std::move(looking);
    EXPECT_EQ(pool.idle(), 1u);  // the edges of a new socket say nothing
    p.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    auto looking_again = look_around(in, w);
    co_await std::move(looking_again);
    EXPECT_EQ(pool.idle(), 0u);
}

task<void> idle_end(one_loop& in, upstream_connections& pool, listening_port& port) {
    waiter w{in.loop()};
    auto first = dialled(in, pool, w);
    auto c = co_await std::move(first);
    peer p{port.accept()};
    pool.give_back(std::move(c));
    p.hang_up();
    auto looking = look_around(in, w);
    co_await std::move(looking);
    EXPECT_EQ(pool.idle(), 0u);
}

// Bytes that came behind the answer while the exchange was still busy with its client: their edge has been and gone.
task<void> unread_bytes(one_loop& in, upstream_connections& pool, listening_port& port) {
    waiter w{in.loop()};
    auto first = dialled(in, pool, w);
    auto c = co_await std::move(first);
    const peer p{port.accept()};
    char byte = 0;
    while (c->sock.read(&byte, 1).what == weir::net::io::ok) {
    }
    p.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    auto looking = look_around(in, w);
    co_await std::move(looking);
    EXPECT_TRUE(c->sock.readable());
    pool.give_back(std::move(c));
    EXPECT_EQ(pool.idle(), 0u);
    EXPECT_EQ(pool.take_idle(), nullptr);
}

// The loop has not looked since: the exchange that wants a connection runs in the same turn.
task<void> bytes_before_the_loop_looks(one_loop& in, upstream_connections& pool, listening_port& port) {
    waiter w{in.loop()};
    auto first = dialled(in, pool, w);
    auto c = co_await std::move(first);
    const peer p{port.accept()};
    pool.give_back(std::move(c));
    EXPECT_EQ(pool.idle(), 1u);
    p.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    EXPECT_EQ(pool.take_idle(), nullptr);
}

task<void> end_before_the_loop_looks(one_loop& in, upstream_connections& pool, listening_port& port) {
    waiter w{in.loop()};
    auto first = dialled(in, pool, w);
    auto c = co_await std::move(first);
    peer p{port.accept()};
    pool.give_back(std::move(c));
    p.hang_up();
    EXPECT_EQ(pool.take_idle(), nullptr);
}

task<void> peer_gone(one_loop& in, upstream_connections& pool, listening_port& port) {
    waiter w{in.loop()};
    auto first = dialled(in, pool, w);
    auto c = co_await std::move(first);
    peer p{port.accept()};
    p.hang_up();
    auto looking = look_around(in, w);
    co_await std::move(looking);
    pool.give_back(std::move(c));
    EXPECT_EQ(pool.idle(), 0u);
}

task<void> expired(one_loop& in, upstream_connections& pool, listening_port& port) {
    waiter w{in.loop()};
    auto first = dialled(in, pool, w);
    auto c = co_await std::move(first);
    const peer p{port.accept()};
    pool.give_back(std::move(c));
    pool.close_expired(in.loop().now());
    EXPECT_EQ(pool.idle(), 1u);
    pool.close_expired(in.loop().now() + 51s);
    EXPECT_EQ(pool.idle(), 0u);
}

task<void> too_old_to_take(one_loop& in, upstream_connections& pool, listening_port& port) {
    waiter w{in.loop()};
    auto first = dialled(in, pool, w);
    auto c = co_await std::move(first);
    const peer p{port.accept()};
    pool.give_back(std::move(c));
    auto looking = look_around(in, w);
    co_await std::move(looking);
    EXPECT_EQ(pool.take_idle(), nullptr);  // this target keeps connections for 5 ms
}

task<void> refused(one_loop& in, upstream_connections& pool, listening_port& port) {
    waiter w{in.loop()};
    port.close();
    upstream_connection c;
    auto dialling = pool.dial(c, w, nullptr, in.in(5s));
    const dial_result r = co_await std::move(dialling);
    EXPECT_EQ(r.why, dial_failure::connect);
    EXPECT_NE(r.detail.find("refused"), std::string::npos) << r.detail;
    EXPECT_FALSE(c.sock.is_open());
}

// The client hangs up while the upstream's TLS does not answer.
task<void> cancelled(one_loop& in, upstream_connections& pool, listening_port&) {
    waiter w{in.loop()};
    stream_pair client;
    weir::net::socket watched;
    EXPECT_TRUE(watched.open(in.loop(), client.give_ours()));
    watched.set_owner(&w);
    client.hang_up();
    upstream_connection c;
    auto dialling = pool.dial(c, w, &watched, in.in(5s));
    const dial_result r = co_await std::move(dialling);
    EXPECT_EQ(r.why, dial_failure::cancelled);
    EXPECT_FALSE(c.sock.is_open());
}

task<void> silent_tls(one_loop& in, upstream_connections& pool, listening_port&) {
    waiter w{in.loop()};
    upstream_connection c;
    const auto began = in.loop().tick();
    auto dialling = pool.dial(c, w, nullptr, in.in(60ms));
    const dial_result r = co_await std::move(dialling);
    EXPECT_EQ(r.why, dial_failure::timeout);
    EXPECT_GE(in.loop().tick() - began, 60ms);
    EXPECT_FALSE(c.sock.is_open());
}

std::shared_ptr<weir::net::upstream_target> tls_target(std::uint16_t port) {
    auto t = target_at(port);
    weir::net::tls_client_settings trust_nobody;
    trust_nobody.verify = false;
    t->tls = true;
    t->verify = false;
    t->context = weir::net::make_client_context(trust_nobody);
    return t;
}

}  // namespace

TEST(Upstream, UsesAnIdleConnectionAgain) { run(reuse); }
TEST(Upstream, KeepsAsManyAsItIsToldAndTakesTheNewestFirst) {
    run(newest_first, [](std::uint16_t p) { return target_at(p, 2); });
}
TEST(Upstream, ClosesAnIdleConnectionThatSpeaks) { run(idle_bytes); }
TEST(Upstream, ClosesAnIdleConnectionThatEnds) { run(idle_end); }
TEST(Upstream, NeverKeepsAConnectionWithUnreadBytes) { run(unread_bytes); }
TEST(Upstream, NeverKeepsAConnectionWhosePeerIsGone) { run(peer_gone); }
TEST(Upstream, NeverTakesAConnectionWithBytesThatTheLoopHasNotSeenYet) { run(bytes_before_the_loop_looks); }
TEST(Upstream, NeverTakesAConnectionWhoseEndTheLoopHasNotSeenYet) { run(end_before_the_loop_looks); }
TEST(Upstream, ClosesWhatHasBeenIdleTooLong) { run(expired); }
TEST(Upstream, NeverTakesWhatHasBeenIdleTooLong) {
    run(too_old_to_take, [](std::uint16_t p) { return target_at(p, 8, 5ms); });
}
TEST(Upstream, SaysThatAConnectionWasRefused) { run(refused); }
TEST(Upstream, StopsDiallingWhenTheClientGoes) { run(cancelled, tls_target); }
TEST(Upstream, GivesUpOnAnUpstreamThatAcceptsAndSaysNothing) { run(silent_tls, tls_target); }
TEST(Upstream, KeepsNothingWhenItIsToldSo) {
    run(
        [](one_loop& in, upstream_connections& pool, listening_port&) -> task<void> {
            waiter w{in.loop()};
            auto first = dialled(in, pool, w);
            auto c = co_await std::move(first);
            pool.give_back(std::move(c));
            EXPECT_EQ(pool.idle(), 0u);
        },
        [](std::uint16_t p) { return target_at(p, 0); });
}

// The first answer of the resolver comes while somebody dials: what is seen of it is all there is to see.
TEST(Upstream, DialsByANameThatIsBeingAnsweredForTheFirstTime) {
    for (int round = 0; round < 40; ++round) {
        weir::net::resolver names;
        one_loop in;
        listening_port port;
        auto t = std::make_shared<weir::net::upstream_target>();
        t->name = names.watch("localhost", std::to_string(port.port()));
        upstream_connections pool{in.loop(), t};
        while (!t->name->addresses() && !t->name->failed()) continue;
        const auto story = [](one_loop& loop, upstream_connections& from) -> task<void> {
            waiter w{loop.loop()};
            upstream_connection c;
            auto dialling = from.dial(c, w, nullptr, loop.in(5s));
            const dial_result r = co_await std::move(dialling);
            EXPECT_NE(r.why, dial_failure::timeout) << r.detail;
        };
        in.run(story(in, pool));
    }
}
