// The money of one request, told step by step: what a key pays for is exactly what the final account says.
#include "exchange/account.hpp"

#include <gtest/gtest.h>

#include "policy/keys/key_ring.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;
using exchange::account;

const core::time_point noon{std::chrono::hours{12}};
const core::wall_time today{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};

class Account : public testing::Test {
protected:
    Account() { price_.price.input = 10'000, price_.price.output = 20'000; }

    static policy::key_ring ring_of(std::vector<policy::budget_settings> budgets) {
        policy::key_settings s;
        s.name = "a";
        s.budgets = std::move(budgets);
        return policy::key_ring{{s}};
    }
    void admit(usage::nanousd cost) {
        auto got = ring_.admit(&key(), {.cost = cost}, noon, today);
        ASSERT_TRUE(static_cast<bool>(got)) << got.refused.message;
        money_.hold(std::move(got.held));
    }
    [[nodiscard]] const policy::key& key() const { return ring_.keys().front(); }
    [[nodiscard]] usage::nanousd left() const { return key().left(0, today); }
    [[nodiscard]] usage::nanousd cost(std::int64_t output) const { return usage::cost_of(price_, of(output)); }
    static usage::counts of(std::int64_t output) {
        usage::counts used;
        used.output = output;
        return used;
    }

    usage::model_price price_;
    policy::key_ring ring_ = ring_of({{1000 * 20, 24h, "1d"}});
    account money_;
    exchange::tab tab_;
};

}  // namespace

TEST_F(Account, EndsAStreamAtTheEventThatUsesUpTheBudget) {
    admit(0);
    EXPECT_FALSE(money_.watches_budgets(tab_)) << "nobody knows what it costs yet";
    tab_.price = &price_;
    ASSERT_TRUE(money_.watches_budgets(tab_));
    const auto most = left() / cost(1);
    EXPECT_TRUE(money_.charge(tab_, of(most - 1), today));
    EXPECT_TRUE(money_.charge(tab_, of(most - 1), today)) << "the same again costs nothing more";
    EXPECT_FALSE(money_.charge(tab_, of(most), today));
    EXPECT_EQ(tab_.spent, cost(most));
}

TEST_F(Account, ForgetsAnAnswerButNotWhatWasGivenUp) {
    admit(cost(500));
    tab_.price = &price_;
    EXPECT_TRUE(money_.charge(tab_, of(100), today));
    record::request_record all;
    money_.discard(of(100), &price_, all);
    tab_ = {};  // goes with its answer
    EXPECT_EQ(all.discarded_cost, cost(100));
    EXPECT_TRUE(all.priced);
    money_.discard(of(7), nullptr, all);
    EXPECT_FALSE(all.priced) << "something was used of which nobody knows the price";
    ASSERT_NE(money_.discarded(), nullptr);
    EXPECT_EQ(money_.discarded()->output, 107);
}

TEST_F(Account, SettlesOnceAndExactly) {
    admit(cost(900));
    tab_.price = &price_;
    EXPECT_TRUE(money_.charge(tab_, of(300), today));
    const auto before = left();
    record::request_record all;
    all.time = today;
    all.cost = cost(200);
    EXPECT_TRUE(money_.close());
    EXPECT_FALSE(money_.close()) << "there is one final account";
    EXPECT_TRUE(money_.settled());
    money_.settle(200, all);
    EXPECT_EQ(left(), 1000 * 20 - cost(200)) << "before: " << before;
}

TEST_F(Account, OfARequestWithoutAKeyCountsAndNeverEndsAnything) {
    tab_.price = &price_;
    EXPECT_FALSE(money_.watches_budgets(tab_));
    tab_.spent += cost(10);
    EXPECT_TRUE(money_.spend(cost(1'000'000), today));
    EXPECT_EQ(tab_.spent, cost(10));
}

TEST_F(Account, TellsProgressOnceASecondAndWhenItIsAskedTo) {
    EXPECT_TRUE(money_.takes_progress(noon));
    EXPECT_FALSE(money_.takes_progress(noon + 999ms));
    EXPECT_TRUE(money_.takes_progress(noon + 1s));
    money_.progress_is_due_at({});
    EXPECT_TRUE(money_.takes_progress(noon + 1s));
    money_.progress_is_due_at(noon + 5s);
    EXPECT_FALSE(money_.takes_progress(noon + 4s));
    money_.progress({});
    EXPECT_FALSE(money_.in_ledger()) << "none is kept";
}
