// One client cannot take an upstream away from the others by what it asks; an upstream whose key is really revoked rests all the same.
#include <gtest/gtest.h>

#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

constexpr const char* forbidden =
    R"({"error":{"message":"Project does not have access to model","type":"invalid_request_error","param":null,"code":"model_not_found"}})";
constexpr const char* unauthorized =
    R"({"error":{"message":"Incorrect API key provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}})";
constexpr const char* spent =
    R"({"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}})";

mock::script says(int status, std::string body) {
    mock::script how{.status = status};
    how.body = std::move(body);
    return how;
}

class Blame : public testing::Test {
protected:
    void SetUp() override {
        a_ = quick_provider("a");
        b_ = quick_provider("b");
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY,
                                                  "listeners: [{address: \"127.0.0.1:0\"}]\n"
                                                  "pools:\n  main:\n    balance: weighted_round_robin\n"
                                                  "    retry: {attempts: 3, backoff: 1ms, max_backoff: 5ms, budget: 100%}\n    upstreams:\n" +
                                                      upstream_of(*a_, "weight: 1000, api_key: sk-own") + upstream_of(*b_, "api_key: sk-own") +
                                                      "routes: [{models: [\"*\"], pool: main}]\n"
                                                      "keys:\n  - {name: narrow, secret: sk-narrow}\n  - {name: wide, secret: sk-wide}\n" +
                                                      std::string{conf_end});
    }

    response ask(const std::string& key, const std::string& model, const std::string& path = "/v1/chat/completions") {
        return exchange_once(weir_->url(), request_text("POST", path, chat_body(model, false), {{"Authorization", "Bearer " + key}}));
    }
    response get(const std::string& key, const std::string& path) {
        return exchange_once(weir_->url(), request_text("GET", path, {}, {{"Authorization", "Bearer " + key}}));
    }
    /// Both upstreams answer so where `model` is asked for; everything else is answered well.
    void provoke(const std::string& model, const mock::script& how) {
        for (auto* each : {a_.get(), b_.get()}) each->on([=](const mock::call& c) { return c.model == model ? std::optional{how} : std::nullopt; });
    }
    std::string state_of(const std::string& upstream) {
        const auto all = weir_->ask_admin("/api/status").body;
        auto at = all.find("\"name\":\"" + upstream + "\",\"url\"");
        at = all.find("\"state\":\"", at);
        return all.substr(at + 9, all.find('"', at + 9) - at - 9);
    }
    bool becomes(const std::string& upstream, const std::string& state) {
        for (const auto until = std::chrono::steady_clock::now() + 5s; std::chrono::steady_clock::now() < until; std::this_thread::sleep_for(20ms))
            if (state_of(upstream) == state) return true;
        return state_of(upstream) == state;
    }
    bool logs(const std::string& words) {
        return weir_->program().wait_err([&](const std::string& e) { return e.find(words) != std::string::npos; }, 3s);
    }
    void expect_others_are_served() {
        EXPECT_EQ(state_of("a"), "open");
        EXPECT_EQ(state_of("b"), "open");
        EXPECT_EQ(weir_->ask_admin("/readyz").status, 200);
        for (int i = 0; i < 4; ++i) {
            const auto got = ask("sk-wide", "gpt-4o");
            EXPECT_EQ(got.status, 200) << got.wire;
            EXPECT_EQ(got.header("x-weir-attempts"), "1");
        }
    }

    std::unique_ptr<mock::provider> a_, b_;
    std::unique_ptr<gateway_process> weir_;
};

}  // namespace

TEST_F(Blame, AClientsForbiddenRequestsTakeNoUpstreamAwayFromTheOthers) {
    provoke("forbidden", says(403, forbidden));
    for (int i = 0; i < 8; ++i) {
        const auto got = ask("sk-narrow", "forbidden");
        EXPECT_EQ(got.status, 403);
        EXPECT_EQ(got.body, forbidden);
    }
    EXPECT_EQ(a_->call_count(), 8u) << "each upstream once a request, and without a question of weir's own";
    EXPECT_GE(b_->call_count(), 6u) << "as often as the retry budget lets it";
    EXPECT_LE(b_->call_count(), 8u);
    expect_others_are_served();
}

TEST_F(Blame, RefusalsOfWhatWeirPassesOnUnreadTakeNoUpstreamAway) {
    for (auto* each : {a_.get(), b_.get()})
        each->on([](const mock::call& c) { return c.target.starts_with("/v1/chat") ? std::nullopt : std::optional{says(401, unauthorized)}; });
    for (int i = 0; i < 5; ++i) {
        const auto got = get("sk-narrow", "/v1/files/nope" + std::to_string(i));
        EXPECT_EQ(got.status, 401);
        EXPECT_EQ(got.body, unauthorized);
    }
    std::this_thread::sleep_for(200ms);
    expect_others_are_served();
}

TEST_F(Blame, AClientsUnauthorizedRequestsTakeNoUpstreamAwayWhoseKeyWorks) {
    provoke("odd", says(401, unauthorized));
    for (int i = 0; i < 8; ++i) EXPECT_EQ(ask("sk-narrow", "odd").status, 401);
    EXPECT_TRUE(logs("asked by weir itself it says 200"));
    expect_others_are_served();
}

