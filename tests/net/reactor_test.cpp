// The event loop: sleeping, waking, posting, yielding, and events of sockets that go away in the middle of a batch.
#include "net/reactor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/net_support.hpp"

namespace {

using namespace std::chrono_literals;
using weir::net::task;
using weir::net::waiter;
using weir::net::woken;
using weir::test::one_loop;
using weir::test::stream_pair;

task<void> sleep_until_deadline(one_loop& in, woken& why, weir::core::duration& slept) {
    waiter w{in.loop()};
    const auto began = in.loop().tick();
    why = co_await w.wait(began + 30ms);
    slept = in.loop().tick() - began;
}

task<void> sleep_until_posted(one_loop& in, woken& why) {
    waiter w{in.loop()};
    std::jthread other{[&in, &w] { in.loop().post([&w] { w.wake(); }); }};
    why = co_await w.wait(in.in(5s));
}

task<void> interrupted_before_it_sleeps(one_loop& in, woken& first, woken& second) {
    waiter w{in.loop()};
    w.interrupt();
    first = co_await w.wait(in.in(5s));
    second = co_await w.wait(in.in(10ms));
}

task<void> count_turns(one_loop& in, std::string& log, char name, int& running) {
    waiter w{in.loop()};
    for (int i = 0; i < 3; ++i) {
        log += name;
        co_await w.yield();
    }
    --running;
}

weir::net::detached start(task<void> t) {
    auto mine = std::move(t);
    co_await std::move(mine);
}

task<void> take_turns(one_loop& in, std::string& log) {
    int running = 2;
    waiter w{in.loop()};
    auto a = count_turns(in, log, 'a', running), b = count_turns(in, log, 'b', running);
    start(std::move(a));
    start(std::move(b));
    while (running > 0) co_await w.yield();
}

// On its first event it takes the other away, as an exchange does that closes its upstream.
struct rival final : weir::net::channel {
    explicit rival(weir::net::reactor& r) : loop(r) {}
    void on_ready() override {
        ++events;
        if (other && *other) {
            loop.remove(**other);
            ::close((*other)->fd);
            other->reset();
        }
    }
    weir::net::reactor& loop;
    std::unique_ptr<rival>* other = nullptr;
    int events = 0;
};

}  // namespace

TEST(Reactor, WakesAtTheDeadline) {
    one_loop in;
    woken why{};
    weir::core::duration slept{};
    in.run(sleep_until_deadline(in, why, slept));
    EXPECT_EQ(why, woken::deadline);
    EXPECT_GE(slept, 30ms);
    EXPECT_LT(slept, 5s);
}

TEST(Reactor, RunsWhatAnotherThreadPosts) {
    one_loop in;
    woken why{};
    in.run(sleep_until_posted(in, why));
    EXPECT_EQ(why, woken::event);
}

TEST(Reactor, RemembersAnInterruptionUntilTheNextSleep) {
    one_loop in;
    woken first{}, second{};
    in.run(interrupted_before_it_sleeps(in, first, second));
    EXPECT_EQ(first, woken::interrupted);
    EXPECT_EQ(second, woken::deadline);
}

TEST(Reactor, LetsThoseThatYieldTakeTurns) {
    one_loop in;
    std::string log;
    in.run(take_turns(in, log));
    EXPECT_EQ(log, "ababab");
}

TEST(Reactor, DropsEventsOfAChannelThatWasRemovedInTheSameBatch) {
    weir::net::reactor loop;
    stream_pair first, second;
    auto a = std::make_unique<rival>(loop), b = std::make_unique<rival>(loop);
    a->fd = first.give_ours();
    b->fd = second.give_ours();
    a->other = &b;
    b->other = &a;
    ASSERT_TRUE(loop.add(*a));
    ASSERT_TRUE(loop.add(*b));
    first.say("x");
    second.say("x");
    loop.turn();
    // Both had an event in one batch; whichever came first removed the other, and nothing touched what was gone.
    EXPECT_NE(a == nullptr, b == nullptr);
    const auto& left = a ? a : b;
    ASSERT_TRUE(left);
    EXPECT_EQ(left->events, 1);
    loop.remove(*left);
    ::close(left->fd);
}

TEST(Reactor, ReportsAHangUpAsReadableAndWritable) {
    weir::net::reactor loop;
    stream_pair pair;
    rival c{loop};
    c.fd = pair.give_ours();
    ASSERT_TRUE(loop.add(c));
    pair.hang_up();
    loop.turn();
    EXPECT_EQ(c.flags, weir::net::can_read | weir::net::can_write | weir::net::hung_up);
    loop.remove(c);
    ::close(c.fd);
}

TEST(Reactor, RunsWhatWasPostedBeforeItStops) {
    weir::net::reactor loop;
    std::atomic<int> ran{0};
    loop.post([&] {
        ++ran;
        loop.post([&] { ++ran; });
        loop.stop();
    });
    loop.run();
    EXPECT_EQ(ran, 2);
}
