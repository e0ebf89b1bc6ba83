// Who waits for a slot is served in the order of coming, nobody is forgotten, and nobody overtakes.
#include "policy/upstreams/wait_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "policy/upstreams/balancer.hpp"

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;

/// Writes down who was rung.
struct book final : wait_queue::bell {
    std::vector<std::uint64_t> rung;
    void ring(std::uint64_t ticket) override { rung.push_back(ticket); }
};

TEST(WaitQueue, TellsTheOneThatCameFirst) {
    wait_queue line;
    book bells;
    const auto one = std::make_unique<wait_queue::place>(line, bells, 1, 10);
    const wait_queue::place two{line, bells, 2, 10};
    EXPECT_TRUE(one->first());
    EXPECT_FALSE(two.first());
    line.slot_freed();
    line.slot_freed();
    EXPECT_EQ(bells.rung, (std::vector<std::uint64_t>{1, 1}));
}

TEST(WaitQueue, TellsNobodyWhenNobodyWaits) {
    wait_queue line;
    EXPECT_FALSE(line.occupied());
    line.slot_freed();
    EXPECT_EQ(line.waiting(), 0u);
}

TEST(WaitQueue, TakesNoMoreThanItsSize) {
    wait_queue line;
    book bells;
    auto one = std::make_unique<wait_queue::place>(line, bells, 1, 2);
    const wait_queue::place two{line, bells, 2, 2};
    EXPECT_FALSE((wait_queue::place{line, bells, 3, 2}.in_line()));
    EXPECT_EQ(line.waiting(), 2u);
    one.reset();
    EXPECT_TRUE((wait_queue::place{line, bells, 4, 2}.in_line()));
    EXPECT_FALSE((wait_queue::place{line, bells, 5, 0}.in_line()));
}

TEST(WaitQueue, TellsTheNextWhenTheFirstLeavesSinceASlotMayBeFree) {
    wait_queue line;
    book bells;
    auto one = std::make_unique<wait_queue::place>(line, bells, 1, 10);
    auto two = std::make_unique<wait_queue::place>(line, bells, 2, 10);
    const wait_queue::place three{line, bells, 3, 10};
    one.reset();
    EXPECT_EQ(bells.rung, (std::vector<std::uint64_t>{2}));
    EXPECT_TRUE(two->first());
    two.reset();
    EXPECT_EQ(bells.rung, (std::vector<std::uint64_t>{2, 3}));
}

TEST(WaitQueue, LetsTheMiddleLeaveWithoutAWord) {
    wait_queue line;
    book bells;
    auto one = std::make_unique<wait_queue::place>(line, bells, 1, 10);
    auto two = std::make_unique<wait_queue::place>(line, bells, 2, 10);
    auto three = std::make_unique<wait_queue::place>(line, bells, 3, 10);
    two.reset();
    EXPECT_TRUE(bells.rung.empty());
    EXPECT_EQ(line.waiting(), 2u);
    three.reset();
    EXPECT_TRUE(one->first());
    one.reset();
    EXPECT_TRUE(bells.rung.empty());
    EXPECT_FALSE(line.occupied());
}

TEST(WaitQueue, HearsOfEveryRequestThatAnUpstreamEnds) {
    const auto line = std::make_shared<wait_queue>();
    upstream_state full{line};
    ASSERT_TRUE(full.load.try_start(1));
    book bells;
    const wait_queue::place one{*line, bells, 7, 10};
    EXPECT_FALSE(full.load.try_start(1));
    full.load.request_ended();
    EXPECT_EQ(bells.rung, (std::vector<std::uint64_t>{7}));
    EXPECT_TRUE(full.load.try_start(1));
}

/// A thread that sleeps until it is rung.
struct sleeper final : wait_queue::bell {
    std::mutex lock;
    std::condition_variable woken;
    bool told = false;
    void ring(std::uint64_t) override {
        const std::lock_guard hold{lock};
        told = true;
        woken.notify_one();
    }
    bool sleep() {
        std::unique_lock hold{lock};
        const bool in_time = woken.wait_for(hold, 20s, [&] { return told; });
        told = false;
        return in_time;
    }
};

// No thread looks again on its own: one lost word would leave it asleep.
TEST(WaitQueue, LosesNoWordAmongThreadsThatTakeAndFreeSlots) {
    const auto line = std::make_shared<wait_queue>();
    upstream_state shared{line};
    constexpr std::int64_t slots = 2;
    std::atomic<std::int64_t> most{0};
    std::atomic<int> served{0}, waited{0}, forgotten{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t)
        threads.emplace_back([&] {
            sleeper self;
            for (int i = 0; i < 4000; ++i) {
                bool in = !line->occupied() && shared.load.try_start(slots);
                if (!in) {
                    ++waited;
                    const wait_queue::place place{*line, self, 1, 100};
                    while (!(place.first() && shared.load.try_start(slots)))
                        if (!self.sleep()) {
                            ++forgotten;
                            return;
                        }
                }
                auto seen = most.load();
                while (seen < shared.load.in_flight() && !most.compare_exchange_weak(seen, shared.load.in_flight())) {
                }
                ++served;
                if (i % 4 == 0) std::this_thread::yield();  // so that others find the slots taken
                shared.load.request_ended();
            }
        });
    for (auto& t : threads) t.join();
    EXPECT_EQ(forgotten, 0);
    EXPECT_GT(waited, 100);
    EXPECT_EQ(served, 6 * 4000);
    EXPECT_LE(most, slots);
    EXPECT_EQ(shared.load.in_flight(), 0);
    EXPECT_FALSE(line->occupied());
}

}  // namespace
