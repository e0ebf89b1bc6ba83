// What is asked for a shared rate, when, and what follows from the answer: no store, no waiting.
#include "fleet/shared_rate.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir;
using namespace std::chrono_literals;
using policy::on_store_failure;

struct one_rate {
    one_rate() { rate.set(lease, 1'000, 10); }

    /// Asks, and the store grants so much.
    void ask(std::int64_t taken, std::int64_t left, core::time_point now) {
        rate.rejoin();
        const auto claim = rate.begin(rate.wanted());
        rate.learn(claim, {.taken = taken, .left = left, .paid_at = "7"}, now);
    }

    policy::rate_lease lease;
    fleet::shared_rate rate{"r"};
    core::time_point noon{};
};

TEST(SharedRate, LeasesASliceAheadOrTwiceWhatWasUsed) {
    one_rate r;
    r.ask(10, 990, r.noon);
    EXPECT_EQ(r.lease.left(), 10);
    EXPECT_EQ(r.rate.wanted(), 0);
    EXPECT_EQ(r.rate.paid_at(), "7");
    ASSERT_TRUE(r.lease.take(8));
    EXPECT_EQ(r.rate.wanted(), 2 * 8 - 2);
}

TEST(SharedRate, SaysWhatIsUsedAlready) {
    one_rate r;
    r.ask(10, 990, r.noon);
    ASSERT_TRUE(r.lease.take(500)) << "larger than a slice";
    const auto claim = r.rate.begin(r.rate.wanted());
    EXPECT_EQ(claim.wanted, 1'000 + 490) << "not more ahead than the limit";
    EXPECT_EQ(claim.used, 490);
}

TEST(SharedRate, GivesBackBeforeTheStoreKnows) {
    one_rate r;
    r.ask(10, 990, r.noon);
    const auto claim = r.rate.begin(r.rate.all_back());
    EXPECT_EQ(claim.wanted, -10);
    EXPECT_EQ(claim.used, -10);
    EXPECT_EQ(r.lease.left(), 0);
    r.rate.learn(claim, {.taken = -10, .left = 1'000, .paid_at = {}}, r.noon);
    EXPECT_EQ(r.lease.left(), 0) << "not twice";
    EXPECT_EQ(r.rate.paid_at(), "7") << "not said";
}

TEST(SharedRate, IsAskedAboutMoreOftenTheMoreItIsUsed) {
    one_rate r;
    r.rate.rejoin();
    EXPECT_TRUE(r.rate.due(r.rate.wanted(), r.noon)) << "the first time";
    r.ask(10, 990, r.noon);
    EXPECT_FALSE(r.rate.due(r.rate.wanted(), r.noon + 4999ms));
    EXPECT_TRUE(r.rate.due(r.rate.wanted(), r.noon + 5s)) << "idle";
    ASSERT_TRUE(r.lease.take(1));
    EXPECT_FALSE(r.rate.due(1, r.noon + 999ms));
    EXPECT_TRUE(r.rate.due(1, r.noon + 1s)) << "in use";
    EXPECT_TRUE(r.rate.due(6, r.noon)) << "half a slice is missing";
}

TEST(SharedRate, AsksAgainSoonForWhatItDidNotGet) {
    one_rate r;
    r.ask(4, 0, r.noon);
    EXPECT_TRUE(r.rate.due(0, r.noon));
    EXPECT_TRUE(r.lease.take(4));
    EXPECT_FALSE(r.lease.take(1)) << "the fleet has nothing left, so there is no slack";
}

TEST(SharedRate, ForgetsItsLeaseWhenItWasAlone) {
    one_rate r;
    r.ask(10, 990, r.noon);
    r.rate.go_alone(4, on_store_failure::local);
    EXPECT_TRUE(r.lease.alone());
    EXPECT_EQ(r.lease.own_rate(1'000), 250);
    r.rate.rejoin();
    EXPECT_EQ(r.lease.left(), 0);
    EXPECT_TRUE(r.rate.due(0, r.noon)) << "it is asked about anew";
    EXPECT_EQ(r.rate.wanted(), 10);
}

TEST(SharedRate, UsesUpWhatIsLeasedWhenItIsToldTo) {
    one_rate r;
    r.ask(10, 990, r.noon);
    r.rate.go_alone(4, on_store_failure::refuse);
    EXPECT_TRUE(r.lease.take(10));
    EXPECT_FALSE(r.lease.take(1));
}

}  // namespace
