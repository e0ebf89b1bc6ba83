// `collect: on` through the real binary: a unary client gets the very answer that the provider gives without a stream,
// and nothing of what goes wrong on the way. How events become a document is tested in tests/dialect.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <regex>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
namespace json = boost::json;
using namespace std::chrono_literals;
using namespace weir::test;
using place = mock::cut::place;

namespace {

constexpr const char* tools =
    R"("tools":[{"type":"function","function":{"name":"weather","parameters":{"properties":{"city":{"type":"string"},"days":{"type":"integer"}}}}}])";

struct dialect_case {
    const char* path;
    std::string body;
};

std::vector<dialect_case> every_unary() {
    const std::string claude = R"({"model":"claude-x","max_tokens":500,"messages":[{"role":"user","content":"Say"}])";
    const std::string responses = R"({"model":"m","input":"Say")";
    const std::string gemini = R"({"contents":[{"parts":[{"text":"Say"}]}])";
    const std::string schema = R"({"properties":{"city":{"type":"string"}}})";
    return {
        {"/v1/chat/completions", chat_body("m", false)},
        {"/v1/chat/completions", chat_body("m", false, R"("stream":false,"n":3,"max_tokens":5)")},
        {"/v1/chat/completions", chat_body("m", false, tools)},
        {"/v1/chat/completions", chat_body("m", false, std::string{tools} + R"(,"n":2,"stream":null)")},
        {"/v1/completions", R"({"model":"m","prompt":"Say","n":2})"},
        {"/v1/responses", responses + "}"},
        {"/v1/responses", responses + R"(,"max_output_tokens":4})"},
        {"/v1/responses", responses + R"(,"tools":[{"type":"function","name":"f","parameters":)" + schema + "}]}"},
        {"/v1/messages", claude + "}"},
        {"/v1/messages", claude + R"(,"tools":[{"name":"f","input_schema":)" + schema + "}]}"},
        {"/v1beta/models/gemini-x:generateContent", gemini + "}"},
        {"/v1beta/models/gemini-x:generateContent?alt=json&key=k", gemini + "}"},
        {"/v1beta/models/gemini-x:generateContent", gemini + R"(,"tools":[{"functionDeclarations":[{"name":"f","parameters":)" + schema + "}]}]}"},
    };
}

/// Without what differs from one answer of the mock to the next.
json::value comparable(const std::string& body) {
    static const std::regex serial{"mock[0-9]+"}, time{R"re("created(_at)?":[0-9]+)re"};
    json::error_code failed;
    const auto same = std::regex_replace(std::regex_replace(body, serial, "mock#"), time, "\"created\":0");
    auto value = json::parse(same, failed);
    EXPECT_FALSE(failed) << body;
    return value;
}

class Collect : public testing::Test {
protected:
    static void SetUpTestSuite() {
        a_ = quick_provider("a");
        b_ = quick_provider("b");
        const std::string calm = "    collect: on\n    ejection: {consecutive_failures: 1000}\n";
        const std::string brief = "    timeouts: {first_byte: 2s, first_token: 900ms, idle: 700ms}\n    upstreams:\n";
        const std::string pair =
            "    balance: weighted_round_robin\n    retry: {attempts: 2, backoff: 1ms, budget: "
            "100%}\n";
        const auto at_root = "    upstreams:\n      - {name: a, url: \"" + a_->url() + "\"}\n";
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "limits: {collected: 64KiB}\n"
            "prices: prices.yaml\n"
            "pools:\n"
            "  one:\n" +
            calm + "    upstreams:\n" + upstream_of(*a_) + "  alone:\n" + calm + "    retry: {attempts: 1}\n" + brief + upstream_of(*a_) +
            "  two:\n" + calm + pair + brief + upstream_of(*a_, "weight: 1000") + upstream_of(*b_) + "  beats:\n" + calm + pair +
            "    heartbeat: 150ms\n" + brief + upstream_of(*a_, "weight: 1000") + upstream_of(*b_) + "  beats_alone:\n" + calm +
            "    heartbeat: 150ms\n    retry: {attempts: 1}\n" + brief + upstream_of(*a_) + "  drains:\n" + calm +
            "    on_disconnect: drain\n    upstreams:\n" + upstream_of(*a_) +
            "  plain:\n    ejection: {consecutive_failures: 1000}\n    upstreams:\n" + upstream_of(*b_) + "  claude:\n    dialect: anthropic\n" +
            calm + at_root + "  gemini:\n    dialect: gemini\n" + calm + at_root +
            "routes:\n"
            "  - {models: [\"claude*\"], pool: claude}\n  - {models: [\"gemini*\"], pool: gemini}\n"
            "  - {models: [falls-back], pool: alone, fallback: [{pool: plain}]}\n";
        std::string routes;
        for (const char* pool : {"alone", "two", "beats", "beats_alone", "drains", "plain"})
            routes += std::string{"  - {models: ["} + pool + "], pool: " + pool + "}\n";
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY, conf + routes + "  - {models: [\"*\"], pool: one}\n" + std::string{conf_end},
                                                  gateway_process::files{{"prices.yaml", "models:\n  \"*\": {input: 1.00, output: 1000.00}\n"}});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        a_.reset();
        b_.reset();
    }
    void SetUp() override {
        for (auto* each : {a_.get(), b_.get()}) {
            each->forget();
            each->always({});
        }
    }

