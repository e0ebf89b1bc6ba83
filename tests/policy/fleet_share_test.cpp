// How much of a shared limit one weir may use: the arithmetic, and what it adds up to.
#include "policy/keys/fleet_share.hpp"

#include <gtest/gtest.h>

#include "policy/keys/budget_window.hpp"
#include "policy/keys/rate_lease.hpp"

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;

TEST(FleetShare, ASliceIsSoManyPercentAndNeverNothing) {
    EXPECT_EQ(slice_of(1000, 1), 10);
    EXPECT_EQ(slice_of(50, 1), 1);
    EXPECT_EQ(slice_of(150, 10), 15);
    EXPECT_EQ(slice_of(0, 1), 1);
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    EXPECT_GT(slice_of(most, 100), most - 200);
}

TEST(FleetShare, LeasesFurtherAheadWhenMoreIsUsed) {
    EXPECT_EQ(lease_ahead(0, 10), 10);
    EXPECT_EQ(lease_ahead(-50, 10), 10);
    EXPECT_EQ(lease_ahead(40, 10), 80);
}

TEST(FleetShare, InTouchAWeirMayUseItsClaimAndOneSlice) {
    const auto share = share_in_touch({.own = 30, .others = 60}, 100, 5);
    EXPECT_EQ(share.lease, 35);
    EXPECT_EQ(share.free, 40);
    EXPECT_EQ(share_in_touch({.own = 10, .others = 120}, 100, 5).free, 0);
}

TEST(FleetShare, CutOffAllWeirsTogetherStayWithinTheLimit) {
    for (const int weirs : {2, 3, 10}) {
        // Everyone has claimed 20 and knows of everyone's claim.
        const claims each{.own = 20, .others = 20L * (weirs - 1)};
        const auto share = share_cut_off(each, 1000, 10, weirs, on_store_failure::local);
        EXPECT_LE(share.lease * weirs, 1000);
        EXPECT_GT(share.lease, 20);
    }
}

TEST(FleetShare, AWeirThatKnowsOfNoOtherGoesOnWithTheWholeLimit) {
    for (const int weirs : {0, 1}) EXPECT_EQ(share_cut_off({}, 100, 5, weirs, on_store_failure::local).lease, 100);
    EXPECT_EQ(share_cut_off({.own = 7, .others = 0}, 100, 5, 3, on_store_failure::refuse).lease, 7);
    EXPECT_EQ(share_cut_off({}, 100, 5, 0, on_store_failure::refuse).lease, 0);
}

TEST(FleetShare, LeasesAheadWhatOneRequestReserves) {
    EXPECT_EQ(lease_ahead(0, 10, 25), 25);
    EXPECT_EQ(lease_ahead(40, 10, 25), 80);
    EXPECT_GT(lease_ahead(0, 10, std::numeric_limits<std::int64_t>::max()), 0);
}

TEST(FleetShare, WithoutTheStoreAsManyShareALimitAsIsKnownOfThem) {
    const struct {
        int counted, said, remembered, slice_percent, weirs;
    } cases[] = {
        {2, 0, 0, 1, 2},   {2, 5, 0, 1, 5},  {8, 5, 0, 1, 8},   {1, 0, 7, 1, 1},  // heard in this life
        {0, 5, 7, 1, 5},   {0, 0, 7, 1, 7},                                       // never heard
        {0, 0, 0, 1, 100}, {0, 0, 0, 30, 3}, {0, 0, 0, 100, 1},                   // nothing known: as many as there are slices
    };
    for (const auto& c : cases) EXPECT_EQ(sharers(c.counted, c.said, c.remembered, c.slice_percent), c.weirs);
}

TEST(FleetShare, WeirsThatNeverHeardOfEachOtherStayWithinTheLimitTogether) {
    for (const int weirs : {2, 3, 7, 100}) EXPECT_LE(share_cut_off({}, 1000, 10, weirs, on_store_failure::local).lease * weirs, 1000) << weirs;
    EXPECT_EQ(share_cut_off({}, 1000, 10, 100, on_store_failure::local).lease, 10) << "a slice";
}

