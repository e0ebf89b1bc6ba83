// /v1/responses over WebSocket: counted response by response, each at the price of its own model; refused with 426 where the model of each request
// matters.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "http/websocket.hpp"
#include "support/gateway_process.hpp"
#include "support/websocket.hpp"

namespace mock = weir::mock;
namespace json = boost::json;
using namespace std::chrono_literals;
using namespace weir::test;
using weir::http::text_frame;

namespace {

std::string handshake(const std::string& key, const std::string& line = "GET /v1/responses") {
    return websocket_handshake(line + " HTTP/1.1", key.empty() ? "" : "Authorization: Bearer " + key + "\r\n");
}

std::string created(const std::string& model) {
    return text_frame(R"({"type":"response.created","sequence_number":0,"response":{"id":"r","model":")" + model + R"(","output":[],"usage":null}})");
}

const std::string delta = text_frame(R"({"type":"response.output_text.delta","output_index":0,"delta":"Hi"})");

/// 20 tokens of input, 10 cached, 5 of output, 4 of reasoning.
std::string over(const std::string& how, const std::string& model) {
    return text_frame(R"({"type":"response.)" + how + R"(","response":{"id":"r",)" + (model.empty() ? "" : R"("model":")" + model + R"(",)") +
                      R"("output":[{"type":"message"}],"usage":{"input_tokens":30,"output_tokens":9,"total_tokens":39,)"
                      R"("input_tokens_details":{"cached_tokens":10},"output_tokens_details":{"reasoning_tokens":4}}}})");
}

class ResponsesWebSocket : public testing::Test {
protected:
    void start(const std::string& routes, const std::string& usd = "100") {
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\nprices: prices.yaml\npools:\n  main:\n    collect: on\n    upstreams:\n" +
                upstream_of(*a_, "api_key: up-secret") + "  spare:\n    upstreams:\n" + upstream_of(*b_, "api_key: other-secret") + routes +
                "keys:\n  - {name: coder, secret: sk-coder, budgets: [{usd: " + usd +
                ", every: 30d}]}\n"
                "  - {name: lenient, secret: sk-lenient, unpriced: serve, budgets: [{usd: " +
                usd +
                ", every: 30d}]}\n"
                "  - {name: narrow, secret: sk-narrow, models: [gpt-5, \"gpt-5-*\"]}\n"
                "  - {name: broad, secret: sk-broad, models: [gpt-5, \"*\"]}\n"
                "  - {name: capped, secret: sk-capped, max_output_tokens: 100}\n" +
                conf_end,
            gateway_process::files{{"prices.yaml",
                                    "models:\n  gpt-5: {input: 10, cached_input: 1, output: 100}\n"
                                    "  gpt-5-mini: {input: 1, cached_input: 0.1, output: 10}\n"}});
    }

    std::unique_ptr<raw_client> open(const std::string& says, const std::string& key = "sk-coder") {
        a_->once({.body = says, .terminator = false}, "/responses");
        auto client = std::make_unique<raw_client>(weir_->url());
        EXPECT_TRUE(client->send(handshake(key)));
        EXPECT_EQ(client->read_head().status, 101);
        return client;
    }

    void expect_fallback(const std::string& wire, const std::string& reason) {
        const auto got = exchange_once(weir_->url(), wire);
        EXPECT_EQ(got.status, 426) << wire;
        EXPECT_NE(got.body.find("upgrade_not_served"), std::string::npos) << got.body;
        EXPECT_NE(got.body.find(reason), std::string::npos) << got.body;
        EXPECT_NE(got.body.find(R"(\"stream\": true)"), std::string::npos) << got.body;
    }

    json::object logged() { return json::parse(weir_->log_line("/v1/responses", 5s)).as_object(); }

    std::unique_ptr<mock::provider> a_ = quick_provider("a"), b_ = quick_provider("b");
    std::unique_ptr<gateway_process> weir_;
};

constexpr const char* to_main = "routes:\n  - {models: [\"*\"], pool: main}\n";

}  // namespace