    static response ask(const std::string& path, const std::string& body, const headers& more = {}) {
        return exchange_once(weir_->url(), request_text("POST", path, body, more));
    }
    static response chat(const mock::script& how, const std::string& model = "m", std::string_view members = {}) {
        a_->once(how);
        return ask("/v1/chat/completions", chat_body(model, false, members));
    }
    /// What the provider says to the same request without weir.
    static std::string answer_of_the_mock(const std::string& path, const std::string& body) {
        return exchange_once(a_->url(), request_text("POST", path, body)).body;
    }
    static json::object log_of(const std::string& id) {
        json::error_code failed;
        const auto line = json::parse(weir_->log_line('"' + id + '"'), failed);
        EXPECT_TRUE(!failed && line.is_object()) << id;
        return line.is_object() ? line.as_object() : json::object{};
    }
    static void expect_whole(const response& got, const std::string& path, const std::string& body) {
        SCOPED_TRACE(got.wire);
        EXPECT_EQ(got.status, 200);
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(got.header("content-type"), "application/json");
        EXPECT_EQ(got.header("content-length"), std::to_string(got.body.size()));
        EXPECT_EQ(comparable(got.body), comparable(answer_of_the_mock(path, body)));
    }
    static void expect_quiet() {
        const auto quiet = [](const std::string& m) {
            return metric(m, "weir_upstream_in_flight") == 0 && metric(m, "weir_active_streams") == 0 && metric(m, "weir_connections") == 0 &&
                   metric(m, "weir_buffered_body_bytes") == 0;
        };
        EXPECT_TRUE(quiet(weir_->metrics_when(quiet, 5s)));
    }

    static std::unique_ptr<mock::provider> a_, b_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Collect::a_, Collect::b_;
std::unique_ptr<gateway_process> Collect::weir_;

bool is_whitespace(char c) { return c == ' ' || c == '\n'; }

}  // namespace

TEST_F(Collect, GivesTheAnswerThatTheProviderGivesWithoutAStreamInEveryDialectAndSlicing) {
    std::vector<mock::script> ways(1);
    for (const std::uint64_t n : {1u, 3u, 64u}) {
        ways.push_back({.write = n});
        ways.push_back({.chunk = n});
    }
    ways.push_back({.events_per_write = 1000});
    ways.push_back({.framing = mock::framing::close});
    ways.push_back({.framing = mock::framing::content_length, .write = 5});
    for (const auto& [path, body] : every_unary())
        for (std::size_t i = 0; i < ways.size(); ++i) {
            SCOPED_TRACE(std::string{path} + " way " + std::to_string(i) + " " + body);
            a_->once(ways[i]);
            const auto got = ask(path, body);
            EXPECT_TRUE(a_->calls().back().stream) << "the provider was asked for a stream";
            EXPECT_EQ(got.header("x-weir-upstream"), "a");
            EXPECT_EQ(got.header("x-weir-attempts"), "1");
            EXPECT_NE(got.header("x-weir-cost-usd"), "");
            expect_whole(got, path, body);
        }
    expect_quiet();
}

