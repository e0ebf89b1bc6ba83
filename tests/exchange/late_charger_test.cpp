// What usage that comes late does to budgets, to the object that it is of, and to what the metrics hear.
#include "exchange/objects/late_charger.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "ledger/ledger_support.hpp"
#include "net/resolver.hpp"
#include "pools/made_snapshot.hpp"

namespace {

using namespace weir;
using exchange::late_charger;
using outcome = late_charger::outcome;

constexpr const char* conf_text = R"(
keys: [{name: anna, secret: sk-anna, budgets: [{usd: 100, every: 30d}]}]
pools: {main: {upstreams: [{name: a, url: "http://127.0.0.1:9/v1"}]}}
routes: [{models: ["gpt-*"], pool: main}]
)";

usage::model_price price_of(std::string pattern, usage::nanousd output) {
    usage::model_price price;
    price.pattern = std::move(pattern);
    price.price.input = 1'000'000;
    price.price.output = output;
    return price;
}

class LateCharger : public testing::Test {
protected:
    void SetUp() override {
        auto conf = std::make_shared<config::conf>(*test::made_conf(conf_text));
        conf->prices = usage::price_book{{price_of("gpt-small", 2'000'000), price_of("gpt-large", 9'000'000)}};
        EXPECT_TRUE(current_.use(pools::make_snapshot(std::move(conf), names_, nullptr)));
    }

    /// A response whose request was charged for `booked` tokens of output.
    static ledger::object_ref object(std::int64_t booked, std::string key = "anna") {
        ledger::made_object what;
        what.id = "resp_1";
        what.key = std::move(key);
        what.pool = "main";
        what.upstream = "a";
        what.request_id = "maker";
        what.model = what.served_model = "gpt-small";
        what.owes = true;
        what.booked.output = booked;
        what.booked_cost = cost(booked);
        return std::make_shared<ledger::kept_object>(std::move(what));
    }
    static dialect::model_usage used(std::int64_t output, std::string model = "gpt-small") {
        dialect::model_usage all{std::move(model), {}};
        all.used.output = output;
        return all;
    }
    static usage::nanousd cost(std::int64_t output, usage::nanousd rate = 2'000'000) {
        usage::counts all;
        all.output = output;
        return usage::cost_of(price_of("", rate), all);
    }
    [[nodiscard]] usage::nanousd spent() const {
        const auto now = core::wall_clock::now();
        const auto& key = current_.get()->keys->keys().front();
        return key.settings().budgets[0].amount - key.left(0, now);
    }
    late_charger charger(ledger::object_store* books = nullptr) {
        return {current_, books, [this](exchange::late_spend what) { told_.push_back(std::move(what)); }};
    }

    net::resolver names_{net::resolver::settings{.threads = 0}};
    exchange::latest_snapshot current_;
    std::vector<exchange::late_spend> told_;
};

TEST_F(LateCharger, ChargesTheDifferenceOnceToWhoMadeIt) {
    auto by = charger();
    const auto of = object(1'000'000);
    EXPECT_EQ(by.charge(of, {used(5'000'000)}, true), outcome::done);
    const auto more = cost(5'000'000) - cost(1'000'000);
    EXPECT_GT(more, 0);
    EXPECT_EQ(spent(), more);
    EXPECT_FALSE(of->owes);
    EXPECT_EQ(of->made.booked.output, 5'000'000);
    EXPECT_EQ(of->made.booked_cost, cost(5'000'000));
    ASSERT_EQ(told_.size(), 1u);
    EXPECT_EQ(told_[0].key, "anna");
    EXPECT_EQ(told_[0].pool, "main");
    EXPECT_EQ(told_[0].usage.output, 4'000'000);
    EXPECT_EQ(told_[0].cost, more);
    EXPECT_EQ(by.charge(of, {used(9'000'000)}, true), outcome::done);
    EXPECT_EQ(spent(), more) << "it owes nothing any more";
}

