// How streams end: when they are complete, who is told what when they are not, and that nothing follows a piece of an answer on its connection.
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;
using place = mock::cut::place;

namespace {

constexpr const char* usage_asked = R"("stream_options":{"include_usage":true})";

std::string event(const std::string& data) { return "data: " + data + "\n\n"; }

class Ending : public testing::Test {
protected:
    void SetUp() override { provider_ = quick_provider("a"); }

    void start(const std::string& pool_settings = "", const std::string& more = "") {
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  a:\n    ejection: {consecutive_failures: 1000}\n" + pool_settings +
                "    upstreams:\n" + upstream_of(*provider_) + "  c:\n    dialect: anthropic\n    upstreams:\n      - {name: c, url: \"" +
                provider_->url() + "\"}\n" + "routes:\n  - {models: [\"claude*\"], pool: c}\n  - {models: [\"*\"], pool: a}\nprices: prices.yaml\n" +
                more + std::string{conf_end},
            gateway_process::files{{"prices.yaml", "models:\n  \"*\": {input: 1.0, output: 10.0}\n"}});
    }
    [[nodiscard]] std::string line_of(const std::string& id) const { return weir_->log_line('"' + id + '"', 5s); }
    static std::string chat(const std::string& id, bool stream = true, std::string_view more = usage_asked) {
        return request_text("POST", "/v1/chat/completions", chat_body("m", stream, more), {{"x-request-id", id}});
    }
    /// Reads until `text` came.
    static std::string read_until(raw_client& from, const std::string& text) {
        std::string all;
        const auto until = std::chrono::steady_clock::now() + 10s;
        while (all.find(text) == std::string::npos && std::chrono::steady_clock::now() < until) all += from.read_raw(1s);
        return all;
    }

    std::unique_ptr<mock::provider> provider_;
    std::unique_ptr<gateway_process> weir_;
};

}  // namespace

// SDKs leave when the terminator came, and the transfer's end is a packet of its own.
TEST_F(Ending, ADeliveredStreamIsCompleteAndItsConnectionLivesWhoeverLeavesFirst) {
    start();
    for (int i = 0; i < 6; ++i) {
        const auto id = "delivered-" + std::to_string(i);
        provider_->once({.end_pause = 200ms});
        raw_client client{weir_->url()};
        client.send(chat(id));
        EXPECT_NE(read_until(client, "[DONE]\n\n").find("[DONE]"), std::string::npos);
        client.close();
        const auto line = line_of(id);
        const auto said = provider_->calls().back().usage;
        EXPECT_NE(line.find("\"status\":200,"), std::string::npos) << line;
        EXPECT_EQ(line.find("client_closed"), std::string::npos) << line;
        EXPECT_NE(line.find("\"estimated\":false"), std::string::npos) << line;
        EXPECT_NE(line.find("\"completion_tokens\":" + std::to_string(said.completion)), std::string::npos) << line;
    }
    EXPECT_LE(provider_->connections(), 2u) << "each worker's connection lives";
    EXPECT_EQ(metric(weir_->metrics(), "weir_client_disconnects_total"), 0);
}