TEST_F(Collect, ChangesOnlyWhatMakesTheRequestAStream) {
    (void)ask("/v1/chat/completions", R"({ "model" : "m", "temperature":0.10, "messages":[],"stream" : false })");
    EXPECT_EQ(a_->calls().back().body,
              R"({"stream_options":{"include_usage":true}, "model" : "m", "temperature":0.10, "messages":[],"stream" : true })");
    (void)ask("/v1/responses", R"({"model":"m","input":"Say"})");
    EXPECT_EQ(a_->calls().back().body, R"({"stream":true,"model":"m","input":"Say"})");
    (void)ask("/v1beta/models/gemini-x:generateContent?x=1&alt=json&y=2", R"({"contents":[]})");
    EXPECT_EQ(a_->calls().back().target, "/v1beta/models/gemini-x:streamGenerateContent?x=1&y=2&alt=sse");
    EXPECT_EQ(a_->calls().back().body, R"({"contents":[]})");
}

TEST_F(Collect, LeavesAloneWhatCannotBeHadAsAStreamOrAlreadyIsOne) {
    const std::vector<dialect_case> unary = {
        {"/v1/embeddings", R"({"model":"m","input":"Say"})"},
        {"/v1/chat/completions", chat_body("m", false, R"("audio":{"voice":"alloy","format":"wav"})")},
        {"/v1/completions", R"({"model":"m","prompt":"Say","best_of":3})"},
        {"/v1/responses", R"({"model":"m","input":"Say","background":true})"},
        {"/v1/responses/input_tokens", R"({"model":"m","input":"Say"})"},
        {"/v1/messages/count_tokens", R"({"model":"claude-x","messages":[{"role":"user","content":"Say"}]})"},
        {"/v1/chat/completions", chat_body("plain", false)},
    };
    for (const auto& [path, body] : unary) {
        SCOPED_TRACE(path + body);
        const auto got = ask(path, body);
        auto& asked = body.find("plain") == std::string::npos ? a_ : b_;
        EXPECT_EQ(got.status, 200) << got.wire;
        EXPECT_FALSE(asked->calls().back().stream);
        EXPECT_EQ(asked->calls().back().body, body);
        EXPECT_EQ(got.body, asked->calls().back().answered);
    }
    const auto stream = ask("/v1/chat/completions", chat_body("m", true, R"("stream_options":{"include_usage":true})"));
    EXPECT_TRUE(stream.header("content-type").starts_with("text/event-stream"));
    EXPECT_EQ(stream.body, a_->calls().back().answered);
}

