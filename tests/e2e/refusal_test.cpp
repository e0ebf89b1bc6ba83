// What weir itself refuses: the status, the code, the shape of the client's dialect, and that the connection stays
// sane.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Refusal : public testing::Test {
protected:
    static void SetUpTestSuite() {
        a_ = quick_provider("a");
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "limits: {request_head: 4KiB, request_body: 64KiB, head_timeout: 300ms, body_timeout: 300ms, "
            "keepalive_timeout: 500ms}\n"
            "prices: prices.yaml\n"
            "pools:\n  one:\n    upstreams:\n" +
            upstream_of(*a_) + "  claude:\n    dialect: anthropic\n    upstreams:\n      - {name: c, url: \"" + a_->url() +
            "\"}\n"
            "  gemini:\n    dialect: gemini\n    upstreams:\n      - {name: g, url: \"" +
            a_->url() +
            "\"}\n"
            "routes:\n"
            "  - {models: [\"claude*\"], pool: claude}\n  - {models: [\"gemini*\"], pool: gemini}\n  - {models: "
            "[\"gpt*\", dear], pool: one}\n"
            "keys:\n"
            "  - {name: all, secret: sk-all}\n"
            "  - {name: narrow, secret: sk-narrow, models: [gpt-4o]}\n"
            "  - {name: elsewhere, secret: sk-elsewhere, allow: [10.0.0.0/8]}\n"
            "  - {name: old, secret: sk-old, expires: 2020-01-01}\n"
            "  - {name: slow, secret: sk-slow, requests_per_minute: 2}\n"
            "  - {name: poor, secret: sk-poor, budgets: [{usd: 0.0001, every: 1d}]}\n" +
            std::string{conf_end};
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY, conf,
                                                  gateway_process::files{{"prices.yaml", "models:\n  dear: {input: 100.00, output: 1000.00}\n"}});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        a_.reset();
    }
    void SetUp() override { a_->forget(); }

    static response ask(const std::string& key, const std::string& body, const std::string& path = "/v1/chat/completions",
                        const std::string& method = "POST") {
        return exchange_once(weir_->url(), request_text(method, path, body, {{"Authorization", "Bearer " + key}}));
    }
    static void expect_refused(const response& got, int status, const std::string& code) {
        EXPECT_EQ(got.status, status) << got.wire;
        EXPECT_NE(got.body.find('"' + code + '"'), std::string::npos) << got.body;
        EXPECT_TRUE(got.clean());
        EXPECT_TRUE(got.header("content-type").starts_with("application/json"));
        EXPECT_EQ(a_->call_count(), 0u);
    }

    static std::unique_ptr<mock::provider> a_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Refusal::a_;
std::unique_ptr<gateway_process> Refusal::weir_;

}  // namespace

