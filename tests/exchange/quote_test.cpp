// What is reserved for a request, and which candidates have a price.
#include "exchange/quote.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "policy/route_table.hpp"

namespace {

using namespace weir;

usage::model_price priced(std::string pattern, usage::picousd input, std::string upstream = {}) {
    usage::model_price row;
    row.pattern = std::move(pattern);
    row.price.input = input;
    row.upstream = std::move(upstream);
    return row;
}

class Quote : public testing::Test {
protected:
    Quote() {
        conf_.pools.resize(3);
        const char* names[] = {"main", "spare", "odd"};
        for (std::size_t i = 0; i < 3; ++i) conf_.pools[i].name = names[i];
        conf_.pools[0].upstreams.resize(2);
        conf_.pools[0].upstreams[0].name = "a";
        conf_.pools[0].upstreams[1].name = "b";
        conf_.pools[1].upstreams.resize(1);
        conf_.pools[1].upstreams[0].name = "c";
        conf_.pools[2].upstreams.resize(1);
        conf_.pools[2].upstreams[0].name = "d";
        conf_.routes = {{{"fast", "plain"}, "main", {{"fast", "real"}}, {{"spare", "dear", false}, {"odd", "", false}}}};
    }
    exchange::quote of(std::vector<usage::model_price> rows, std::string_view asked, std::size_t candidates = 3) {
        conf_.prices = usage::price_book{std::move(rows)};
        tables_.push_back(std::make_unique<policy::route_table>(conf_.routes, std::vector<std::string>{"main", "spare", "odd"}));
        const auto* route = tables_.back()->find(asked);
        EXPECT_NE(route, nullptr);
        kept_ = std::string{asked};
        return exchange::quote_for(conf_, *route, candidates, kept_, made_, {.input = 1000});
    }
    config::conf conf_;
    std::string kept_;
    policy::made_names made_;
    std::vector<std::unique_ptr<policy::route_table>> tables_;  // a quote looks into its route's
};

TEST_F(Quote, IsThatOfTheDearestCandidateByTheNameThatIsSent) {
    const auto general = of({priced("fast", 9), priced("real", 2), priced("dear", 5)}, "fast");
    EXPECT_EQ(general.dearest, 9) << "`odd` is sent the asked name";
    EXPECT_TRUE(general.priced);
    EXPECT_EQ(of({priced("fast", 1), priced("real", 2), priced("dear", 5)}, "fast").dearest, 5) << "a fallback's own model";
    EXPECT_EQ(of({priced("fast", 1), priced("real", 7), priced("dear", 5)}, "fast").dearest, 7) << "the renamed one";
    EXPECT_EQ(of({priced("fast", 1), priced("real", 7), priced("dear", 5)}, "fast", 1).dearest, 7);
    EXPECT_EQ(of({priced("fast", 3)}, "fast").dearest, 3) << "the asked name stands in where what is sent has none";
}

TEST_F(Quote, TakesAnUpstreamsOwnPriceFirst) {
    EXPECT_EQ(of({priced("plain", 2), priced("plain", 8, "b")}, "plain", 1).dearest, 8);
    EXPECT_EQ(of({priced("plain", 2), priced("plain", 1, "a"), priced("plain", 1, "b")}, "plain", 1).dearest, 1);
    EXPECT_EQ(of({priced("real", 3, "b")}, "fast", 1).dearest, 3) << "reserved although the general list lacks it";
}

TEST_F(Quote, HasAPriceWhereSomeCandidateHasOneAtEachOfItsUpstreams) {
    EXPECT_FALSE(of({}, "plain").priced);
    EXPECT_EQ(of({}, "fast").to_price, "real");
    EXPECT_TRUE(of({priced("dear", 1)}, "plain").priced);
    EXPECT_EQ(of({priced("dear", 1)}, "plain").to_price, "plain");
    EXPECT_FALSE(of({priced("plain", 1, "a")}, "plain").priced) << "`b` would cost nothing";
    EXPECT_TRUE(of({priced("plain", 1, "a"), priced("plain", 1, "b")}, "plain").priced);
    EXPECT_TRUE(of({priced("plain", 0)}, "plain").priced) << "a price of 0 is a price";
}

TEST_F(Quote, IsThatOfTheDearestNameWhereUpstreamsHaveTheirOwn) {
    conf_.pools[0].upstreams[1].rename = policy::renaming{{{"real", "deployed"}}};
    const auto two = of({priced("real", 2), priced("deployed", 8), priced("fast", 1)}, "fast", 1);
    EXPECT_EQ(two.dearest, 8);
    EXPECT_TRUE(two.priced);
    EXPECT_EQ(of({priced("real", 9), priced("deployed", 8)}, "fast", 1).dearest, 9);
    const auto unknown = of({priced("real", 2)}, "fast", 1);
    EXPECT_FALSE(unknown.priced);
    EXPECT_EQ(unknown.to_price, "deployed") << "as it would be sent there";
}

}  // namespace
