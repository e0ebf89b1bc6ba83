// Which upstream gets a request: weights, failover, retries, fallbacks, health checks.
#include <gtest/gtest.h>

#include <set>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Balance : public testing::Test {
protected:
    static void SetUpTestSuite() {
        a_ = quick_provider("a");
        b_ = quick_provider("b");
        checked_ = quick_provider("checked");
        const auto refused = "      - {name: refused, url: \"http://127.0.0.1:" + std::to_string(refusing_port()) + "/v1\"}\n";
        const std::string calm =
            "    retry: {backoff: 1ms, max_backoff: 5ms, budget: 100%}\n    ejection: {consecutive_failures: 1000}\n   "
            " upstreams:\n";
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "pools:\n"
            "  weighted:\n    balance: weighted_round_robin\n" +
            calm + upstream_of(*a_, "weight: 3") + upstream_of(*b_, "weight: 1") + "  failover:\n    balance: weighted_round_robin\n" + calm +
            refused + upstream_of(*a_) + "  dead:\n" + calm + refused + "  single:\n" + calm + upstream_of(*a_) +
            "  slow:\n    timeouts: {first_byte: 200ms, first_token: 400ms, idle: 300ms}\n    retry: {attempts: 1}\n   "
            " upstreams:\n" +
            upstream_of(*a_) +
            "  checked:\n    health_check: {interval: 50ms, timeout: 40ms, healthy_after: 2, unhealthy_after: 2}\n    "
            "upstreams:\n" +
            upstream_of(*checked_) +
            "routes:\n"
            "  - {models: [weighted], pool: weighted}\n"
            "  - {models: [failover], pool: failover}\n"
            "  - {models: [dead], pool: dead}\n"
            "  - models: [fallback]\n    pool: dead\n    fallback: [{pool: single, model: other-name}]\n"
            "  - {models: [slow], pool: slow}\n"
            "  - {models: [checked], pool: checked}\n"
            "  - {models: [\"*\"], pool: single}\n" +
            std::string{conf_end};
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY, conf);
    }
    static void TearDownTestSuite() {
        weir_.reset();
        a_.reset();
        b_.reset();
        checked_.reset();
    }
    void SetUp() override {
        for (auto* each : {a_.get(), b_.get(), checked_.get()}) {
            each->forget();
            each->always({});
        }
    }

    static response ask(std::string_view model, bool stream = false) {
        return exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", chat_body(model, stream)));
    }

    static std::unique_ptr<mock::provider> a_, b_, checked_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Balance::a_, Balance::b_, Balance::checked_;
std::unique_ptr<gateway_process> Balance::weir_;

}  // namespace

TEST_F(Balance, KeepsTheWeights) {
    raw_client client{weir_->url()};
    for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("weighted", false))));
        ASSERT_EQ(client.read_response().status, 200);
    }
    EXPECT_EQ(a_->call_count(), 30u);
    EXPECT_EQ(b_->call_count(), 10u);
}

TEST_F(Balance, MovesOnWhenAnUpstreamRefusesConnections) {
    std::set<std::string> attempts;
    for (int i = 0; i < 6; ++i) {
        const auto got = ask("failover", i % 2 == 0);
        EXPECT_EQ(got.status, 200);
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(got.header("x-weir-upstream"), "a");
        attempts.insert(got.header("x-weir-attempts"));
    }
    EXPECT_TRUE(attempts.contains("2"));
}

TEST_F(Balance, MovesOnWhateverBreaksBeforeTheFirstByte) {
    using place = mock::cut::place;
    const std::vector<mock::script> ways = {
        {.status = 500},
        {.status = 503},
        {.status = 429},
        {.status = 524},
        {.status = 529},
        {.cut = mock::cut{place::head, 0, 0}, .ending = mock::ending::reset},
        {.cut = mock::cut{place::head, 0, 0}, .ending = mock::ending::fin},
        {.cut = mock::cut{place::head, 25, 0}, .ending = mock::ending::reset},
        {.cut = mock::cut{place::event, 0, 0}, .ending = mock::ending::reset},
        {.ending = mock::ending::reset, .drop = true},
        {.raw = "nonsense\r\n\r\n"},
    };
    for (std::size_t i = 0; i < ways.size(); ++i) {
        SCOPED_TRACE(i);
        a_->always(ways[i]);
        for (int k = 0; k < 4; ++k) {
            const auto got = ask("weighted", true);
            EXPECT_EQ(got.status, 200);
            EXPECT_TRUE(got.clean());
            EXPECT_EQ(got.header("x-weir-upstream"), "b");
        }
    }
}

