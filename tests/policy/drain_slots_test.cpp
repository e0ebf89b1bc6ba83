// How many streams are read on at once.
#include "policy/upstreams/drain_slots.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace {

using weir::policy::drain_slots;

TEST(DrainSlots, LetInAsManyAsAllowedAndAnotherWhenOneEnds) {
    drain_slots slots;
    EXPECT_TRUE(slots.try_take(2));
    EXPECT_TRUE(slots.try_take(2));
    EXPECT_FALSE(slots.try_take(2));
    slots.give_back();
    EXPECT_TRUE(slots.try_take(2));
    EXPECT_FALSE(slots.try_take(1)) << "after a reload that allows fewer";
    EXPECT_EQ(slots.taken(), 2);
}

TEST(DrainSlots, NeverLetOneTooManyInWhateverTheThreadsDo) {
    drain_slots slots;
    std::atomic<int> most{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 20'000; ++i) {
                    if (!slots.try_take(3)) continue;
                    const int now = slots.taken();
                    for (int seen = most.load(); now > seen && !most.compare_exchange_weak(seen, now);) {
                    }
                    slots.give_back();
                }
            });
    }
    EXPECT_EQ(slots.taken(), 0);
    EXPECT_LE(most.load(), 3);
    EXPECT_GE(most.load(), 1);
}

}  // namespace
