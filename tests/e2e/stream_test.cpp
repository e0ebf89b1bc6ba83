// Streams through the real binary: the upstream's bytes, event by event, and what happens when they break off.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

constexpr const char* usage_asked = R"("stream_options":{"include_usage":true})";

class Stream : public testing::Test {
protected:
    static void SetUpTestSuite() {
        a_ = quick_provider("a");
        b_ = quick_provider("b");
        const auto anthropic_upstream = "      - {name: a, url: \"" + a_->url() + "\"}\n";
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "pools:\n"
            "  one:\n    ejection: {consecutive_failures: 1000}\n    upstreams:\n" +
            upstream_of(*a_) +
            "  two:\n    balance: weighted_round_robin\n    retry: {backoff: 1ms, budget: 100%}\n    ejection: "
            "{consecutive_failures: 1000}\n    upstreams:\n" +
            upstream_of(*a_) + upstream_of(*b_) + "  claude:\n    dialect: anthropic\n    ejection: {consecutive_failures: 1000}\n    upstreams:\n" +
            anthropic_upstream + "  gemini:\n    dialect: gemini\n    ejection: {consecutive_failures: 1000}\n    upstreams:\n" + anthropic_upstream +
            "  untouched:\n    ask_usage: false\n    upstreams:\n" + upstream_of(*a_) +
            "routes:\n"
            "  - {models: [\"two*\"], pool: two}\n"
            "  - {models: [\"claude*\"], pool: claude}\n"
            "  - {models: [\"gemini*\"], pool: gemini}\n"
            "  - {models: [\"untouched*\"], pool: untouched}\n"
            "  - {models: [\"*\"], pool: one}\n" +
            std::string{conf_end};
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY, conf);
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

    static response ask(const std::string& path, const std::string& body) { return exchange_once(weir_->url(), request_text("POST", path, body)); }
    static response chat(const mock::script& how, std::string_view more = usage_asked) {
        a_->once(how);
        return ask("/v1/chat/completions", chat_body("m", true, more));
    }
    static mock::call last_call() { return a_->calls().back(); }

    static std::unique_ptr<mock::provider> a_, b_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Stream::a_, Stream::b_;
std::unique_ptr<gateway_process> Stream::weir_;

struct dialect_case {
    const char* path;
    std::string body;
};

std::vector<dialect_case> every_stream() {
    return {
        {"/v1/chat/completions", chat_body("m", true, usage_asked)},
        {"/v1/chat/completions", chat_body("m", true, R"("n":2,"stream_options":{"include_usage":true})")},
        {"/v1/chat/completions",
         chat_body(
             "m", true,
             R"("stream_options":{"include_usage":true},"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"city":{"type":"string"}}}}}])")},
        {"/v1/completions", R"({"model":"m","prompt":"Say","stream":true,"stream_options":{"include_usage":true}})"},
        {"/v1/responses", R"({"model":"m","input":"Say","stream":true})"},
        {"/v1/messages", R"({"model":"claude-x","max_tokens":500,"messages":[{"role":"user","content":"Say"}],"stream":true})"},
        {"/v1beta/models/gemini-x:streamGenerateContent?alt=sse", R"({"contents":[{"parts":[{"text":"Say"}]}]})"}};
}

}  // namespace

TEST_F(Stream, EqualsTheUpstreamsBytesInEveryDialectAndSlicing) {
    std::vector<mock::script> ways(1);
    for (const std::uint64_t n : {1u, 2u, 3u, 7u, 64u, 1000u}) {
        ways.push_back({.write = n});
        ways.push_back({.chunk = n});
    }
    for (const int n : {2, 5, 1000}) ways.push_back({.events_per_write = n});
    ways.push_back({.framing = mock::framing::close});
    ways.push_back({.framing = mock::framing::content_length, .write = 5});
    ways.push_back({.chunk = 11, .write = 3});
    for (const auto& [path, body] : every_stream())
        for (std::size_t i = 0; i < ways.size(); ++i) {
            SCOPED_TRACE(std::string{path} + " way " + std::to_string(i));
            a_->once(ways[i]);
            const auto got = ask(path, body);
            ASSERT_EQ(got.status, 200) << got.body;
            EXPECT_TRUE(got.clean());
            EXPECT_EQ(got.body, last_call().answered);
        }
}

TEST_F(Stream, ArrivesEventByEventWithoutBeingHeldBack) {
    a_->once({.stall_after = 3, .stall = 600ms});
    raw_client client{weir_->url()};
    const auto asked = std::chrono::steady_clock::now();
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", true, usage_asked))));
    auto got = client.read_head();
    client.read_body(got);
    const auto all = std::chrono::steady_clock::now();
    EXPECT_TRUE(got.clean());
    EXPECT_LT(got.first_body_byte_at - asked, 400ms);
    EXPECT_GT(all - asked, 590ms);
}