TEST_F(Balance, GivesTheRequestsBodyWholeToEachAttempt) {
    a_->always({.status = 500});
    const auto body = chat_body("weighted", false, R"("padding":")" + std::string(200'000, 'p') + '"');
    const auto got = exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", body));
    EXPECT_EQ(got.status, 200);
    for (const auto* each : {a_.get(), b_.get()})
        for (const auto& call : each->calls()) EXPECT_TRUE(call.body == body);
}

TEST_F(Balance, DoesNotRepeatWhatTheProviderRefused) {
    a_->always({.status = 400});
    b_->always({.status = 400});
    EXPECT_EQ(ask("weighted").status, 400);
    EXPECT_EQ(a_->call_count() + b_->call_count(), 1u);
}

TEST_F(Balance, SaysWhichUrlCouldNotBeReached) {
    const auto got = ask("dead");
    EXPECT_EQ(got.status, 502);
    EXPECT_NE(got.body.find("upstream_unreachable"), std::string::npos) << got.body;
    EXPECT_NE(got.body.find("http://127.0.0.1:"), std::string::npos) << got.body;
}

TEST_F(Balance, FallsBackToAnotherPoolWithAnotherModel) {
    const auto got = ask("fallback");
    EXPECT_EQ(got.status, 200);
    ASSERT_EQ(a_->call_count(), 1u);
    EXPECT_EQ(a_->calls().back().model, "other-name");
}

TEST_F(Balance, TellsThePhaseOfATimeout) {
    a_->once({.before_head = 2s});
    const auto byte = ask("slow");
    EXPECT_EQ(byte.status, 504);
    EXPECT_NE(byte.body.find("upstream_timeout"), std::string::npos) << byte.body;
    EXPECT_NE(byte.body.find("first_byte"), std::string::npos) << byte.body;
    a_->once({.stall_after = 5, .stall = 3s});
    const auto idle = ask("slow", true);
    EXPECT_EQ(idle.status, 200);
    EXPECT_FALSE(idle.clean());
    EXPECT_EQ(idle.body.find("[DONE]"), std::string::npos);
}

TEST_F(Balance, TakesAnUpstreamOutWhileItsHealthCheckFailsAndBackAfterwards) {
    const auto healthy = [](const std::string& m) { return metric(m, "weir_upstream_healthy", {"upstream=\"checked\""}) == 1; };
    EXPECT_TRUE(healthy(weir_->metrics_when(healthy)));
    EXPECT_EQ(ask("checked").status, 200);
    checked_->always({.status = 500});
    const auto down = [&](const std::string& m) { return !healthy(m); };
    EXPECT_TRUE(down(weir_->metrics_when(down)));
    const auto before = checked_->calls();
    ASSERT_FALSE(before.empty());
    const auto got = ask("checked");
    EXPECT_EQ(got.status, 503);
    EXPECT_NE(got.body.find("no_healthy_upstream"), std::string::npos) << got.body;
    EXPECT_NE(got.header("retry-after"), "");
    for (const auto& call : checked_->calls()) EXPECT_TRUE(call.method == "GET" || call.serial <= before.back().serial);
    checked_->always({});
    EXPECT_TRUE(healthy(weir_->metrics_when(healthy)));
    EXPECT_EQ(ask("checked").status, 200);
}

TEST_F(Balance, AsksHealthWithTheUpstreamsPath) {
    EXPECT_TRUE(checked_->wait_for([](const auto& calls) { return calls.size() >= 2; }));
    EXPECT_EQ(checked_->calls().front().method, "GET");
    EXPECT_EQ(checked_->calls().front().target, "/v1/models");
}
