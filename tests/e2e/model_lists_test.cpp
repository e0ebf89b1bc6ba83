// GET /v1/models lists what is served: what the operator wrote, and where a route takes any name, what the upstreams list themselves.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
namespace json = boost::json;
using namespace weir::test;
using names = std::set<std::string>;

namespace {

const names mocks{"gpt-4o", "gpt-4o-mini", "text-embedding-3-small"};  // what the mock lists

struct served {
    explicit served(const std::string& routes, const std::string& prices = {}, const std::string& more = {}, const std::string& dialect = "openai")
        : a(quick_provider("a")), b(quick_provider("b")) {
        const auto pool = [&](const std::string& name, const mock::provider& of) {
            return "  " + name + ":\n    dialect: " + dialect + "\n    upstreams:\n" + upstream_of(of, "api_key: sk-up");
        };
        gateway_process::files beside;
        if (!prices.empty()) beside["prices.yaml"] = prices;
        weir = std::make_unique<gateway_process>(WEIR_BINARY,
                                                 "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n" + pool("a", *a) +
                                                     (routes.empty() ? "" : pool("b", *b) + "routes:\n" + routes) +
                                                     (prices.empty() ? "" : "prices: prices.yaml\n") + more + conf_end,
                                                 beside);
    }
    [[nodiscard]] response get(const std::string& path, const std::string& key = "sk-x") const {
        return exchange_once(weir->url(), request_text("GET", path, {}, {{"Authorization", "Bearer " + key}}));
    }
    [[nodiscard]] names list(const std::string& key = "sk-x") const {
        names out;
        const auto got = get("/v1/models", key);
        EXPECT_EQ(got.status, 200) << got.body;
        const auto document = json::parse(got.body);
        for (const auto& one : document.at("data").as_array()) out.insert(std::string{one.at("id").as_string()});
        return out;
    }
    std::unique_ptr<mock::provider> a, b;
    std::unique_ptr<gateway_process> weir;
};

constexpr const char* own_prices = "models: {mine-1: {input: 1, output: 2}, mine-2: {input: 1, output: 2}}\n";
constexpr const char* bought_prices = "catalogue: on\nmodels: {gpt-4o: {input: 1, output: 2}, davinci-002: {input: 1, output: 2}}\n";

struct list_case {
    const char* name;
    std::string routes, prices;
    names listed;
    std::size_t asked;  ///< upstreams
};

class ModelLists : public testing::TestWithParam<list_case> {};

}  // namespace

TEST_P(ModelLists, AreWhatIsServed) {
    const auto& c = GetParam();
    const served s{c.routes, c.prices};
    EXPECT_EQ(s.list(), c.listed);
    EXPECT_EQ(s.list(), c.listed);
    EXPECT_EQ(s.a->call_count() + s.b->call_count(), c.asked) << "kept for a while";
    for (const auto& name : c.listed) EXPECT_EQ(s.get("/v1/models/" + name).status, 200) << name;
}

INSTANTIATE_TEST_SUITE_P(
    All, ModelLists,
    testing::Values(
        list_case{"NobodyWroteAny", "", "", mocks, 1}, list_case{"TheOperatorsPricesAreTheList", "", own_prices, {"mine-1", "mine-2"}, 0},
        list_case{"ACatalogueIsNoList", "", bought_prices, mocks, 1},
        list_case{"RoutesByName", "  - {models: [one, two], pool: a}\n", "", {"one", "two"}, 0},
        list_case{
            "APatternTakesWhatFits", "  - {models: [one], pool: a}\n  - {models: [\"gpt-4o*\"], pool: b}\n", "", {"one", "gpt-4o", "gpt-4o-mini"}, 1},
        list_case{"APatternWithPricesThatFit",
                  "  - {models: [\"mine-*\"], pool: a}\n  - {models: [\"text-*\"], pool: b}\n",
                  own_prices,
                  {"mine-1", "mine-2", "text-embedding-3-small"},
                  1},
        list_case{"WhatAnEarlierRouteTakesIsNotTheOthers", "  - {models: [gpt-4o], pool: a}\n  - {models: [\"*\"], pool: b}\n", "", mocks, 1},
        list_case{"NamesOfItsOwnAreEnough", "  - {models: [one, \"gpt-*\"], pool: a}\n", "", {"one"}, 0},
        list_case{"NotBesideACatalogue", "  - {models: [one, \"gpt-*\"], pool: a}\n", bought_prices, {"one", "gpt-4o", "gpt-4o-mini"}, 1},
        list_case{"TwoPoolsWithPatterns", "  - {models: [\"gpt-*\"], pool: a}\n  - {models: [\"*\"], pool: b}\n", "", mocks, 2}),
    [](const auto& one) { return one.param.name; });

TEST(ModelListsOf, AKeyAreItsOwn) {
    const served s{"", "", "keys: [{name: all, secret: sk-all}, {name: few, secret: sk-few, models: [\"gpt-4o-*\"]}]\n"};
    EXPECT_EQ(s.list("sk-all"), mocks);
    EXPECT_EQ(s.list("sk-few"), names{"gpt-4o-mini"});
    EXPECT_EQ(s.get("/v1/models/gpt-4o-mini", "sk-few").status, 200);
    EXPECT_EQ(s.get("/v1/models/gpt-4o", "sk-few").status, 404);
    EXPECT_EQ(s.get("/v1/models/nope", "sk-all").status, 404);
    ASSERT_EQ(s.a->call_count(), 1u);
    const auto asked = s.a->calls().front();
    EXPECT_EQ(asked.target, "/v1/models");
    EXPECT_EQ(asked.header("authorization"), "Bearer sk-up") << "the upstream's own key, never a client's";
}

TEST(ModelListsOf, UpstreamsThatGiveNoneAreThePriced) {
    const served s{"", bought_prices};
    s.a->always({.status = 404});
    EXPECT_EQ(s.list(), (names{"gpt-4o", "davinci-002"}));
    EXPECT_EQ(s.get("/v1/models/whatever").status, 200) << "it would be asked for";
    EXPECT_EQ(s.list(), (names{"gpt-4o", "davinci-002"}));
    EXPECT_EQ(s.a->call_count(), 1u) << "not asked again at once";
}

TEST(ModelListsOf, UpstreamsThatDoNotAnswerHangNoClient) {
    const served s{"", ""};
    s.a->set_door(mock::door::silent);
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(s.list(), names{});
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{8});
}

TEST(ModelListsOf, AnAnthropicPoolReachEveryDialect) {
    const served s{"", "", "", "anthropic"};
    EXPECT_EQ(s.list(), mocks);
    EXPECT_EQ(s.a->calls().front().target, "/v1/models?limit=1000");
    EXPECT_EQ(s.a->calls().front().header("x-api-key"), "sk-up");
    const auto agents = s.get("/llms.txt").body;
    EXPECT_NE(agents.find("`gpt-4o-mini`"), std::string::npos) << agents;
}