TEST_F(Refusal, NeedsAKnownKey) {
    expect_refused(ask("sk-unknown", chat_body("gpt-4o", true)), 401, "invalid_key");
    expect_refused(exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", false))), 401, "invalid_key");
}

TEST_F(Refusal, KeepsToTheKeysPolicy) {
    expect_refused(ask("sk-narrow", chat_body("gpt-5", false)), 403, "model_not_allowed");
    expect_refused(ask("sk-elsewhere", chat_body("gpt-4o", false)), 403, "address_not_allowed");
    expect_refused(ask("sk-old", chat_body("gpt-4o", false)), 403, "key_expired");
    EXPECT_EQ(ask("sk-narrow", chat_body("gpt-4o", false)).status, 200);
}

TEST_F(Refusal, SaysWhenARateIsUsedUp) {
    EXPECT_EQ(ask("sk-slow", chat_body("gpt-4o", false)).status, 200);
    EXPECT_EQ(ask("sk-slow", chat_body("gpt-4o", false)).status, 200);
    a_->forget();
    const auto got = ask("sk-slow", chat_body("gpt-4o", false));
    expect_refused(got, 429, "rate_limited");
    EXPECT_GT(std::atoi(got.header("retry-after").c_str()), 0);
}

TEST_F(Refusal, SaysWhenABudgetIsSpent) {
    response got;
    for (int i = 0; i < 10 && got.status != 429; ++i) got = ask("sk-poor", chat_body("dear", false, R"("max_tokens":3)"));
    EXPECT_EQ(got.status, 429);
    EXPECT_NE(got.body.find("budget_exceeded"), std::string::npos) << got.body;
    EXPECT_NE(got.header("retry-after"), "");
}

TEST_F(Refusal, KnowsNoModelWithoutARoute) { expect_refused(ask("sk-all", chat_body("llama", false)), 404, "model_not_found"); }

TEST_F(Refusal, NamesUnknownEndpointsAndWrongMethods) {
    expect_refused(ask("sk-all", "{}", "/nowhere"), 404, "unknown_endpoint");
    const auto got = exchange_once(weir_->url(), request_text("GET", "/v1/chat/completions", {}, {{"Authorization", "Bearer sk-all"}}));
    EXPECT_EQ(got.status, 405) << got.body;
    EXPECT_NE(got.header("allow").find("POST"), std::string::npos);
}

TEST_F(Refusal, ReadsJsonStrictly) {
    for (const char* body : {"", "not json", "[]", R"({"messages":[]})", R"({"model":"gpt-4o","model":"gpt-5","messages":[]})",
                             R"({"model":"gpt-4o","m\u006fdel":"gpt-5","messages":[]})", R"({"model":7,"messages":[]})",
                             R"({"model":"gpt-4o","stream":"yes","messages":[]})"})
        expect_refused(ask("sk-all", body), 400, "bad_request");
}

TEST_F(Refusal, SendsAForeignSchemaToItsEndpoint) {
    const auto got = ask("sk-all", R"({"model":"gpt-4o","messages":[]})", "/v1/responses");
    expect_refused(got, 400, "wrong_schema");
    EXPECT_NE(got.body.find("/v1/chat/completions"), std::string::npos) << got.body;
    const auto system = ask("sk-all", R"({"model":"gpt-4o","system":"be","messages":[]})");
    expect_refused(system, 400, "wrong_schema");
    EXPECT_NE(system.body.find("/v1/messages"), std::string::npos) << system.body;
}

TEST_F(Refusal, WritesErrorsInTheClientsDialect) {
    const auto openai = ask("sk-unknown", chat_body("gpt-4o", false));
    EXPECT_TRUE(openai.body.starts_with(R"({"error":{"message":)")) << openai.body;
    const auto claude = ask("sk-unknown", R"({"model":"claude-x","max_tokens":1,"messages":[]})", "/v1/messages");
    EXPECT_TRUE(claude.body.starts_with(R"({"type":"error","error":{"type":"authentication_error")")) << claude.body;
    EXPECT_NE(claude.body.find(R"("code":"invalid_key")"), std::string::npos);
    const auto gemini = ask("sk-unknown", "{}", "/v1beta/models/gemini-x:generateContent");
    EXPECT_NE(gemini.body.find(R"("code":401)"), std::string::npos) << gemini.body;
    EXPECT_NE(gemini.body.find(R"("reason":"invalid_key")"), std::string::npos) << gemini.body;
}

TEST_F(Refusal, LimitsTheBody) {
    const auto big = chat_body("gpt-4o", false, R"("padding":")" + std::string(70'000, 'p') + '"');
    expect_refused(ask("sk-all", big), 413, "body_too_large");
    const auto chunked = exchange_once(weir_->url(), chunked_request_text("/v1/chat/completions", big, 1000, {{"Authorization", "Bearer sk-all"}}));
    expect_refused(chunked, 413, "body_too_large");
}

TEST_F(Refusal, LimitsTheHead) {
    expect_refused(
        exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", false), {{"X-Long", std::string(5000, 'h')}})),
        431, "head_too_large");
}

TEST_F(Refusal, LosesPatienceWithSlowHeadsAndBodies) {
    raw_client head{weir_->url()};
    ASSERT_TRUE(head.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"));
    const auto asked = std::chrono::steady_clock::now();
    EXPECT_EQ(head.read_response().status, 408);
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 3s);
    EXPECT_TRUE(head.wait_closed(2s));
    raw_client body{weir_->url()};
    ASSERT_TRUE(
        body.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk-all\r\nContent-Type: "
                  "application/json\r\nContent-Length: 100\r\n\r\n{"));
    const auto got = body.read_response();
    EXPECT_EQ(got.status, 408);
    EXPECT_NE(got.body.find("client_timeout"), std::string::npos);
    EXPECT_TRUE(body.wait_closed(2s));
}

