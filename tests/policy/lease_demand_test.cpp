// What is asked for beyond a lease.
#include "policy/keys/lease_demand.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace {

using namespace weir::policy;

TEST(LeaseDemand, AddsUpWhatWaitsForAsLongAsItWaits) {
    lease_demand of;
    {
        const lease_demand::wish one{of, 30};
        const lease_demand::wish free{of, 0};
        EXPECT_EQ(of.awaited(), 31) << "what costs nothing waits too, and is seen";
    }
    EXPECT_EQ(of.awaited(), 0);
}

TEST(LeaseDemand, TellsTheLargestOnce) {
    lease_demand of;
    for (const auto amount : {5, 90, 7}) of.asked_for(amount);
    EXPECT_EQ(of.take_largest(), 90);
    EXPECT_EQ(of.take_largest(), 0);
}

TEST(LeaseDemand, HasNobodyToAskUntilItIsTold) {
    lease_demand of;
    EXPECT_FALSE(of.may_grow());
    of.may_grow(true);
    EXPECT_TRUE(of.may_grow());
}

TEST(LeaseDemand, LosesNoWishAmongThreads) {
    lease_demand of;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 1; i < 5000; ++i) {
                    const lease_demand::wish mine{of, i};
                    of.asked_for(i);
                    EXPECT_GE(of.awaited(), i);
                }
            });
    }
    EXPECT_EQ(of.awaited(), 0);
    EXPECT_LE(of.take_largest(), 4999);
}

}  // namespace