TEST_F(Collect, LosesNothingWhereverTheStreamBreaks) {
    const std::vector<mock::script> ways = {
        {.status = 503},
        {.cut = mock::cut{place::event, 0, 0}},
        {.cut = mock::cut{place::event, 4, 0}},
        {.cut = mock::cut{place::event, 4, 30}},
        {.cut = mock::cut{place::event, 4, 30}, .ending = mock::ending::reset},
        {.cut = mock::cut{place::event, 4, 0}, .ending = mock::ending::hang},
        {.error_event = 0},
        {.error_event = 5},
        {.first_event = 5s},
        {.stall_after = 5, .stall = 5s},
        {.framing = mock::framing::close, .cut = mock::cut{place::event, 5, 0}},
        {.raw = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"},
        {.body = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\ndata: {broken\n\ndata: [DONE]\n\n",
         .content_type = "text/event-stream"},
        {.body = "data: [DONE]\n\n", .content_type = "text/event-stream"},
    };
    for (std::size_t i = 0; i < ways.size(); ++i) {
        SCOPED_TRACE(i);
        SetUp();
        const auto got = chat(ways[i], "two", tools);
        EXPECT_EQ(got.header("x-weir-upstream"), "b");
        EXPECT_EQ(got.header("x-weir-attempts"), "2");
        EXPECT_EQ(a_->call_count(), 1u);
        EXPECT_EQ(b_->call_count(), 1u);
        expect_whole(got, "/v1/chat/completions", chat_body("two", false, tools));
    }
    expect_quiet();
}

TEST_F(Collect, TellsInTheDialectsWordsWhenNoUpstreamIsLeft) {
    struct last_word {
        mock::script how;
        int status;
        const char* code;
        const char* words;
    };
    const std::vector<last_word> ways = {
        {{.cut = mock::cut{place::event, 4, 0}}, 502, "upstream_unreachable", "closed the connection"},
        {{.framing = mock::framing::close, .cut = mock::cut{place::event, 4, 0}}, 502, "upstream_unreachable", "ended before its end was said"},
        {{.error_event = 4}, 502, "upstream_invalid_response", "told to fail"},
        {{.first_event = 5s}, 504, "upstream_timeout", "first_token"},
        {{.stall_after = 5, .stall = 5s}, 504, "upstream_timeout", "idle"},
        {{.before_head = 5s}, 504, "upstream_timeout", "first_byte"},
        {{.body = "data: {broken\n\n", .content_type = "text/event-stream"}, 502, "upstream_invalid_response", "is not JSON"},
    };
    for (const auto& [how, status, code, words] : ways) {
        SCOPED_TRACE(words);
        const auto got = chat(how, "alone");
        SCOPED_TRACE(got.wire);
        EXPECT_EQ(got.status, status);
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(got.header("x-should-retry"), "false");
        EXPECT_NE(got.body.find('"' + std::string{code} + '"'), std::string::npos);
        EXPECT_NE(got.body.find(words), std::string::npos);
        const auto line = log_of(got.header("x-request-id"));
        EXPECT_FALSE(line.at("stream").as_bool());
        // Nothing was delivered; what the provider was asked for and said is charged all the same, by estimate.
        EXPECT_TRUE(line.at("estimated").as_bool() || line.at("prompt_tokens").to_number<int>() == 0);
    }
    const std::string claude = R"({"model":"claude-x","max_tokens":5,"messages":[{"role":"user","content":"Say"}]})";
    a_->always({.error_event = 3});
    const auto got = ask("/v1/messages", claude);
    EXPECT_EQ(got.status, 502);
    EXPECT_TRUE(got.body.starts_with(R"({"type":"error","error":)")) << got.body;
    expect_quiet();
}

TEST_F(Collect, PassesOnWhatIsNoStreamAsItCame) {
    const auto refused = chat({.status = 400});
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.body, a_->calls().back().answered);
    const mock::script ignores{.body = R"({"id":"x", "choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}})",
                               .content_type = "application/json"};
    const auto plain = chat(ignores);
    EXPECT_EQ(plain.status, 200);
    EXPECT_EQ(plain.body, *ignores.body);
    EXPECT_EQ(plain.header("content-type"), "application/json");
    EXPECT_EQ(log_of(plain.header("x-request-id")).at("completion_tokens").to_number<int>(), 4);
}

TEST_F(Collect, FallsBackToAPoolThatDoesNotCollect) {
    const auto got = chat({.stall_after = 5, .stall = 5s}, "falls-back");
    EXPECT_EQ(got.status, 200) << got.wire;
    EXPECT_EQ(got.header("x-weir-upstream"), "b");
    ASSERT_EQ(b_->call_count(), 1u);
    EXPECT_FALSE(b_->calls().back().stream);
    EXPECT_EQ(b_->calls().back().body, chat_body("falls-back", false));
    EXPECT_EQ(got.body, b_->calls().back().answered);
}

