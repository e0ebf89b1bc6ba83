// Names of models that single upstreams have, and members that the conf drops and sets: what upstreams get, and what is told of it.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;

namespace {

class RewriteRules : public testing::Test {
protected:
    void SetUp() override {
        a_ = quick_provider("a");
        b_ = quick_provider("b");
    }
    void start(const std::string& pool, const std::string& of_a, const std::string& of_b, const std::string& route) {
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\nprices: prices.yaml\npools:\n  p:\n    balance: weighted_round_robin\n" + pool +
                "    upstreams:\n" + upstream_of(*a_, "weight: 1000" + of_a) + upstream_of(*b_, "weight: 1" + of_b) +
                "routes:\n  - {models: [\"*\"], pool: p" + route + "}\n" + std::string{conf_end},
            gateway_process::files{{"prices.yaml", "models:\n  at-a: {per_request: 1}\n  at-b: {per_request: 2}\n"}});
    }
    [[nodiscard]] response ask(const std::string& id, const std::string& model, bool stream = false, const std::string& more = {}) const {
        return exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", chat_body(model, stream, more), {{"x-request-id", id}}));
    }

    std::unique_ptr<mock::provider> a_, b_;
    std::unique_ptr<gateway_process> weir_;
};

}  // namespace

TEST_F(RewriteRules, EachUpstreamGetsItsOwnNameAndThatIsToldAndCharged) {
    start("    retry: {attempts: 2, backoff: 1ms, budget: 100%}\n", ", rename: {\"fast*\": at-a}", ", rename: {\"fast*\": at-b}", "");
    EXPECT_EQ(ask("first", "fast-1").status, 200);
    EXPECT_NE(a_->calls().back().body.find(R"("model":"at-a")"), std::string::npos) << a_->calls().back().body;
    auto line = weir_->log_line("\"first\"");
    EXPECT_NE(line.find(R"("served_model":"at-a")"), std::string::npos) << line;
    EXPECT_NE(line.find(R"("cost_usd":1)"), std::string::npos) << line;
    a_->once({.status = 503});
    EXPECT_EQ(ask("again", "fast-1").status, 200);
    EXPECT_NE(b_->calls().back().body.find(R"("model":"at-b")"), std::string::npos) << b_->calls().back().body;
    line = weir_->log_line("\"again\"");
    EXPECT_NE(line.find(R"("served_model":"at-b")"), std::string::npos) << line;
    EXPECT_NE(line.find(R"("cost_usd":2)"), std::string::npos) << line;
}

TEST_F(RewriteRules, ASecondAttemptBesideTheFirstHasItsOwnName) {
    start("    hedge: {after: 100ms, budget: 100%}\n", ", rename: {fast: at-a}", ", rename: {fast: at-b}", "");
    a_->always({.first_event = std::chrono::seconds{3}});
    const auto got = ask("hedged", "fast", true);
    EXPECT_EQ(got.status, 200);
    EXPECT_TRUE(got.clean());
    ASSERT_EQ(b_->call_count(), 1u);
    EXPECT_NE(b_->calls().back().body.find(R"("model":"at-b")"), std::string::npos) << b_->calls().back().body;
    EXPECT_NE(a_->calls().back().body.find(R"("model":"at-a")"), std::string::npos) << a_->calls().back().body;
    const auto line = weir_->log_line("\"hedged\"");
    EXPECT_NE(line.find(R"("served_model":"at-b")"), std::string::npos) << line;
}

TEST_F(RewriteRules, WhatIsToldIsOfTheAttemptThatWon) {
    start("    hedge: {after: 100ms, budget: 100%}\n", ", drop: [seed]", ", set: {top_p: 0.25}", "");
    a_->always({.first_event = std::chrono::seconds{3}});
    const auto got = ask("won", "at-b", true, R"("seed":7)");
    EXPECT_EQ(got.status, 200);
    ASSERT_EQ(b_->call_count(), 1u);
    EXPECT_NE(b_->calls().back().body.find(R"("seed":7)"), std::string::npos) << b_->calls().back().body;
    EXPECT_EQ(got.header("x-weir-dropped"), "");
    EXPECT_EQ(got.header("x-weir-changed"), "top_p");
    const auto line = weir_->log_line("\"won\"");
    EXPECT_NE(line.find(R"("changed":"top_p")"), std::string::npos) << line;
    EXPECT_EQ(line.find(R"("dropped")"), std::string::npos) << line;
}

TEST_F(RewriteRules, ABodyMadeAnewCountsAsOneThatIsHeld) {
    start("    retry: {attempts: 1}\n", ", drop: [seed]", "", "}\nlimits: {request_body: 1MiB, buffered_bodies: 1MiB");
    const auto much = [](std::size_t size) {
        return R"({"model":"m","seed":7,"messages":[{"role":"user","content":")" + std::string(size, 'x') + "\"}]}";
    };
    const auto refused = exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", much(700'000)));
    EXPECT_EQ(refused.status, 503) << refused.body;
    EXPECT_NE(refused.body.find("limits.buffered_bodies"), std::string::npos) << refused.body;
    EXPECT_EQ(a_->call_count(), 0u);
    const auto given_back = weir_->metrics_when([](const std::string& m) { return metric(m, "weir_buffered_body_bytes") == 0; });
    EXPECT_EQ(metric(given_back, "weir_buffered_body_bytes"), 0);
    EXPECT_EQ(exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", much(300'000))).status, 200);
}

TEST_F(RewriteRules, AnUpstreamsExactNamesAreListed) {
    start("", ", rename: {fast: at-a, \"x-*\": \"*\"}", "", "");
    const auto got = exchange_once(weir_->url(), request_text("GET", "/v1/models", {}));
    EXPECT_NE(got.body.find(R"("fast")"), std::string::npos) << got.body;
    EXPECT_EQ(got.body.find("x-"), std::string::npos) << got.body;
}

TEST_F(RewriteRules, MembersAreDroppedAndSetAndTheClientIsTold) {
    start("    retry: {attempts: 2, backoff: 1ms, budget: 100%}\n", ", drop: [seed]", ", set: {top_p: 0.25}",
          ", drop: [temperature], set: {user: weir}");
    const auto got = ask("plain", "at-a", false, R"("temperature":0.5,"seed":7)");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.header("x-weir-dropped"), "temperature, seed");
    EXPECT_EQ(got.header("x-weir-changed"), "user");
    EXPECT_EQ(got.header("x-weir-translated"), "");
    EXPECT_NE(weir_->log_line("\"at-a\"").find(R"("dropped":"temperature, seed","changed":"user")"), std::string::npos);
    auto body = a_->calls().back().body;
    EXPECT_EQ(body.find("temperature"), std::string::npos) << body;
    EXPECT_EQ(body.find("seed"), std::string::npos) << body;
    EXPECT_NE(body.find(R"("user":"weir")"), std::string::npos) << body;
    EXPECT_EQ(a_->calls().back().header("content-length"), std::to_string(body.size()));
    a_->once({.status = 503});
    const auto moved = ask("moved", "at-a", false, R"("temperature":0.5,"seed":7)");
    EXPECT_EQ(moved.status, 200);
    EXPECT_EQ(moved.header("x-weir-dropped"), "temperature") << "what the upstream that answered got";
    EXPECT_EQ(moved.header("x-weir-changed"), "user, top_p");
    body = b_->calls().back().body;
    EXPECT_NE(body.find(R"("seed":7)"), std::string::npos) << body;
    EXPECT_NE(body.find(R"("top_p":0.25)"), std::string::npos) << body;
    EXPECT_EQ(body.find("temperature"), std::string::npos) << body;
}
