// What refusals add up to, and when weir asks itself. What follows from it stands in blame_test.cpp.
#include "policy/upstreams/refusal_watch.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::time_point;

const time_point noon{12h};

TEST(RefusalWatch, RemembersThatThereWasOneUntilASuccess) {
    refusal_watch of;
    EXPECT_FALSE(of.seen());
    of.credentials_refused(asker_of("a", "m"));
    EXPECT_TRUE(of.seen());
    of.settled();
    EXPECT_TRUE(of.seen()) << "it rests for it, which is no success";
    EXPECT_FALSE(of.credentials().suspects());
    of.succeeded();
    EXPECT_FALSE(of.seen());
    of.quota_spent(asker_of("a", "m"));
    EXPECT_TRUE(of.seen());
    EXPECT_FALSE(of.credentials().suspects()) << "a spent quota says nothing of the credential";
}

TEST(RefusalWatch, IsSureOfTheCredentialByThreeAskersOrByItsOwnQuestion) {
    refusal_watch of;
    of.itself_refused();
    EXPECT_FALSE(of.credentials().is_sure()) << "nobody was refused";
    of.credentials_refused(asker_of("a", "m"));
    EXPECT_FALSE(of.credentials().is_sure());
    of.itself_refused();
    EXPECT_TRUE(of.credentials().is_sure());
    EXPECT_EQ(of.credentials().only_key(), asker_of("a", "m").key);
    of.succeeded();
    for (const auto* model : {"m", "n", "o"}) of.credentials_refused(asker_of("a", model));
    EXPECT_TRUE(of.credentials().is_sure());
}

TEST(RefusalWatch, KnowsWhetherTheQuotaOfSeveralModelsIsSpent) {
    refusal_watch of;
    of.quota_spent(asker_of("a", "m"));
    of.quota_spent(asker_of("b", "m"));
    EXPECT_FALSE(of.quotas().several_models());
    EXPECT_EQ(of.quotas().only_key(), 0u);
    of.quota_spent(asker_of("a", "n"));
    EXPECT_TRUE(of.quotas().several_models());
    of.succeeded();
    EXPECT_EQ(of.quotas().size(), 0u);
}

TEST(RefusalWatch, DoubtsOnceInItsInterval) {
    refusal_watch of;
    EXPECT_FALSE(of.take_doubt());
    EXPECT_TRUE(of.doubt(noon));
    EXPECT_FALSE(of.doubt(noon + refusal_watch::probe_interval - 1ns));
    EXPECT_TRUE(of.take_doubt());
    EXPECT_FALSE(of.take_doubt());
    EXPECT_TRUE(of.doubt(noon + refusal_watch::probe_interval));
    EXPECT_TRUE(of.take_doubt());
}

TEST(RefusalWatch, GivesADoubtToOneOfManyThreads) {
    refusal_watch of;
    std::atomic<int> taken{0};
    int doubts = 0;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 3; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 20'000; ++i) taken += of.take_doubt() ? 1 : 0;
            });
        for (int i = 0; i < 100; ++i) doubts += of.doubt(noon + i * refusal_watch::probe_interval) ? 1 : 0;
    }
    taken += of.take_doubt() ? 1 : 0;
    EXPECT_EQ(doubts, 100);
    EXPECT_GE(taken.load(), 1);
    EXPECT_LE(taken.load(), 100);
}

}  // namespace
