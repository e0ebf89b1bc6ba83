// Three weirs, one budget, a real store that is killed and started again under load: what was spent, against the documented
// bound of one slice for each weir.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <thread>

#include "support/gateway_process.hpp"
#include "support/store_server.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

constexpr double budget = 16.0;  // USD
constexpr double slice = budget / 100;
constexpr int weirs = 3;

class Fleet : public testing::Test {
protected:
    Fleet() : provider_(quick_provider("a")) {
        for (auto& each : weirs_) each = start();
    }

    [[nodiscard]] std::unique_ptr<gateway_process> start(const std::string& shared = {}) const {
        const std::string conf = "listeners: [{address: \"127.0.0.1:0\"}]\nprices: prices.yaml\npools:\n  main:\n    upstreams:\n" +
                                 upstream_of(*provider_) +
                                 "keys: [{name: team, secret: sk-team, budgets: [{usd: 16, every: 30d}]}]\n"
                                 "admin: {address: \"127.0.0.1:0\"}\nworkers: 1\nstate: {ledger: ledger.db, shared: " +
                                 (shared.empty() ? "\"" + store_.url() + "\"" : shared) + "}\nlog: {access: access.log, level: info}\n";
        return std::make_unique<gateway_process>(WEIR_BINARY, conf,
                                                 gateway_process::files{{"prices.yaml", "models:\n  \"*\": {input: 0, output: 1000.00}\n"}});
    }

    static std::string question(bool stream) {
        return request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", stream, R"("max_tokens":15)"),
                            {{"Authorization", "Bearer sk-team"}, {"x-mock", "words=10,before_head=25"}});
    }

    /// Asks until the budget is refused many times in a row.
    static void use_up(const gateway_process& weir, std::atomic<int>& served, std::atomic<int>& odd) {
        auto client = std::make_unique<raw_client>(weir.url());
        for (int refused = 0, n = 0; refused < 12; ++n) {
            if (!client->send(question(n % 2 == 0))) client = std::make_unique<raw_client>(weir.url());
            const auto got = client->read_response(5s);
            if (got.status == 200) {
                ++served;
                refused = 0;
            } else if (got.status == 429 || got.status == 503) {
                ++refused;
                std::this_thread::sleep_for(100ms);
            } else {
                ++odd;
                ++refused;
            }
            if (!got.clean() || got.header("connection") == "close") client = std::make_unique<raw_client>(weir.url());
        }
    }

    static double spent(const gateway_process& weir) { return metric(weir.metrics(), "weir_spend_usd_total"); }
    static bool connected(const gateway_process& weir, bool wanted) {
        return metric(weir.metrics_when([&](const std::string& m) { return (metric(m, "weir_shared_connected") > 0) == wanted; }, 8s),
                      "weir_shared_connected") == (wanted ? 1 : 0);
    }

    store_server store_;
    std::unique_ptr<mock::provider> provider_;
    std::array<std::unique_ptr<gateway_process>, weirs> weirs_;
};

}  // namespace

TEST_F(Fleet, StaysWithinOneSliceForEachWeirAlsoWhenTheStoreGoesAndComesBack) {
    for (const auto& each : weirs_) ASSERT_TRUE(connected(*each, true));
    std::atomic<int> served{0}, odd{0};
    std::vector<std::thread> clients;
    for (const auto& each : weirs_)
        for (int i = 0; i < 4; ++i) clients.emplace_back([&] { use_up(*each, served, odd); });
    std::this_thread::sleep_for(700ms);
    const int before = served;
    store_.kill();
    std::this_thread::sleep_for(1200ms);
    const int during = served - before;
    store_.start();
    for (auto& each : clients) each.join();
    double total = 0;
    for (const auto& each : weirs_) {
        EXPECT_TRUE(connected(*each, true));
        total += spent(*each);
    }
    std::printf(
        "fleet: %d weirs, budget %.2f USD, spent %.4f USD, overshoot %.4f USD, bound %.4f USD; %d served before the store went, %d without it, %d in "
        "all\n",
        weirs, budget, total, std::max(total - budget, 0.0), weirs * slice, before, during, served.load());
    EXPECT_EQ(odd, 0);
    EXPECT_GT(before, 0);
    EXPECT_GT(during, 0) << "nobody was served while the store was gone";
    EXPECT_LE(total, budget + weirs * slice);
    EXPECT_GE(total, budget * 0.97) << "money was lost on the way";
}

TEST_F(Fleet, RemembersAfterARestartOfAWeirWhatAllHaveSpent) {
    ASSERT_TRUE(connected(*weirs_[0], true));
    for (int i = 0; i < 20; ++i) ASSERT_EQ(exchange_once(weirs_[0]->url(), question(false)).status, 200);
    const double of_first = spent(*weirs_[0]);
    ASSERT_GT(of_first, 0.1);
    for (auto& each : weirs_) {
        each->program().signal(SIGTERM);
        ASSERT_EQ(each->program().wait(10s), 0);
    }
    const auto fresh = start();
    // The claims of who is gone go with the next refresh; until then too little is left.
    const auto left = metric(
        fresh->metrics_when([&](const std::string& m) { return std::abs(metric(m, "weir_budget_remaining_usd") - (budget - of_first)) < 1e-6; }),
        "weir_budget_remaining_usd");
    EXPECT_NEAR(left, budget - of_first, 1e-6) << "what was leased and not used is free again";
}

TEST_F(Fleet, ShowsItsStoreWithoutThePassword) {
    const auto other = start("{url: \"redis://u:hunter2@127.0.0.1:" + std::to_string(refusing_port()) + "\", slice: 5%, on_failure: refuse}");
    const auto status = other->ask_admin("/api/status").body;
    EXPECT_NE(status.find("\"connected\":false"), std::string::npos) << status;
    EXPECT_NE(status.find("\"slice_percent\":5"), std::string::npos) << status;
    const auto got = exchange_once(other->url(), question(false));
    EXPECT_EQ(got.status, 503) << got.wire;
    EXPECT_EQ(got.header("retry-after"), "1");
    EXPECT_NE(other->program().err().find("cannot be reached"), std::string::npos) << other->program().err();
    EXPECT_EQ((status + other->program().err() + got.wire + other->metrics()).find("hunter2"), std::string::npos);
}
