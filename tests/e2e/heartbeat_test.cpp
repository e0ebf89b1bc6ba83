// `pool.heartbeat`: comments while the upstream is silent, and nothing else changed. What clients make of comments is
// not tested here.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

constexpr const char* usage_asked = R"("stream_options":{"include_usage":true})";

class Heartbeat : public testing::Test {
protected:
    static void SetUpTestSuite() {
        a_ = quick_provider("a");
        b_ = quick_provider("b");
        const std::string calm = "    heartbeat: 200ms\n    ejection: {consecutive_failures: 1000}\n";
        const auto at_root = "    upstreams:\n      - {name: a, url: \"" + a_->url() + "\"}\n";
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "pools:\n"
            "  one:\n" +
            calm + "    retry: {attempts: 1}\n    timeouts: {first_byte: 5s, first_token: 5s, idle: 5s}\n    upstreams:\n" + upstream_of(*a_) +
            "  hasty:\n" + calm +
            "    retry: {attempts: 1}\n    timeouts: {first_byte: 500ms, first_token: 700ms, idle: 900ms}\n    "
            "upstreams:\n" +
            upstream_of(*a_) + "  two:\n    balance: weighted_round_robin\n" + calm +
            "    retry: {attempts: 2, backoff: 1ms, budget: 100%}\n    timeouts: {first_byte: 600ms}\n    "
            "upstreams:\n" +
            upstream_of(*a_, "weight: 1000") + upstream_of(*b_) + "  claude:\n    dialect: anthropic\n" + calm + at_root +
            "  gemini:\n    dialect: gemini\n" + calm + at_root + "  off:\n    upstreams:\n" + upstream_of(*a_) +
            "routes:\n"
            "  - {models: [hasty], pool: hasty}\n  - {models: [two], pool: two}\n  - {models: [off], pool: off}\n"
            "  - {models: [\"claude*\"], pool: claude}\n  - {models: [\"gemini*\"], pool: gemini}\n"
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

    static response ask(const std::string& path, const std::string& body, const mock::script& how) {
        a_->once(how);
        return exchange_once(weir_->url(), request_text("POST", path, body));
    }
    static response chat(const mock::script& how, const std::string& model = "m") {
        return ask("/v1/chat/completions", chat_body(model, true, usage_asked), how);
    }
    static mock::call last_call() { return a_->calls().back(); }

    static std::unique_ptr<mock::provider> a_, b_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Heartbeat::a_, Heartbeat::b_;
std::unique_ptr<gateway_process> Heartbeat::weir_;

struct told {
    std::string rest;                  ///< the body without the comments
    int comments = 0;                  ///< all of them
    std::vector<std::size_t> between;  ///< the number of real events before each comment
};

/// Takes out comments that stand as blocks of their own; one inside an event stays in `rest` and shows there.
told without_comments(const std::string& body) {
    told out;
    std::size_t events = 0;
    for (const auto& each : split_events(body)) {
        if (each.starts_with(':') && each.find('\n') + 2 == each.size()) {
            ++out.comments;
            out.between.push_back(events);
        } else {
            out.rest += each;
            ++events;
        }
    }
    return out;
}

void expect_broken(const response& got, const std::string& code) {
    SCOPED_TRACE(got.wire);
    EXPECT_EQ(got.status, 200);
    EXPECT_FALSE(got.clean());
    EXPECT_EQ(got.body.find("[DONE]"), std::string::npos);
    const auto last = split_events(got.body).back();
    EXPECT_TRUE(last.starts_with("data: {\"error\":")) << last;
    EXPECT_NE(last.find('"' + code + '"'), std::string::npos) << last;
}

}  // namespace

TEST_F(Heartbeat, FillsTheSilenceBeforeTheHead) {
    raw_client client{weir_->url()};
    a_->once({.before_head = 1100ms});
    const auto asked = std::chrono::steady_clock::now();
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", true, usage_asked))));
    auto got = client.read_head();
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 900ms);
    client.read_body(got);
    EXPECT_EQ(got.status, 200);
    EXPECT_TRUE(got.header("content-type").starts_with("text/event-stream"));
    EXPECT_NE(got.header("x-request-id"), "");
    EXPECT_TRUE(got.clean());
    const auto said = without_comments(got.body);
    EXPECT_GE(said.comments, 2);
    EXPECT_LE(said.comments, 6);
    for (const auto before : said.between) EXPECT_EQ(before, 0u);
    EXPECT_EQ(said.rest, last_call().answered);
    // The connection goes on.
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", true, usage_asked))));
    const auto next = client.read_response();
    EXPECT_TRUE(next.clean());
    EXPECT_EQ(next.body, last_call().answered);
}

TEST_F(Heartbeat, FillsTheSilenceBeforeTheFirstEvent) {
    const auto got = chat({.first_event = 700ms});
    EXPECT_TRUE(got.clean());
    const auto said = without_comments(got.body);
    EXPECT_GE(said.comments, 1);
    for (const auto before : said.between) EXPECT_EQ(before, 0u);
    EXPECT_EQ(said.rest, last_call().answered);
}

TEST_F(Heartbeat, FillsTheSilenceBetweenEvents) {
    const auto got = chat({.stall_after = 5, .stall = 900ms});
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.header("x-weir-upstream"), "a");
    const auto said = without_comments(got.body);
    EXPECT_GE(said.comments, 2);
    EXPECT_LE(said.comments, 5);
    for (const auto before : said.between) EXPECT_EQ(before, 5u);
    EXPECT_EQ(said.rest, last_call().answered);
}

