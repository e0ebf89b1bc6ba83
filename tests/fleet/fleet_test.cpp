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
        : weir_of_fleet(fleet::identity{std::move(name), "1", 0}, settings_of(store, on_failure), std::move(key)) {}
    weir_of_fleet(fleet::identity who, fleet::settings how, policy::key_settings key = shared_key())
        : ring(std::make_shared<policy::key_ring>(std::vector{std::move(key)})) {
        shared = std::make_unique<fleet::fleet>(std::move(how), std::move(who), [this](std::string_view what) { told += what; });
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

    static fleet::settings settings_of(const store_server& store, on_store_failure on_failure = on_store_failure::local) {
        fleet::settings how;
        how.store.host = "127.0.0.1";
        how.store.port = std::to_string(store.port());
        how.store.shown = store.url();
        how.on_failure = on_failure;
        return how;
    }

    std::string told;  ///< read it when the store's state was waited for
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
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(a.wait_for([&] { return a.ask(usd) == core::code::none; })) << i;
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

TEST(Fleet, LeasesWhatWaitingRequestsAskFor) {
    const store_server store;
    weir_of_fleet a{store, "a"};
    ASSERT_TRUE(a.in_touch());
    auto& window = a.ring->keys()[0].window(0);
    const policy::ask what{.model = "m", .cost = 2 * usd};
    std::vector<policy::admission> running;
    for (int i = 0; i < 4; ++i) {
        auto got = a.ring->admit(&a.ring->keys()[0], what, core::clock::now(), core::wall_clock::now());
        const auto until = std::chrono::steady_clock::now() + 250ms;
        while (got.lacking && std::chrono::steady_clock::now() < until) {
            const policy::lease_demand::wish larger{window.demand(), what.cost};
            std::this_thread::sleep_for(5ms);
            a.ring->go_on(got, what, core::wall_clock::now());
        }
        EXPECT_TRUE(got) << i << ": " << got.refused.message;
        running.push_back(std::move(got));
    }
    EXPECT_EQ(window.demand().awaited(), 0);
}

TEST(Fleet, CountsTheProcessesOfOneLedgerOnceThroughTheirLives) {
    const store_server store;
    const auto how = weir_of_fleet::settings_of(store);
    weir_of_fleet stranger{store, "stranger"};
    const auto learns = [](weir_of_fleet& who, usage::nanousd in_ledger) {
        auto& of = who.ring->keys()[0].window(0);
        const auto window = of.calendar().window_at(core::wall_clock::now());
        of.agree_with(window, in_ledger, of.settled(window));
    };
    auto old = std::make_unique<weir_of_fleet>(fleet::identity{"f", "1", 0}, how);
    ASSERT_TRUE(old->wait_for([&] { return old->ask(usd) == core::code::none; }));
    // It hands over: both live for a while, and the new one knows from the ledger what the old one spent.
    old->shared->alone_in_family(false);
    auto next = std::make_unique<weir_of_fleet>(fleet::identity{"f", "2", 0}, how);
    next->shared->alone_in_family(false);
    learns(*next, usd);
    ASSERT_TRUE(next->wait_for([&] { return next->ask(usd) == core::code::none; }));
    ASSERT_TRUE(old->wait_for([&] { return old->ask(usd) == core::code::none; }));
    EXPECT_TRUE(stranger.wait_for([&] { return stranger.left() <= 7 * usd && stranger.left() >= 7 * usd - 2 * usd; }, 8000ms)) << stranger.left();
    EXPECT_EQ(stranger.shared->now().weirs, 2) << "one family is one weir";
    learns(*next, 3 * usd);
    old.reset();
    next->shared->alone_in_family(true);
    EXPECT_TRUE(stranger.wait_for([&] { return stranger.left() <= 7 * usd && stranger.left() >= 7 * usd - usd; }, 8000ms)) << stranger.left();
    // It is killed, and a third one starts with what the ledger says.
    next->shared->alone_in_family(false);  // so that nothing is given back by name
    next.reset();
    weir_of_fleet third{fleet::identity{"f", "3", 0}, how};
    learns(third, 3 * usd);
    EXPECT_TRUE(third.wait_for([&] { return third.left() <= 7 * usd && third.left() >= 7 * usd - usd; }, 8000ms)) << third.left();
    EXPECT_EQ(store.say("FLUSHALL"), "OK");
    EXPECT_TRUE(stranger.wait_for([&] { return stranger.left() <= 7 * usd && stranger.left() >= 7 * usd - usd; }, 15000ms)) << stranger.left();
}

TEST(Fleet, GoesOnWithTheSmallestShareAndAWarningWhereNothingIsKnownOfTheOthers) {
    const store_server store{{"--requirepass", "hunter2"}};
    auto how = weir_of_fleet::settings_of(store);
    weir_of_fleet unknown{fleet::identity{"u", "1", 0}, how}, remembers{fleet::identity{"r", "1", 4}, how};
    how.weirs = 2;
    weir_of_fleet told{fleet::identity{"t", "1", 4}, how};
    EXPECT_LE(unknown.drain(usd / 100), usd / 10);
    EXPECT_NE(unknown.told.find("state.shared.weirs"), std::string::npos) << unknown.told;
    EXPECT_EQ(remembers.drain(usd / 10), 10 * usd / 4);
    EXPECT_EQ(remembers.told.find("state.shared.weirs"), std::string::npos) << remembers.told;
    EXPECT_EQ(told.drain(usd / 10), 10 * usd / 2);
}

TEST(Fleet, SaysWhyTheStoreCannotBeReached) {
    const store_server store{{"--requirepass", "hunter2"}};
    weir_of_fleet a{store, "a"};
    EXPECT_FALSE(a.shared->now().connected);
    EXPECT_NE(a.shared->now().why.find("NOAUTH"), std::string::npos) << a.shared->now().why;
    EXPECT_EQ(a.ask(usd), core::code::none);
}

}  // namespace
