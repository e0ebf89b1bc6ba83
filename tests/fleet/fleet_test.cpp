// Several weirs' limits against a real store that goes, comes back, loses everything or is slow. Each weir here is a key ring
// and the thread that leases for it, as in the gateway.
#include "fleet/fleet.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support/store_server.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;
using policy::on_store_failure;
using test::store_server;

constexpr usage::nanousd usd = 1'000'000'000;

policy::key_settings shared_key() {
    policy::key_settings k;
    k.name = "k";
    k.sha256 = policy::sha256_of("sk");
    k.budgets = {{.amount = 10 * usd, .every = 24h * 30, .window = "30d"}};
    return k;
}

struct weir_of_fleet {
    weir_of_fleet(const store_server& store, std::string name, policy::key_settings key = shared_key(),
                  on_store_failure on_failure = on_store_failure::local)
        : ring(std::make_shared<policy::key_ring>(std::vector{std::move(key)})) {
        fleet::settings how;
        how.store.host = "127.0.0.1";
        how.store.port = std::to_string(store.port());
        how.store.shown = store.url();
        how.on_failure = on_failure;
        shared = std::make_unique<fleet::fleet>(std::move(how), std::move(name), [](std::string_view) {});
        shared->use(ring);
        shared->start(2s);
    }

    core::code ask(usage::nanousd cost, std::int64_t tokens = 0) {
        auto got = ring->admit(&ring->keys()[0], {.model = "m", .tokens = tokens, .cost = cost}, core::clock::now(), core::wall_clock::now());
        if (got.refused) return got.refused.what;
        got.held.settle(tokens, cost, core::wall_clock::now());
        return core::code::none;
    }
    /// Asks for `cost` each until it is refused for good; how much it got.
    usage::nanousd drain(usage::nanousd cost) {
        usage::nanousd total = 0;
        for (int refused = 0; refused < 8;) {
            if (ask(cost) == core::code::none) {
                total += cost;
                refused = 0;
                continue;
            }
            ++refused;
            std::this_thread::sleep_for(60ms);
        }
        return total;
    }
    usage::nanousd left() { return ring->keys()[0].left(0, core::wall_clock::now()); }
    bool wait_for(const std::function<bool()>& enough, std::chrono::milliseconds limit = 5000ms) {
        const auto until = std::chrono::steady_clock::now() + limit;
        while (std::chrono::steady_clock::now() < until) {
            if (enough()) return true;
            std::this_thread::sleep_for(5ms);
        }
        return enough();
    }
    bool in_touch(bool wanted = true) {
        return wait_for([&] { return shared->now().connected == wanted; });
    }

    std::shared_ptr<policy::key_ring> ring;
    std::unique_ptr<fleet::fleet> shared;
};

TEST(Fleet, SpendsOneBudgetTogether) {
    const store_server store;
    weir_of_fleet a{store, "a"}, b{store, "b"};
    ASSERT_TRUE(a.in_touch() && b.in_touch());
    usage::nanousd of_a = 0, of_b = 0;
    std::thread other{[&] { of_b = b.drain(usd / 1000); }};
    of_a = a.drain(usd / 1000);
    other.join();
    EXPECT_GE(of_a + of_b, 10 * usd - usd / 1000) << "a budget that is not used up";
    EXPECT_LE(of_a + of_b, 10 * usd + 2 * usd / 10) << "more than a slice for each";
    EXPECT_GT(of_a, 0);
    EXPECT_GT(of_b, 0);
}

TEST(Fleet, KnowsWhatTheOthersSpentBeforeItCame) {
    const store_server store;
    weir_of_fleet a{store, "a"};
    for (int i = 0; i < 8; ++i)
        ASSERT_TRUE(a.wait_for([&] { return a.ask(usd) == core::code::none; })) << i;
    weir_of_fleet b{store, "b"};
    EXPECT_TRUE(b.wait_for([&] { return b.left() <= 2 * usd; }));
    EXPECT_EQ(b.ask(3 * usd), core::code::budget_exceeded);
    EXPECT_EQ(b.shared->now().weirs, 2);
}

TEST(Fleet, GivesBackWhatItLeasedWhenItEnds) {
    const store_server store;
    weir_of_fleet b{store, "b"};
    {
        weir_of_fleet a{store, "a"};
        ASSERT_EQ(a.ask(4 * usd), core::code::none);
        ASSERT_TRUE(b.wait_for([&] { return b.left() < 6 * usd; }, 8000ms)) << "what is leased is not free for others";
    }
    EXPECT_TRUE(b.wait_for([&] { return b.left() == 6 * usd; }, 8000ms)) << b.left();
}

TEST(Fleet, CountsNothingTwiceWhenTheStoreComesBackEmpty) {
    store_server store;
    weir_of_fleet a{store, "a"}, b{store, "b"};
    ASSERT_TRUE(a.wait_for([&] { return a.ask(3 * usd) == core::code::none; }));
    ASSERT_TRUE(b.wait_for([&] { return b.ask(2 * usd) == core::code::none; }));
    ASSERT_TRUE(a.wait_for([&] { return a.left() < 6 * usd && b.left() < 6 * usd; }, 8000ms));
    store.kill();
    ASSERT_TRUE(a.in_touch(false) && b.in_touch(false));
    ASSERT_EQ(a.ask(usd), core::code::none) << "it goes on without the store";
    store.start();
    ASSERT_TRUE(a.in_touch() && b.in_touch());
    // 3 + 1 and 2 were spent: with the leases that are not used, at most two slices more than that is gone.
    EXPECT_TRUE(a.wait_for([&] { return a.left() <= 4 * usd && a.left() >= 4 * usd - 2 * usd; }));
    EXPECT_TRUE(b.wait_for([&] { return b.left() <= 4 * usd; }));
    a.shared.reset();
    b.shared.reset();
    weir_of_fleet c{store, "c"};
    EXPECT_TRUE(c.wait_for([&] { return c.left() == 4 * usd; })) << c.left();
}