TEST_F(ResponsesWebSocket, CountsEachResponseAtThePriceOfItsModel) {
    start(to_main);
    const auto says =
        created("gpt-5") + delta + over("completed", "gpt-5") + created("gpt-5-mini") + over("incomplete", "gpt-5-mini") + over("failed", "gpt-5");
    auto client = open(says);
    EXPECT_EQ(client->read_bytes(says.size()), says) << "no byte was changed";
    const auto mine = client_frame(0x81, R"({"type":"response.create","model":"gpt-5","input":"Hello"})");
    ASSERT_TRUE(client->send(mine));
    EXPECT_TRUE(a_->wait_for([&](const auto& calls) { return calls.back().body == mine; }));
    EXPECT_EQ(a_->calls().back().target, "/v1/responses");
    EXPECT_EQ(a_->calls().back().header("authorization"), "Bearer up-secret");
    // Visible while the session runs. 20*10 + 10*1 + 9*100 millionths of a dollar at gpt-5's price, a tenth of it at gpt-5-mini's.
    const auto metrics = weir_->metrics_when([](const std::string& m) { return metric(m, "weir_spend_usd_total", {"model=\"gpt-5\""}) > 0.002; });
    EXPECT_NEAR(metric(metrics, "weir_spend_usd_total", {"model=\"gpt-5\""}), 2.1 * 0.00111, 1e-9);
    client->close();
    const auto line = logged();
    EXPECT_EQ(line.at("model"), "gpt-5");
    EXPECT_EQ(line.at("served_model"), "gpt-5");
    EXPECT_EQ(line.at("endpoint"), "/v1/responses");
    EXPECT_EQ(line.at("stream"), true);
    EXPECT_EQ(line.at("input_tokens"), 3 * 20);
    EXPECT_EQ(line.at("cached_input_tokens"), 3 * 10);
    EXPECT_EQ(line.at("output_tokens"), 3 * 5);
    EXPECT_EQ(line.at("reasoning_tokens"), 3 * 4);
    EXPECT_EQ(line.at("estimated"), false);
    EXPECT_DOUBLE_EQ(line.at("cost_usd").as_double(), 0.002331);
    const auto after = weir_->metrics_when([](const std::string& m) { return metric(m, "weir_requests_total", {"endpoint=\"/v1/responses\""}) > 0; });
    EXPECT_EQ(metric(after, "weir_tokens_total", {"model=\"gpt-5\"", "type=\"reasoning\"", "source=\"upstream\""}), 12);
    EXPECT_NEAR(metric(after, "weir_budget_remaining_usd", {"key=\"coder\""}), 100 - 2.1 * 0.00111, 1e-9);
    EXPECT_EQ(metric(after, "weir_unpriced_requests_total"), 0);
}

TEST_F(ResponsesWebSocket, SaysWhereAResponseHadNoPriceAndBoundsItsLabel) {
    start(to_main);
    const auto says = created("new-thing") + over("completed", "new-thing") + over("completed", "gpt-5") + over("completed", "");
    auto client = open(says, "sk-lenient");
    EXPECT_EQ(client->read_bytes(says.size()), says);
    client->close();
    const auto line = logged();
    EXPECT_EQ(line.at("model"), "new-thing");
    EXPECT_EQ(line.at("output_tokens"), 15);
    EXPECT_DOUBLE_EQ(line.at("cost_usd").as_double(), 0.00111);
    const auto metrics = weir_->metrics_when([](const std::string& m) { return metric(m, "weir_unpriced_requests_total") > 0; });
    EXPECT_EQ(metric(metrics, "weir_unpriced_requests_total", {"model=\"other\""}), 1);
    EXPECT_EQ(metrics.find("new-thing"), std::string::npos);
}

// The handshake names no model: each response does, when it begins, and a key with a budget gets none that would cost nothing.
TEST_F(ResponsesWebSocket, EndsTheSessionWhereAResponseBeginsThatHasNoPrice) {
    start(to_main);
    const auto paid = created("gpt-5") + over("completed", "gpt-5");
    const auto begins = created("new-thing");
    auto client = open(paid + begins + delta + over("completed", "new-thing"));
    const auto got = client->read_bytes(paid.size() + begins.size() + 1000);
    ASSERT_EQ(got.substr(0, paid.size()), paid);
    const auto rest = got.substr(paid.size());
    EXPECT_NE(rest.find(R"("code":"model_not_priced")"), std::string::npos) << rest;
    EXPECT_EQ(rest.find("output_text.delta"), std::string::npos) << rest;
    EXPECT_TRUE(client->wait_closed());
    const auto line = logged();
    EXPECT_EQ(line.at("code"), "model_not_priced");
    EXPECT_EQ(line.at("output_tokens"), 5);
}