TEST_F(LateCharger, TellsThatItCostLessThanWasCharged) {
    auto by = charger();
    const auto of = object(5'000'000);
    EXPECT_EQ(by.charge(of, {used(1'000'000)}, true), outcome::done);
    ASSERT_EQ(told_.size(), 1u);
    EXPECT_EQ(told_[0].cost, cost(1'000'000) - cost(5'000'000));
    EXPECT_EQ(told_[0].usage.output, -4'000'000);
}

TEST_F(LateCharger, BelievesAReportBeforeTheEndOnlyWhereItSaysMore) {
    auto by = charger();
    const auto of = object(3'000'000);
    EXPECT_EQ(by.charge(of, {used(2'000'000)}, false), outcome::done);
    EXPECT_TRUE(told_.empty());
    EXPECT_EQ(by.charge(of, {used(4'000'000)}, false), outcome::done);
    EXPECT_EQ(spent(), cost(4'000'000) - cost(3'000'000));
    EXPECT_TRUE(of->owes);
    EXPECT_EQ(by.charge(of, {used(4'000'000)}, true), outcome::done);
    EXPECT_EQ(spent(), cost(4'000'000) - cost(3'000'000));
    EXPECT_FALSE(of->owes);
}

TEST_F(LateCharger, LeavesWhatWasChargedWhereNothingWillEverBeKnown) {
    auto by = charger();
    const auto of = object(3'000'000);
    EXPECT_EQ(by.charge(of, {}, false), outcome::done);
    EXPECT_TRUE(of->owes);
    EXPECT_EQ(by.charge(of, {}, true), outcome::done);
    EXPECT_FALSE(of->owes);
    EXPECT_EQ(of->made.booked.output, 3'000'000);
    EXPECT_EQ(spent(), 0);
    ASSERT_EQ(told_.size(), 1u);
    EXPECT_EQ(told_[0].cost, 0);
}

TEST_F(LateCharger, PricesEachModelOfABatchForItself) {
    auto by = charger();
    const auto of = object(0);
    EXPECT_EQ(by.charge(of, {used(1'000'000), used(2'000'000, "gpt-large"), used(1'000'000, "unheard-of")}, true), outcome::done);
    EXPECT_EQ(of->made.booked_cost, cost(1'000'000) + cost(2'000'000, 9'000'000) + cost(1'000'000)) << "an unknown one as what was asked for";
    EXPECT_EQ(of->made.booked.output, 4'000'000);
    EXPECT_EQ(spent(), of->made.booked_cost);
}

TEST_F(LateCharger, CountsWhatAKeyMadeThatIsGoneInNoBudget) {
    auto by = charger();
    EXPECT_EQ(by.charge(object(0, "gone"), {used(1'000'000)}, true), outcome::done);
    EXPECT_EQ(spent(), 0);
    EXPECT_EQ(told_.size(), 1u);
}

TEST_F(LateCharger, GivesBackWhatTheLedgerDoesNotWantToHave) {
    const ledger_test::folder in;
    std::string error;
    const auto books = ledger::ledger::open(ledger_test::quiet_options(in), error);
    ASSERT_TRUE(books) << error;
    auto by = charger(&books->objects());
    const auto of = object(0);
    EXPECT_EQ(by.charge(of, {used(1'000'000)}, true), outcome::done) << "it knows no such object";
    EXPECT_EQ(spent(), 0);
    EXPECT_FALSE(of->owes);
    EXPECT_EQ(of->made.booked_cost, 0);
    EXPECT_TRUE(told_.empty());
}

TEST(LateChargerAlone, ChargesNothingBeforeThereIsASnapshot) {
    const exchange::latest_snapshot none;
    late_charger by{none, nullptr, {}};
    ledger::made_object what;
    what.owes = true;
    const auto of = std::make_shared<ledger::kept_object>(std::move(what));
    EXPECT_EQ(by.charge(of, {{"gpt-small", {}}}, true), outcome::done);
    EXPECT_TRUE(of->owes);
}

}  // namespace