TEST_F(Ending, WhatFollowsTheTerminatorStillPassesToAClientThatListens) {
    start();
    const auto first = event(R"({"choices":[{"index":0,"delta":{"content":"w"},"finish_reason":"stop"}]})") + event("[DONE]");
    const std::string after = ": trace-id 7\n\n";
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", first.size());
    char more[32];
    std::snprintf(more, sizeof more, "%zx\r\n", after.size());
    const auto good = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{size} + first + "\r\n";
    mock::script how{.write = good.size(), .write_pause = mock::microseconds{100'000}};
    how.raw = good + more + after + "\r\n0\r\n\r\n";
    provider_->once(how);
    const auto got = exchange_once(weir_->url(), chat("after"));
    EXPECT_TRUE(got.clean()) << got.wire;
    EXPECT_EQ(got.body, first + after);
}

// An upstream that says [DONE] and never ends its transfer keeps nobody waiting.
TEST_F(Ending, AStreamWhoseTransferNeverEndsIsEndedCleanlyBehindItsTerminator) {
    start();
    provider_->once({.end_pause = 20s});
    const auto began = std::chrono::steady_clock::now();
    const auto got = exchange_once(weir_->url(), chat("endless"));
    EXPECT_TRUE(got.clean()) << got.wire;
    EXPECT_LT(std::chrono::steady_clock::now() - began, 8s);
    EXPECT_NE(line_of("endless").find("\"status\":200,"), std::string::npos);
}

TEST_F(Ending, OfAStreamByAnOperatorIsToldInTheDialectsWordsAndCut) {
    start();
    for (const std::string model : {"m", "claude-x"}) {
        const auto id = "killed-" + model;
        provider_->once({.words = 200, .between = 50ms});
        raw_client client{weir_->url()};
        if (model == "m")
            client.send(chat(id));
        else
            client.send(request_text("POST", "/v1/messages",
                                     R"({"model":"claude-x","max_tokens":50,"stream":true,"messages":[{"role":"user","content":"hi"}]})",
                                     {{"x-request-id", id}}));
        auto got = client.read_head();
        ASSERT_EQ(got.status, 200);
        std::this_thread::sleep_for(300ms);
        EXPECT_EQ(exchange_once(weir_->admin(), request_text("DELETE", "/api/requests/" + id)).status / 100, 2);
        client.read_body(got);
        EXPECT_FALSE(got.clean());
        EXPECT_NE(got.body.find("ended_by_operator"), std::string::npos) << got.body;
        EXPECT_EQ(got.body.find("[DONE]"), std::string::npos);
        const auto line = line_of(id);
        EXPECT_NE(line.find("\"code\":\"ended_by_operator\""), std::string::npos) << line;
        EXPECT_NE(line.find("\"status\":503,"), std::string::npos) << line;
        EXPECT_NE(line.find("\"estimated\":true"), std::string::npos) << "what was delivered is charged: " << line;
        EXPECT_EQ(line.find("\"cost_usd\":0,"), std::string::npos) << line;
    }
    const auto ended = [](const std::string& m) { return metric(m, "weir_requests_ended_total", {"code=\"ended_by_operator\""}) == 2; };
    EXPECT_TRUE(ended(weir_->metrics_when(ended)));
}

TEST_F(Ending, ByAnOperatorBeforeTheHeadIsAnAnswer) {
    start();
    provider_->once({.before_head = 20s});
    raw_client client{weir_->url()};
    client.send(chat("early", false));
    ASSERT_TRUE(provider_->wait_for([](const auto& calls) { return !calls.empty(); }));
    EXPECT_EQ(exchange_once(weir_->admin(), request_text("DELETE", "/api/requests/early")).status / 100, 2);
    const auto got = client.read_response(5s);
    EXPECT_EQ(got.status, 503) << got.wire;
    EXPECT_NE(got.body.find("ended_by_operator"), std::string::npos);
    EXPECT_NE(line_of("early").find("\"estimated\":true"), std::string::npos) << "the prompt was sent whole";
}

TEST_F(Ending, OfDrainingTellsRequestsThatStillDialTheirUpstream) {
    start("    timeouts: {connect: 20s}\n", "limits: {drain_timeout: 500ms}\n");
    provider_->set_door(mock::door::silent);
    raw_client waiting{weir_->url()};
    waiting.send(chat("dialling", false));
    EXPECT_TRUE(weir_->metrics_when([](const std::string& m) { return metric(m, "weir_upstream_in_flight", {"upstream=\"a\""}) == 1; }).size() > 0);
    weir_->program().signal(SIGTERM);
    const auto told = waiting.read_response(5s);
    EXPECT_EQ(told.status, 503) << told.wire;
    EXPECT_NE(told.body.find("\"shutdown\""), std::string::npos) << told.wire;
    const auto line = line_of("dialling");
    EXPECT_NE(line.find("\"code\":\"shutdown\""), std::string::npos) << line;
    EXPECT_NE(line.find("\"cost_usd\":0"), std::string::npos) << line;
}

TEST_F(Ending, OfDrainingTellsStreamsAndRequestsWithoutAnAnswer) {
    start("", "limits: {drain_timeout: 500ms}\n");
    provider_->once({.words = 400, .between = 50ms});
    raw_client streaming{weir_->url()};
    streaming.send(chat("draining-stream"));
    auto got = streaming.read_head();
    ASSERT_EQ(got.status, 200);
    provider_->once({.before_head = 20s});
    raw_client waiting{weir_->url()};
    waiting.send(chat("draining-unary", false));
    ASSERT_TRUE(provider_->wait_for([](const auto& calls) { return calls.size() == 2; }));
    weir_->program().signal(SIGTERM);
    streaming.read_body(got);
    EXPECT_FALSE(got.clean());
    EXPECT_NE(got.body.find("\"shutdown\""), std::string::npos) << got.body;
    const auto told = waiting.read_response(5s);
    EXPECT_EQ(told.status, 503) << told.wire;
    EXPECT_NE(told.body.find("\"shutdown\""), std::string::npos) << told.wire;
    EXPECT_NE(line_of("draining-stream").find("\"code\":\"shutdown\""), std::string::npos);
}

TEST_F(Ending, BySecondSigtermHasLastWordsToo) {
    start();
    provider_->once({.words = 400, .between = 50ms});
    raw_client client{weir_->url()};
    client.send(chat("twice"));
    auto got = client.read_head();
    ASSERT_EQ(got.status, 200);
    weir_->program().signal(SIGTERM);
    std::this_thread::sleep_for(300ms);
    weir_->program().signal(SIGTERM);
    client.read_body(got);
    EXPECT_FALSE(got.clean());
    EXPECT_NE(got.body.find("\"shutdown\""), std::string::npos) << got.body;
}

// A client that reads slowly while timeouts.total fires: what is pipelined behind it must not land inside its answer.
TEST_F(Ending, OfTheTotalTimeInTheMiddleOfABodyLetsNoOtherAnswerFollow) {
    start("    timeouts: {total: 3s}\n");
    for (const bool stream : {false, true}) {
        const std::string id = stream ? "slow-stream" : "slow-unary";
        provider_->forget();
        if (stream)
            provider_->once({.push = 20'000'000});
        else
            provider_->once({.binary = 20'000'000});
        raw_client client{weir_->url()};
        client.send(chat(id, stream) + chat("pipelined", false));
        const auto head = client.read_head();
        ASSERT_EQ(head.status, 200);
        std::this_thread::sleep_for(4500ms);  // reads nothing meanwhile
        std::string rest;
        for (std::string more = client.read_raw(2s); !more.empty(); more = client.read_raw(2s)) rest += more;
        EXPECT_EQ(rest.find("HTTP/1.1"), std::string::npos) << "a second answer inside the first body";
        EXPECT_EQ(provider_->call_count(), 1u) << "the second request must not be served on this connection";
        const auto line = line_of(id);
        EXPECT_EQ(line.find("client_closed"), std::string::npos) << line;
    }
}

// --- the usage that weir itself asks for

TEST_F(Ending, AskedUsageLeavesNoTraceInAnyFormThatUpstreamsGiveIt) {
    start();
    const std::string text = R"({"id":"c","choices":[{"index":0,"delta":{"content":"word"},"finish_reason":null}])";
    const std::string stop = R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}])";
    const std::string usage = R"("usage":{"prompt_tokens":11,"completion_tokens":4,"total_tokens":15})";
    struct form {
        const char* name;
        std::string wire, wanted;
    };
    std::string many, many_wanted;
    for (int i = 0; i < 60; ++i) {
        many += event(text + R"(,"usage":null})");
        many_wanted += event(text + "}");
    }
    const std::vector<form> forms{
        {"openai", many + event(stop + R"(,"usage":null})") + event(R"({"id":"c","choices":[],)" + usage + "}") + event("[DONE]"),
         many_wanted + event(stop + "}") + event("[DONE]")},
        {"litellm", event(text + "}") + event(stop + "}") + event(R"({"id":"c","choices":[{"index":0,"delta":{}}],)" + usage + "}") + event("[DONE]"),
         event(text + "}") + event(stop + "}") + event("[DONE]")},
        {"llama.cpp",
         event(text + "}") + event(stop + "}") + event(R"({"choices":[],)" + usage + R"(,"timings":{"prompt_ms":1.5}})") + event("[DONE]"),
         event(text + "}") + event(stop + "}") + event(R"({"choices":[],"timings":{"prompt_ms":1.5}})") + event("[DONE]")},
        {"on-the-last-chunk", event(text + "}") + event(stop + "," + usage + "}") + event("[DONE]"),
         event(text + "}") + event(stop + "}") + event("[DONE]")},
        {"usage-first", event(R"({"id":"c","choices":[],)" + usage + "}") + event(text + "}") + event(stop + "}") + event("[DONE]"),
         event(text + "}") + event(stop + "}") + event("[DONE]")},
    };
    for (const auto& f : forms)
        for (const std::uint64_t slice : {0, 1, 7, 200}) {
            SCOPED_TRACE(std::string{f.name} + " in pieces of " + std::to_string(slice));
            if (slice == 1 && f.wire.size() > 2000) continue;
            mock::script how{.content_type = "text/event-stream", .chunk = slice};
            how.body = f.wire;
            provider_->once(how);
            const auto id = std::string{f.name} + std::to_string(slice);
            const auto got = exchange_once(weir_->url(), chat(id, true, R"("n":1)"));
            EXPECT_TRUE(got.clean()) << got.wire;
            EXPECT_EQ(got.body, f.wanted);
            const auto line = line_of(id);
            EXPECT_NE(line.find("\"prompt_tokens\":11"), std::string::npos) << line;
            EXPECT_NE(line.find("\"completion_tokens\":4"), std::string::npos) << line;
            provider_->once(how);
            const auto asked = exchange_once(weir_->url(), chat(id + "-asked"));
            EXPECT_EQ(asked.body, f.wire) << "who asks for it gets all of it";
        }
}