TEST_F(Collect, CountsTheStreamsUsageForAUnaryRequest) {
    a_->once({.cached = 2, .reasoning = 3});
    const auto got = ask("/v1/chat/completions", chat_body("m", false), {{"x-request-id", "collected-1"}});
    const auto call = a_->calls().back();
    const auto line = log_of("collected-1");
    EXPECT_FALSE(line.at("stream").as_bool());
    EXPECT_FALSE(line.at("estimated").as_bool());
    EXPECT_EQ(line.at("prompt_tokens").to_number<std::int64_t>(), call.usage.prompt);
    EXPECT_EQ(line.at("completion_tokens").to_number<std::int64_t>(), call.usage.completion);
    EXPECT_GE(line.at("first_token_ms").to_number<std::int64_t>(), 0);
    const auto cost = std::strtod(got.header("x-weir-cost-usd").c_str(), nullptr);
    EXPECT_DOUBLE_EQ(cost, line.at("cost_usd").to_number<double>());
    EXPECT_NEAR(cost, static_cast<double>(call.usage.completion) * 0.001, 0.0005);
    const auto metrics = weir_->metrics();
    EXPECT_GT(metric(metrics, "weir_requests_total", {"stream=\"false\"", "code=\"200\""}), 0);
    EXPECT_EQ(metric(metrics, "weir_requests_total", {"stream=\"true\"", "pool=\"alone\""}), 0);
    // Where the provider reports nothing, weir's own count stands.
    a_->once({.usage = false});
    (void)ask("/v1/chat/completions", chat_body("m", false), {{"x-request-id", "collected-2"}});
    const auto counted = log_of("collected-2");
    EXPECT_TRUE(counted.at("estimated").as_bool());
    EXPECT_GT(counted.at("completion_tokens").to_number<std::int64_t>(), 0);
}

TEST_F(Collect, EndsTheCallWhenTheClientLeavesUnlessItIsToBeReadForTheBill) {
    for (const std::string model : {"m", "drains"}) {
        SCOPED_TRACE(model);
        SetUp();
        a_->once({.stall_after = 6, .stall = 500ms});
        raw_client client{weir_->url()};
        ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body(model, false), {{"x-request-id", "left-" + model}})));
        ASSERT_TRUE(a_->wait_for([](const auto& calls) { return !calls.empty() && calls.back().events_sent >= 6; }));
        std::this_thread::sleep_for(50ms);
        client.reset();
        ASSERT_TRUE(a_->wait_for([](const auto& calls) { return calls.back().outcome != mock::outcome::running; }));
        const auto line = log_of("left-" + model);
        EXPECT_EQ(line.at("status").to_number<int>(), 499);
        EXPECT_EQ(line.at("estimated").as_bool(), model == "m");
        EXPECT_GT(line.at("completion_tokens").to_number<std::int64_t>(), 0);
        if (model == "m") {
            EXPECT_EQ(a_->calls().back().outcome, mock::outcome::aborted);
        } else {
            EXPECT_EQ(line.at("completion_tokens").to_number<std::int64_t>(), a_->calls().back().usage.completion);
        }
    }
    expect_quiet();
}