TEST_F(Refusal, ClosesIdleConnectionsSilently) {
    raw_client client{weir_->url()};
    EXPECT_EQ(client.read_raw(3s), "");
    EXPECT_TRUE(client.wait_closed(1s));
}

TEST_F(Refusal, RefusesMalformedHttpAndSmuggling) {
    const std::string tail = "Authorization: Bearer sk-all\r\nContent-Type: application/json\r\n";
    for (const auto& text :
         {"GET\r\n\r\n" + std::string{}, std::string{"POST /v1/chat/completions HTTP/1.1\r\n"} + tail + "Content-Length: 2\r\n\r\n{}",
          "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + tail + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + tail + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}",
          "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + tail + "Transfer-Encoding: chunked, gzip\r\n\r\n",
          "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + tail + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
          "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX : 1\r\n" + tail + "Content-Length: 2\r\n\r\n{}",
          "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX: 1\r\n folded\r\n" + tail + "Content-Length: 2\r\n\r\n{}"}) {
        raw_client client{weir_->url()};
        ASSERT_TRUE(client.send(text));
        const auto got = client.read_response(3s);
        EXPECT_TRUE(got.status == 400 || got.status == 501) << text << "\n=> " << got.wire;
        EXPECT_TRUE(client.wait_closed(3s)) << text;
    }
    EXPECT_EQ(a_->call_count(), 0u);
}

TEST_F(Refusal, KeepsTheConnectionAfterARefusalThatReadTheBody) {
    raw_client client{weir_->url()};
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", false), {{"Authorization", "Bearer nope"}})));
    EXPECT_EQ(client.read_response().status, 401);
    // Either it stays open and works, or it says that it closes; both are fine, a lie is not.
    const bool sent = client.send(request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", false), {{"Authorization", "Bearer sk-all"}}));
    const auto got = client.read_response();
    EXPECT_TRUE(!sent || got.status == 200 || got.status == 0) << got.wire;
}

TEST_F(Refusal, NeitherWaitsForNorHoldsALargeBodyOfWhoMayNotAsk) {
    // Within limits.request_body, and not sent: an answer comes only if nobody waits for it.
    for (const char* framing : {"Content-Length: 65537\r\n\r\n", "Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"}) {
        raw_client client{weir_->url()};
        ASSERT_TRUE(client.send(std::string{"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer no\r\n"} + framing));
        const auto got = client.read_response();
        EXPECT_EQ(got.status, 401) << got.wire;
        EXPECT_TRUE(got.informational.empty());
        EXPECT_EQ(got.header("connection"), "close");
        EXPECT_TRUE(client.wait_closed(3s));
    }
    EXPECT_EQ(metric(weir_->metrics(), "weir_buffered_body_bytes"), 0);
}

TEST_F(Refusal, ListsTheModelsAKeyMayCall) {
    const auto got = exchange_once(weir_->url(), request_text("GET", "/v1/models", {}, {{"Authorization", "Bearer sk-narrow"}}));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body.find("\"dear\""), std::string::npos) << got.body;
    EXPECT_NE(exchange_once(weir_->url(), request_text("GET", "/v1/models", {}, {{"Authorization", "Bearer sk-all"}})).body.find("\"dear\""),
              std::string::npos);
    EXPECT_EQ(exchange_once(weir_->url(), request_text("GET", "/v1/models")).status, 401);
    // The two pools that patterns alone lead to are asked for their lists, and nothing else.
    EXPECT_EQ(a_->call_count(), 2u);
    for (const auto& call : a_->calls()) EXPECT_EQ(call.method, "GET");
}