TEST(FleetShare, CountsWhatProcessesOfItsOwnLedgerClaimOnce) {
    // 100 is the limit; relatives claim 30 for what they spent, strangers 20; this one counts 25 of the relatives' as spent.
    const auto seen = seen_from_here({.own = 10, .others = 50}, 30, 25);
    EXPECT_EQ(share_in_touch(seen, 100, 1).free, 75) << "20 are the strangers', 5 the relatives' that this one does not know of";
    EXPECT_EQ(share_in_touch(seen, 100, 1).lease, 36) << "25 that are spent, its own claim, a slice";
    // The store lost the relatives' claims: what this one counts as spent there is not covered by anybody.
    EXPECT_EQ(seen_from_here({.own = 10, .others = 20}, 0, 25), (claims{.own = 10, .others = 20}));
}

TEST(SharedBudget, EndsAtTheLeaseAndNeverGoesBeyondWhatTheOthersLeft) {
    budget_window b{1h};
    std::int64_t w = 5;
    b.begin_with(10);
    EXPECT_TRUE(b.try_add(w, 8, 100));
    EXPECT_TRUE(b.try_add(w, 8, 100)) << "a request that begins within the lease may pass it";
    EXPECT_FALSE(b.try_add(w, 1, 100));
    b.lend(5, 40, 30);
    EXPECT_FALSE(b.try_add(w, 15, 100)) << "the others left 30";
    EXPECT_TRUE(b.try_add(w, 14, 100));
    EXPECT_FALSE(b.try_add(w, 0, 100));
    EXPECT_EQ(b.ceiling(5, 100), 30);
    EXPECT_EQ(b.reachable(5, 20), 20);
}

TEST(SharedBudget, StartsEachWindowWithItsFirstLeaseAgain) {
    budget_window b{1h};
    b.begin_with(10);
    b.lend(5, 50, 100);
    std::int64_t w = 6;
    EXPECT_TRUE(b.try_add(w, 10, 100));
    EXPECT_FALSE(b.try_add(w, 1, 100));
    EXPECT_EQ(b.ceiling(7, 100), 100) << "a window that nobody has used";
}

TEST(SharedBudget, IsUnboundedWithoutAFleet) {
    budget_window b{1h};
    std::int64_t w = 1;
    EXPECT_TRUE(b.try_add(w, 100, 100));
    EXPECT_EQ(b.ceiling(1, 100), 100);
}

TEST(RateLease, LetsEverythingPassWithoutAFleet) {
    rate_lease r;
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(r.take(1000));
    EXPECT_EQ(r.left(), 0);
    EXPECT_EQ(r.own_rate(60), 60);
}

TEST(RateLease, EndsWithTheSlack) {
    rate_lease r;
    r.lend(5, 2, 100);
    for (int i = 0; i < 7; ++i) ASSERT_TRUE(r.take(1)) << i;
    EXPECT_FALSE(r.take(1));
    r.give_back(1);
    EXPECT_TRUE(r.take(1));
    EXPECT_EQ(r.remaining(), 98);
}

TEST(RateLease, LetsOneLargeRequestInAndThenWaitsForItsDebt) {
    rate_lease r;
    r.lend(5, 0, 1000);
    EXPECT_TRUE(r.take(800));
    EXPECT_FALSE(r.take(1));
    r.lend(795, 0, 0);
    EXPECT_FALSE(r.take(1)) << "the debt is paid, nothing is left";
    r.lend(1, 0, 0);
    EXPECT_TRUE(r.take(1));
}

TEST(RateLease, AloneKeepsAnEqualShareForItself) {
    rate_lease r;
    r.lend(0, 0, 0);
    EXPECT_FALSE(r.take(1));
    r.go_alone(3);
    EXPECT_TRUE(r.take(1));
    EXPECT_EQ(r.own_rate(60), 20);
    EXPECT_EQ(r.own_rate(2), 1);
    r.use_up();
    EXPECT_FALSE(r.take(1));
    EXPECT_EQ(r.own_rate(60), 60);
}

}  // namespace