TEST_F(Ending, NoErrorOfAnUpstreamShowsTheKeyThatItQuotes) {
    provider_ = quick_provider("a");
    const std::string key = "sk-very-secret-0123456789";
    weir_ = std::make_unique<gateway_process>(WEIR_BINARY,
                                              "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  a:\n    retry: {attempts: 1}\n    upstreams:\n" +
                                                  upstream_of(*provider_, "api_key: " + key) + std::string{conf_end});
    const std::string said =
        R"({"error":{"message":"Incorrect API key provided: )" + key + R"(.","type":"invalid_request_error","code":"some_code"}})";
    mock::script unary{.status = 400};
    unary.body = said;
    provider_->once(unary);
    const auto refused = exchange_once(weir_->url(), chat("unary", false));
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.wire.find(key), std::string::npos) << refused.wire;
    EXPECT_NE(refused.body.find("Incorrect API key provided: *"), std::string::npos) << refused.body;
    mock::script first{.content_type = "text/event-stream"};
    first.body = event(said);
    provider_->once(first);
    const auto in_band = exchange_once(weir_->url(), chat("first-event"));
    EXPECT_EQ(in_band.wire.find(key), std::string::npos) << in_band.wire;
    mock::script late{.content_type = "text/event-stream"};
    late.body = event(R"({"choices":[{"index":0,"delta":{"content":"w"}}]})") + event(said);
    provider_->once(late);
    const auto after = exchange_once(weir_->url(), chat("late-event"));
    EXPECT_EQ(after.wire.find(key), std::string::npos) << after.wire;
    EXPECT_NE(after.body.find("Incorrect API key provided"), std::string::npos) << after.body;
}