TEST_F(ResponsesWebSocket, EndsTheSessionWhereTheBudgetIsSpent) {
    start(to_main, "0.003");  // the third response passes it
    std::string paid;
    for (int i = 0; i < 3; ++i) paid += created("gpt-5") + over("completed", "gpt-5");
    auto client = open(paid + created("gpt-5") + delta);
    const auto got = client->read_bytes(paid.size() + 1000);
    ASSERT_EQ(got.substr(0, paid.size()), paid) << "what was paid for is delivered";
    const auto rest = got.substr(paid.size());
    EXPECT_NE(rest.find(R"({"type":"error","status":429,"error":{)"), std::string::npos) << rest;
    EXPECT_NE(rest.find(R"("code":"budget_exceeded")"), std::string::npos) << rest;
    EXPECT_NE(rest.find("\x88\x11\x03\xf0"
                        "budget_exceeded"),
              std::string::npos)
        << "close code 1008";
    EXPECT_EQ(rest.find("response.created"), std::string::npos) << "what came behind is not passed on";
    EXPECT_TRUE(client->wait_closed());
    const auto line = logged();
    EXPECT_EQ(line.at("code"), "budget_exceeded");
    EXPECT_DOUBLE_EQ(line.at("cost_usd").as_double(), 0.00333);
    EXPECT_EQ(exchange_once(weir_->url(), handshake("sk-coder")).status, 429);
}

TEST_F(ResponsesWebSocket, SendsKeysThatDependOnTheModelBackToHttp) {
    start(to_main);
    expect_fallback(handshake("sk-narrow"), "'narrow' may call some models only");
    expect_fallback(handshake("sk-capped"), "max_output_tokens");
    EXPECT_EQ(exchange_once(weir_->url(), handshake("sk-wrong")).status, 401);
    EXPECT_EQ(a_->call_count(), 0u);
    auto client = open({}, "sk-broad");
    client->close();
}

TEST_F(ResponsesWebSocket, IsRefusedWhereNoRouteTakesItOrTheRouteRenames) {
    start("routes:\n  - {models: [gpt-5], pool: main}\n");
    expect_fallback(handshake("sk-coder"), "no route takes requests without a model");
    start("routes:\n  - {models: [\"*\"], pool: main, rename: {gpt-5: gpt-5-mini}}\n");
    expect_fallback(handshake("sk-coder"), "renames models");
    EXPECT_EQ(a_->call_count(), 0u);
}

TEST_F(ResponsesWebSocket, MovesToAFallbackOnlyUnderTheSameNames) {
    for (const std::string model : {"", ", model: gpt-5-mini"}) {
        start("routes:\n  - {models: [\"*\"], pool: main, fallback: [{pool: spare" + model + "}]}\n");
        a_->forget();
        a_->always({.status = 503});
        raw_client client{weir_->url()};
        ASSERT_TRUE(client.send(handshake("sk-coder")));
        EXPECT_EQ(client.read_head().status, model.empty() ? 101 : 503);
        EXPECT_EQ(b_->call_count(), 1u) << "the second conf's fallback is not asked";
    }
}

TEST_F(ResponsesWebSocket, IsServedAtNoOtherPath) {
    start(to_main);
    auto posted = handshake("sk-coder", "POST /v1/responses");
    expect_fallback(posted.insert(posted.size() - 2, "Content-Length: 0\r\n"), "only /v1/realtime and /v1/responses");
    for (const char* line : {"GET /v1/responses/resp_1", "GET /v1/responses/compact", "GET /v1/chat/completions", "GET /v1/models"})
        expect_fallback(handshake("sk-coder", line), "only /v1/realtime and /v1/responses");
    EXPECT_EQ(a_->call_count(), 0u);
    EXPECT_EQ(exchange_once(weir_->url(), request_text("GET", "/v1/responses", "")).status, 405) << "without an upgrade it is what it was";
}