TEST_F(Stream, TakesOutTheUsageEventItAskedForAndNothingElse) {
    for (const std::uint64_t n : {0u, 1u, 9u}) {
        const auto got = chat({.write = n}, "");
        const auto call = last_call();
        EXPECT_NE(call.body.find("include_usage"), std::string::npos);
        auto events = split_events(call.answered);
        ASSERT_GT(events.size(), 3u);
        ASSERT_NE(events[events.size() - 2].find(R"("choices":[])"), std::string::npos);
        events.erase(events.end() - 2);
        std::string expected;
        // The fields that came with it too: who does not ask gets no `"usage":null`.
        const std::string field = ",\"usage\":null";
        for (auto& each : events) {
            if (const auto at = each.find(field); at != std::string::npos) each.erase(at, field.size());
            expected += each;
        }
        EXPECT_EQ(got.body, expected);
        EXPECT_TRUE(got.clean());
    }
}

TEST_F(Stream, TreatsIncludeUsageFalseLikeSilence) {
    const auto got = chat({}, R"("stream_options":{"include_usage":false})");
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.body.find(R"("choices":[])"), std::string::npos);
    EXPECT_NE(last_call().answered.find(R"("choices":[])"), std::string::npos);
}

TEST_F(Stream, LeavesTheRequestAloneWhenUsageIsNotToBeAsked) {
    const auto body = chat_body("untouched", true);
    const auto got = ask("/v1/chat/completions", body);
    EXPECT_EQ(last_call().body, body);
    EXPECT_EQ(got.body, last_call().answered);
}

TEST_F(Stream, NeverMakesABrokenStreamLookComplete) {
    using place = mock::cut::place;
    for (const auto how : {mock::ending::fin, mock::ending::reset})
        for (const auto& cut : {mock::cut{place::event, 4, 0}, mock::cut{place::event, 4, 9}, mock::cut{place::terminator, 0, 0}}) {
            SCOPED_TRACE(std::to_string(static_cast<int>(how)) + " after " + std::to_string(cut.after) + "+" + std::to_string(cut.plus));
            const auto got = chat({.between = 5ms, .cut = cut, .ending = how});
            EXPECT_EQ(got.status, 200);
            EXPECT_FALSE(got.clean());
            EXPECT_EQ(got.body.find("[DONE]"), std::string::npos);
            const auto events = split_events(got.body);
            ASSERT_GE(events.size(), 2u);
            EXPECT_NE(events.back().find("stream_interrupted"), std::string::npos) << events.back();
            EXPECT_TRUE(events.back().ends_with("\n\n"));
            std::string before;
            for (std::size_t i = 0; i + 1 < events.size(); ++i) before += events[i];
            EXPECT_TRUE(last_call().answered.starts_with(before));
        }
}

TEST_F(Stream, EndsABrokenStreamInTheDialectsWords) {
    a_->once({.between = 5ms, .cut = mock::cut{mock::cut::place::event, 4, 0}});
    const auto claude = ask("/v1/messages", R"({"model":"claude-x","max_tokens":500,"messages":[{"role":"user","content":"Say"}],"stream":true})");
    EXPECT_FALSE(claude.clean());
    EXPECT_TRUE(split_events(claude.body).back().starts_with("event: error\n")) << claude.body;
    EXPECT_NE(claude.body.find("stream_interrupted"), std::string::npos);
    EXPECT_EQ(claude.body.find("message_stop"), std::string::npos);
    a_->once({.between = 5ms, .cut = mock::cut{mock::cut::place::event, 4, 0}});
    const auto gemini = ask("/v1beta/models/gemini-x:streamGenerateContent?alt=sse", R"({"contents":[{"parts":[{"text":"Say"}]}]})");
    EXPECT_FALSE(gemini.clean());
    EXPECT_EQ(gemini.body.find("stream_interrupted"), std::string::npos);
    EXPECT_TRUE(last_call().answered.starts_with(gemini.body));
}

TEST_F(Stream, AcceptsACleanEndAfterAFinishReasonWithoutATerminator) {
    const auto got = chat({.terminator = false});
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.body, last_call().answered);
}

TEST_F(Stream, MovesToAnotherUpstreamWhenTheFirstEventIsAnError) {
    a_->always({.error_event = 0});
    for (int i = 0; i < 4; ++i) {
        const auto got = ask("/v1/chat/completions", chat_body("two", true, usage_asked));
        EXPECT_EQ(got.status, 200);
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(got.header("x-weir-upstream"), "b");
        EXPECT_EQ(got.body, b_->calls().back().answered);
    }
    EXPECT_GT(a_->call_count(), 0u);
}

TEST_F(Stream, PassesALaterErrorEventOn) {
    const auto got = chat({.error_event = 5});
    EXPECT_NE(got.body.find("told to fail here"), std::string::npos);
    EXPECT_TRUE(last_call().answered.starts_with(got.body.substr(0, last_call().answered.size())));
}

TEST_F(Stream, KeepsTheConnectionForTheNextRequest) {
    raw_client client{weir_->url()};
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", true, usage_asked))));
        const auto got = client.read_response();
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(got.body, last_call().answered);
    }
    EXPECT_EQ(a_->calls().front().connection, a_->calls().back().connection);
}

TEST_F(Stream, TellsProxiesNotToBufferOrStoreIt) {
    const auto got = chat({});
    EXPECT_TRUE(got.header("content-type").starts_with("text/event-stream"));
    EXPECT_EQ(got.count("transfer-encoding"), 1u);
    EXPECT_EQ(got.count("content-length"), 0u);
}