TEST_F(Heartbeat, StandsOnlyBetweenEventsWhenTheUpstreamStopsInsideOne) {
    std::string body;
    for (int i = 0; i < 3; ++i)
        body += "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word\"},\"finish_reason\":" +
                std::string{i == 2 ? "\"stop\"" : "null"} + "}]}\n\n";
    body += "data: [DONE]\n\n";
    for (const auto frame : {mock::framing::chunked, mock::framing::close}) {
        const auto got =
            chat({.body = body, .content_type = "text/event-stream", .framing = frame, .write = 90, .write_pause = mock::microseconds{300'000}});
        EXPECT_TRUE(got.clean());
        const auto said = without_comments(got.body);
        EXPECT_GE(said.comments, 2);
        EXPECT_EQ(said.rest, body);
    }
}

TEST_F(Heartbeat, KeepsEveryDialectsStreamWhole) {
    const std::vector<std::pair<std::string, std::string>> asked = {
        {"/v1/messages", R"({"model":"claude-x","max_tokens":500,"messages":[{"role":"user","content":"Say"}],"stream":true})"},
        {"/v1beta/models/gemini-x:streamGenerateContent?alt=sse", R"({"contents":[{"parts":[{"text":"Say"}]}]})"},
        {"/v1/responses", R"({"model":"m","input":"Say","stream":true})"}};
    for (const auto& [path, body] : asked) {
        SCOPED_TRACE(path);
        const auto got = ask(path, body, {.before_head = 400ms, .stall_after = 3, .stall = 400ms});
        EXPECT_TRUE(got.clean());
        const auto said = without_comments(got.body);
        EXPECT_GE(said.comments, 2);
        EXPECT_EQ(said.rest, last_call().answered);
    }
}

TEST_F(Heartbeat, TurnsALaterFailureIntoTheErrorEvent) {
    expect_broken(chat({.cut = mock::cut{mock::cut::place::event, 5, 0}, .ending = mock::ending::hang}, "hasty"), "stream_interrupted");
    expect_broken(chat({.before_head = 3s}, "hasty"), "upstream_timeout");
    expect_broken(chat({.first_event = 3s}, "hasty"), "upstream_timeout");
    expect_broken(chat({.before_head = 350ms, .cut = mock::cut{mock::cut::place::head, 0, 0}}), "upstream_unreachable");
    expect_broken(chat({.before_head = 350ms, .raw = "nonsense\r\n\r\n"}), "upstream_invalid_response");
    expect_broken(chat({.status = 500, .before_head = 350ms}), "upstream_invalid_response");
    expect_broken(chat({.status = 400, .before_head = 350ms}), "upstream_invalid_response");
    expect_broken(chat({.body = R"({"not":"a stream"})", .content_type = "application/json", .before_head = 350ms}), "upstream_invalid_response");
    expect_broken(chat({.error_event = 0, .before_head = 350ms}), "upstream_invalid_response");
    const auto claude = ask("/v1/messages", R"({"model":"claude-x","max_tokens":5,"messages":[{"role":"user","content":"Say"}],"stream":true})",
                            {.status = 400, .before_head = 350ms});
    EXPECT_FALSE(claude.clean());
    EXPECT_TRUE(split_events(claude.body).back().starts_with("event: error\n")) << claude.wire;
}

TEST_F(Heartbeat, StillMovesToAnotherUpstream) {
    for (const auto& how : {mock::script{.before_head = 3s}, mock::script{.status = 503, .before_head = 350ms},
                            mock::script{.before_head = 350ms, .cut = mock::cut{mock::cut::place::event, 0, 0}}}) {
        a_->forget();
        b_->forget();
        const auto got = chat(how, "two");
        EXPECT_EQ(got.status, 200);
        EXPECT_TRUE(got.clean());
        ASSERT_EQ(a_->call_count(), 1u);
        ASSERT_EQ(b_->call_count(), 1u);
        const auto said = without_comments(got.body);
        EXPECT_GE(said.comments, 1);
        EXPECT_EQ(said.rest, b_->calls().back().answered);
    }
}

TEST_F(Heartbeat, IsNotHeardWhereNothingIsSilentOrNoStreamWasAskedFor) {
    EXPECT_EQ(without_comments(chat({}).body).comments, 0);
    const auto steady = chat({.between = 30ms});
    EXPECT_LE(without_comments(steady.body).comments, 1);  // a busy machine may pause longer than the script says
    EXPECT_EQ(without_comments(steady.body).rest, last_call().answered);
    const auto off = chat({.before_head = 500ms}, "off");
    EXPECT_EQ(off.body, last_call().answered);
    const auto unary = ask("/v1/chat/completions", chat_body("m", false), {.before_head = 500ms});
    EXPECT_EQ(unary.status, 200);
    EXPECT_TRUE(unary.header("content-type").starts_with("application/json"));
    EXPECT_EQ(unary.body, last_call().answered);
    const auto refused = ask("/v1/chat/completions", chat_body("m", false), {.status = 400, .before_head = 500ms});
    EXPECT_EQ(refused.status, 400);
}

TEST_F(Heartbeat, CountsAsSilenceNotAsAnAnswer) {
    const auto before = weir_->metrics();
    (void)chat({.before_head = 600ms});
    const auto after = weir_->metrics_when(
        [&](const std::string& m) { return metric(m, "weir_first_token_seconds_count") > metric(before, "weir_first_token_seconds_count"); });
    EXPECT_GE(metric(after, "weir_first_token_seconds_sum") - metric(before, "weir_first_token_seconds_sum"), 0.6);
    EXPECT_EQ(metric(after, "weir_upstream_in_flight"), 0);
    EXPECT_EQ(metric(after, "weir_active_streams"), 0);
}
