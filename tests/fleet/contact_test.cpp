// What a weir knows of the store and of the others: when it asks again, what is news, how many share.
#include "fleet/contact.hpp"

#include <gtest/gtest.h>

#include "fleet/presence.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;

TEST(Contact, AsksAgainAfterLongerAndLongerPauses) {
    fleet::contact c;
    core::time_point now{};
    EXPECT_TRUE(c.may_ask(now));
    for (const auto pause : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
        (void)c.missed(now);
        EXPECT_FALSE(c.may_ask(now + pause - 1ms));
        now += pause;
        EXPECT_TRUE(c.may_ask(now)) << pause.count();
    }
    (void)c.answered();
    (void)c.missed(now);
    EXPECT_TRUE(c.may_ask(now + 100ms)) << "short again";
}

TEST(Contact, SaysOnceThatTheStoreIsGoneAndThatItIsBack) {
    fleet::contact c;
    const core::time_point now{};
    EXPECT_FALSE(c.in_touch() || c.lost()) << "it was not asked yet";
    EXPECT_TRUE(c.missed(now)) << "also where it never answered";
    EXPECT_FALSE(c.missed(now));
    EXPECT_TRUE(c.lost());
    EXPECT_TRUE(c.answered());
    EXPECT_FALSE(c.answered());
    EXPECT_TRUE(c.in_touch());
    EXPECT_TRUE(c.missed(now));
}

TEST(Contact, HasNoNewsWhereTheStoreAnswersFromTheStart) {
    fleet::contact c;
    EXPECT_FALSE(c.answered());
    EXPECT_TRUE(c.in_touch());
}

TEST(Presence, RemembersTheMostOfTheLastHour) {
    fleet::presence p{{}, {}};
    const core::time_point noon{};
    EXPECT_FALSE(p.is_known());
    p.note(4, noon);
    p.note(2, noon + 59min);
    EXPECT_EQ(p.weirs(), 2);
    EXPECT_EQ(p.most(), 4) << "they leave one after another when all are stopped";
    p.note(2, noon + 60min);
    EXPECT_EQ(p.most(), 2);
    p.note(3, noon + 61min);
    EXPECT_EQ(p.most(), 3);
    EXPECT_TRUE(p.is_known());
}

TEST(Presence, AssumesWhatItWasToldWhereItCannotAsk) {
    fleet::settings how;
    fleet::identity who;
    EXPECT_EQ(fleet::presence(how, who).sharers(), 100) << "as many as there are slices";
    who.weirs_remembered = 3;
    EXPECT_EQ(fleet::presence(how, who).sharers(), 3);
    EXPECT_TRUE(fleet::presence(how, who).is_known());
    how.weirs = 5;
    fleet::presence p{how, who};
    EXPECT_EQ(p.sharers(), 5);
    p.note(2, {});
    EXPECT_EQ(p.sharers(), 5) << "the others may only be late";
    p.note(7, {});
    EXPECT_EQ(p.sharers(), 7);
}

}  // namespace