TEST_F(Blame, AClientsServerErrorsTakeNoUpstreamAwayThatServesTheOthers) {
    provoke("bad-schema", says(500, "{}"));
    // So that both have served the other key.
    a_->once(says(503, "{}"));
    EXPECT_EQ(ask("sk-wide", "gpt-4o").header("x-weir-upstream"), "b");
    EXPECT_EQ(ask("sk-wide", "gpt-4o").header("x-weir-upstream"), "a");
    for (int i = 0; i < 12; ++i) EXPECT_EQ(ask("sk-narrow", "bad-schema").status, 500);
    expect_others_are_served();
}

TEST_F(Blame, ServerErrorsOfEverybodyEjectAnUpstream) {
    a_->always(says(500, "{}"));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(ask("sk-wide", "gpt-4o").status, 200);
        EXPECT_EQ(ask("sk-narrow", "gpt-4o").status, 200);
    }
    EXPECT_EQ(state_of("a"), "ejected");
    EXPECT_TRUE(logs("upstream 'a' of pool 'main' (" + a_->url() + "/v1) rests for "));
    EXPECT_TRUE(logs("after 5 failures; the last: status 500"));
}

TEST_F(Blame, AnUpstreamWhoseKeyIsRevokedRests) {
    a_->always(says(401, unauthorized));
    const auto got = ask("sk-wide", "gpt-4o");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.header("x-weir-upstream"), "b");
    EXPECT_EQ(got.header("x-weir-attempts"), "2");
    EXPECT_TRUE(becomes("a", "refused")) << weir_->ask_admin("/api/status").body;
    EXPECT_TRUE(logs("credentials refused (401"));
    EXPECT_EQ(ask("sk-wide", "gpt-4o").header("x-weir-attempts"), "1");
    EXPECT_EQ(weir_->ask_admin("/readyz").status, 200);
    const auto calls = a_->calls();
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls.back().target, "/v1/models");
    EXPECT_EQ(calls.back().header("authorization"), "Bearer sk-own");
}

TEST_F(Blame, WhenEveryKeyIsRevokedTheClientHearsTheUpstreamsOwnWord) {
    a_->always(says(401, unauthorized));
    b_->always(says(401, forbidden));
    const auto first = ask("sk-wide", "gpt-4o");
    EXPECT_EQ(first.status, 401);
    EXPECT_EQ(first.body, unauthorized) << "the first refusal is kept";
    EXPECT_TRUE(becomes("a", "refused"));
    EXPECT_TRUE(becomes("b", "refused"));
    EXPECT_EQ(ask("sk-wide", "gpt-4o").status, 401);
    a_->always({});
    b_->always({});
    EXPECT_EQ(ask("sk-wide", "gpt-4o").status, 200) << "panic uses them";
}

TEST_F(Blame, SpentQuotaRestsTheModelAndASecondModelTheUpstream) {
    a_->on([](const mock::call& c) { return c.model.starts_with("dear") ? std::optional{says(429, spent)} : std::nullopt; });
    EXPECT_EQ(ask("sk-wide", "dear").header("x-weir-upstream"), "b");
    EXPECT_EQ(state_of("a"), "open");
    EXPECT_TRUE(logs("is not asked for 'dear' for 300 s: its quota is spent (429 insufficient_quota)"));
    EXPECT_EQ(ask("sk-narrow", "dear").header("x-weir-attempts"), "1") << "for every key";
    EXPECT_EQ(ask("sk-wide", "gpt-4o").header("x-weir-upstream"), "a");
    EXPECT_EQ(ask("sk-wide", "dear-too").header("x-weir-attempts"), "2");
    EXPECT_EQ(state_of("a"), "open") << "something succeeded in between";
    EXPECT_EQ(ask("sk-wide", "dear-as-well").header("x-weir-attempts"), "2");
    EXPECT_EQ(state_of("a"), "refused");
}

TEST_F(Blame, WhatAnOperatorDoesStandsInTheEventLogAndTheLastFailureInTheStatus) {
    const auto admin = [&](const char* method, const char* path, const char* body) {
        return exchange_once(weir_->admin(), request_text(method, path, body)).status;
    };
    EXPECT_EQ(admin("POST", "/api/pools/main/upstreams/b/drain", ""), 200);
    EXPECT_TRUE(logs("info upstream 'b' of pool 'main' takes no new requests: an operator drained it"));
    EXPECT_EQ(admin("POST", "/api/pools/main/upstreams/b/undrain", ""), 200);
    EXPECT_TRUE(logs("upstream 'b' of pool 'main' takes requests again: an operator undrained it"));
    EXPECT_EQ(admin("PUT", "/api/pools/main/upstreams/b", R"({"weight": 7})"), 200);
    EXPECT_TRUE(logs("upstream 'b' of pool 'main' has the weight 7 now, by an operator"));
    a_->once(says(503, R"({"error":{"message":"busy","type":"server_error","param":null,"code":"overloaded"}})"));
    EXPECT_EQ(ask("sk-wide", "gpt-4o").header("x-weir-upstream"), "b");
    const auto status = weir_->ask_admin("/api/status").body;
    EXPECT_NE(status.find(R"x("status":503,"reason":"status 503 (overloaded)")x"), std::string::npos) << status;
    a_->once({.before_head = mock::milliseconds{30'000}});
    raw_client stuck{weir_->url()};
    ASSERT_TRUE(stuck.send(request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", false),
                                        {{"Authorization", "Bearer sk-wide"}, {"X-Request-Id", "to-be-ended"}})));
    EXPECT_TRUE(a_->wait_for([](const auto& calls) { return calls.size() >= 2; }));
    EXPECT_EQ(admin("DELETE", "/api/requests/to-be-ended", ""), 200);
    EXPECT_TRUE(logs("an operator ended the request to-be-ended"));
}