TEST(Fleet, StaysWithinTheBudgetWhenTheStoreIsFlushed) {
    const store_server store;
    weir_of_fleet a{store, "a"}, b{store, "b"};
    ASSERT_TRUE(b.wait_for([&] { return b.ask(4 * usd) == core::code::none; }));
    ASSERT_TRUE(a.wait_for([&] { return a.left() <= 6 * usd; }, 8000ms));
    ASSERT_EQ(store.say("FLUSHALL"), "OK");
    EXPECT_LE(a.drain(usd / 1000), 6 * usd + 2 * usd / 10);
}

TEST(Fleet, GoesOnWithItsShareWhileTheStoreSaysNothing) {
    const store_server store;
    weir_of_fleet a{store, "a"}, b{store, "b"};
    ASSERT_TRUE(a.wait_for([&] { return a.shared->now().weirs == 2 && b.shared->now().weirs == 2; }));
    store.freeze();
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(a.ask(usd / 1000), core::code::none);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 100ms) << "a request waited for the store";
    ASSERT_TRUE(a.in_touch(false) && b.in_touch(false));
    const auto together = a.drain(usd / 100) + b.drain(usd / 100);
    EXPECT_GT(together, 8 * usd);
    EXPECT_LE(together, 10 * usd + 2 * usd / 10);
    store.thaw();
    EXPECT_TRUE(a.in_touch() && b.in_touch());
}

TEST(Fleet, RefusesWithoutTheStoreWhenItIsToldTo) {
    store_server store;
    weir_of_fleet a{store, "a", shared_key(), on_store_failure::refuse};
    ASSERT_TRUE(a.in_touch());
    store.kill();
    ASSERT_TRUE(a.in_touch(false));
    usage::nanousd got = 0;
    core::code last = core::code::none;
    for (int i = 0; i < 2000 && last == core::code::none; ++i) {
        last = a.ask(usd / 1000);
        if (last == core::code::none) got += usd / 1000;
    }
    EXPECT_EQ(last, core::code::overloaded);
    EXPECT_LE(got, usd) << "only what was leased";
    store.start();
    EXPECT_TRUE(a.wait_for([&] { return a.ask(usd / 1000) == core::code::none; }));
}

TEST(Fleet, KeepsItsShareOfARateWithOthers) {
    const store_server store;
    auto k = shared_key();
    k.budgets.clear();
    k.requests_per_minute = 600;
    weir_of_fleet a{store, "a", k}, b{store, "b", k}, c{store, "c", k};
    ASSERT_TRUE(a.in_touch() && b.in_touch() && c.in_touch());
    const auto began = std::chrono::steady_clock::now();
    std::array<int, 3> got{};
    std::vector<std::thread> askers;
    std::array<weir_of_fleet*, 3> all{&a, &b, &c};
    for (std::size_t i = 0; i < 3; ++i)
        askers.emplace_back([&, i] {
            while (std::chrono::steady_clock::now() - began < 2s) {
                got[i] += all[i]->ask(0) == core::code::none;
                std::this_thread::sleep_for(1ms);
            }
        });
    for (auto& each : askers) each.join();
    const int together = got[0] + got[1] + got[2];
    const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    EXPECT_GE(together, 600) << "the whole minute's allowance may come at once";
    EXPECT_LE(together, 600 + 10 * seconds + 3 * 6 + 1) << "a slice of 6 for each weir";
}

TEST(Fleet, SharesTokensThatAreGivenBack) {
    const store_server store;
    auto k = shared_key();
    k.budgets.clear();
    k.tokens_per_minute = 10'000;
    weir_of_fleet a{store, "a", k}, b{store, "b", k};
    ASSERT_TRUE(a.in_touch() && b.in_touch());
    auto held = a.ring->admit(&a.ring->keys()[0], {.model = "m", .tokens = 9'900}, core::clock::now(), core::wall_clock::now());
    ASSERT_TRUE(held);
    ASSERT_TRUE(b.wait_for([&] { return b.ask(0, 5'000) == core::code::rate_limited; })) << "the other has nearly all";
    held.held.settle(10, 0, core::wall_clock::now());
    EXPECT_TRUE(b.wait_for([&] { return b.ask(0, 2'000) == core::code::none; }));
}

TEST(Fleet, SaysWhyTheStoreCannotBeReached) {
    const store_server store{{"--requirepass", "hunter2"}};
    weir_of_fleet a{store, "a"};
    EXPECT_FALSE(a.shared->now().connected);
    EXPECT_NE(a.shared->now().why.find("NOAUTH"), std::string::npos) << a.shared->now().why;
    EXPECT_EQ(a.ask(usd), core::code::none);
}

}  // namespace