TEST_F(Collect, RefusesAnAnswerBeyondItsLimitWithoutBlamingTheUpstream) {
    const auto before = metric(weir_->metrics(), "weir_upstream_failures_total");
    const auto got = chat({.push = 300'000}, "two");
    EXPECT_EQ(got.status, 502) << got.wire;
    EXPECT_NE(got.body.find("limits.collected"), std::string::npos) << got.body;
    EXPECT_EQ(b_->call_count(), 0u) << "another upstream's answer would not be smaller";
    EXPECT_EQ(metric(weir_->metrics(), "weir_upstream_failures_total"), before);
    expect_quiet();
}

TEST_F(Collect, UsesConnectionsAgain) {
    raw_client client{weir_->url()};
    const auto request = request_text("POST", "/v1/chat/completions", chat_body("m", false));
    ASSERT_TRUE(client.send(request));
    EXPECT_EQ(client.read_response().status, 200);
    const auto connections = a_->connections();
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(client.send(request));
        EXPECT_EQ(client.read_response().status, 200);
    }
    EXPECT_EQ(a_->connections(), connections);
}

TEST_F(Collect, FillsTheWaitWithWhitespaceWhereHeartbeatsAreOn) {
    raw_client client{weir_->url()};
    a_->once({.before_head = 500ms, .stall_after = 5, .stall = 500ms});
    const auto asked = std::chrono::steady_clock::now();
    const auto body = chat_body("beats", false, tools);
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", body)));
    auto got = client.read_head();
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 450ms);
    client.read_body(got);
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.header("content-type"), "application/json");
    EXPECT_EQ(got.header("transfer-encoding"), "chunked");
    EXPECT_TRUE(got.clean());
    const auto blank = got.body.find_first_not_of(" \n");
    EXPECT_GE(blank, 4u);
    EXPECT_LE(blank, 10u);
    EXPECT_EQ(comparable(got.body), comparable(answer_of_the_mock("/v1/chat/completions", body)));
    // The connection goes on, and a quick answer is as it would be without heartbeats.
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", body)));
    expect_whole(client.read_response(), "/v1/chat/completions", body);
}

TEST_F(Collect, StillMovesToAnotherUpstreamAfterAHeartbeat) {
    const auto body = chat_body("beats", false);
    for (const auto& how : {mock::script{.stall_after = 4, .stall = 5s}, mock::script{.status = 503, .before_head = 350ms},
                            mock::script{.stall_after = 4, .stall = 300ms, .cut = mock::cut{place::event, 6, 0}}}) {
        SetUp();
        const auto got = chat(how, "beats");
        EXPECT_EQ(got.status, 200);
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(b_->call_count(), 1u);
        EXPECT_TRUE(is_whitespace(got.body.front())) << got.body;
        EXPECT_EQ(comparable(got.body), comparable(answer_of_the_mock("/v1/chat/completions", body)));
    }
    // An upstream that answers with a document right away is passed on behind the whitespace.
    const auto plain = chat({.body = R"({"a":1})", .content_type = "application/json", .before_head = 350ms}, "beats");
    EXPECT_TRUE(plain.clean());
    EXPECT_EQ(json::parse(plain.body), json::parse(R"({"a":1})"));
}

TEST_F(Collect, NeverLooksCompleteWhenItFailsAfterAHeartbeat) {
    const std::vector<std::pair<mock::script, const char*>> ways = {
        {{.stall_after = 4, .stall = 5s}, "upstream_timeout"},
        {{.stall_after = 4, .stall = 300ms, .cut = mock::cut{place::event, 6, 0}}, "upstream_unreachable"},
        {{.status = 400, .before_head = 350ms}, "upstream_invalid_response"},
        {{.status = 503, .before_head = 350ms}, "upstream_invalid_response"},
        {{.body = "<html>", .content_type = "text/html", .before_head = 350ms}, "upstream_invalid_response"},
        {{.error_event = 6, .stall_after = 4, .stall = 300ms}, "upstream_invalid_response"},
    };
    for (const auto& [how, code] : ways) {
        const auto got = chat(how, "beats_alone");
        SCOPED_TRACE(got.wire);
        EXPECT_EQ(got.status, 200);
        EXPECT_FALSE(got.clean());
        EXPECT_TRUE(is_whitespace(got.body.front()));
        const auto told = got.body.substr(got.body.find_first_not_of(" \n"));
        EXPECT_TRUE(told.starts_with(R"({"error":{)")) << told;
        EXPECT_NE(told.find('"' + std::string{code} + '"'), std::string::npos) << told;
        EXPECT_EQ(told.find("text/event-stream"), std::string::npos);
    }
    expect_quiet();
}
