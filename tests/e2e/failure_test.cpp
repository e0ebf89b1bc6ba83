// The fault matrix: every way an upstream can fail, with and without another one to turn to, before and after the first
// byte for the client. Budgets and heartbeats are left out.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;
using place = mock::cut::place;

namespace {

constexpr const char* usage_asked = R"("stream_options":{"include_usage":true})";

struct fault {
    const char* name;
    mock::script how;
    int status;        ///< the answer when no upstream is left
    const char* code;  ///< weir's own; "": the upstream's answer passes through
    const char* phase = "";
    bool streams = true;
    bool unary = true;
};

// "refused" goes to a port where nobody listens.
std::vector<fault> faults() {
    const char* unreachable = "upstream_unreachable";
    const char* invalid = "upstream_invalid_response";
    const char* late = "upstream_timeout";
    const auto cut_at = [](place where, std::uint64_t after) { return mock::cut{where, after, 0}; };
    return {
        {"refused", {}, 502, unreachable},
        {"dropped", {.ending = mock::ending::reset, .drop = true}, 502, unreachable},
        {"reset-in-head", {.cut = cut_at(place::head, 25), .ending = mock::ending::reset}, 502, unreachable},
        {"closed-in-head", {.cut = cut_at(place::head, 25)}, 502, unreachable},
        {"reset-before-event", {.cut = cut_at(place::event, 0), .ending = mock::ending::reset}, 502, unreachable},
        {"cut-unary", {.cut = cut_at(place::body, 40)}, 502, unreachable, "", false, true},
        {"s429", {.status = 429, .headers = {{"retry-after", "7"}}}, 429, ""},
        {"s500", {.status = 500}, 500, ""},
        {"s503", {.status = 503}, 503, ""},
        {"s524", {.status = 524}, 524, ""},
        {"s529", {.status = 529}, 529, ""},
        {"error-event", {.error_event = 0}, 502, invalid, "", true, false},
        {"head-stall", {.before_head = 20s}, 504, late, "first_byte"},
        {"token-stall", {.first_event = 20s}, 504, late, "first_token", true, false},
        {"body-stall", {.cut = cut_at(place::body, 0), .ending = mock::ending::hang}, 504, late, "idle", false, true},
        {"no-http", {.raw = "nonsense\r\n\r\n"}, 502, invalid},
        {"two-lengths", {.raw = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"}, 502, invalid},
        {"bad-chunk",
         {.raw = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"},
         502,
         invalid,
         "",
         false,
         true},
        {"bad-chunk-stream",
         {.raw = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"},
         502,
         invalid,
         "",
         true,
         false},
    };
}

class Failure : public testing::Test {
protected:
    static void SetUpTestSuite() {
        bad_ = quick_provider("bad");
        good_ = quick_provider("good");
        bad_->on([](const mock::call& what) -> std::optional<mock::script> {
            for (const auto& each : faults())
                if (what.model.starts_with(std::string{each.name} + '.')) return each.how;
            return std::nullopt;
        });
        // Each fault has pools of its own, so that what one learns about an upstream does not help another.
        std::string pools, routes;
        const auto nobody = "      - {name: bad, url: \"http://127.0.0.1:" + std::to_string(refusing_port()) + "/v1\", weight: 1000}\n";
        for (const auto& each : faults())
            for (const std::string kind : {"stream", "unary"})
                for (const std::string company : {"alone", "paired"}) {
                    if (!(kind == "stream" ? each.streams : each.unary)) continue;
                    const auto name = std::string{each.name} + '.' + kind + '.' + company;
                    pools += "  " + name +
                             ":\n    balance: weighted_round_robin\n    ejection: {consecutive_failures: 1000}\n"
                             "    retry: {attempts: 2, backoff: 1ms, max_backoff: 5ms, budget: 100%}\n"
                             "    timeouts: {first_byte: 800ms, first_token: 1200ms, idle: 1s}\n    keepalive: {idle: 0}\n    upstreams:\n" +
                             (std::string{each.name} == "refused" ? nobody : upstream_of(*bad_, "weight: 1000")) +
                             (company == "paired" ? upstream_of(*good_) : "");
                    routes += "  - {models: [" + name + "], pool: " + name + "}\n";
                }
        pools +=
            "  after:\n    ejection: {consecutive_failures: 1000}\n    retry: {budget: 100%}\n"
            "    balance: weighted_round_robin\n    timeouts: {idle: 600ms}\n    upstreams:\n" +
            upstream_of(*bad_, "weight: 1000") + upstream_of(*good_);
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n" + pools + "routes:\n" + routes +
                                                                   "  - {models: [after], pool: after}\n" + std::string{conf_end});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        bad_.reset();
        good_.reset();
    }
    void SetUp() override {
        bad_->forget();
        good_->forget();
    }

    static response ask(const std::string& model, bool stream) {
        return exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", chat_body(model, stream, stream ? usage_asked : "\"n\":1")));
    }
    static std::size_t asked(const mock::provider& of, const std::string& model) {
        const auto all = of.calls();
        return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& call) { return call.model == model; }));
    }
    /// Every fault at once: most of them wait.
    static void for_each_fault(const std::string& company, const std::function<void(const fault&, const std::string&, bool)>& check) {
        const auto all = faults();
        std::vector<std::thread> running;
        for (const auto& each : all)
            for (const bool stream : {true, false})
                if (stream ? each.streams : each.unary)
                    running.emplace_back([&each, stream, &company, &check] {
                        check(each, std::string{each.name} + (stream ? ".stream." : ".unary.") + company, stream);
                    });
        for (auto& thread : running) thread.join();
    }
    static void expect_quiet() {
        const auto quiet = [](const std::string& m) {
            return metric(m, "weir_upstream_in_flight") == 0 && metric(m, "weir_active_streams") == 0 && metric(m, "weir_connections") == 0 &&
                   metric(m, "weir_buffered_body_bytes") == 0;
        };
        EXPECT_TRUE(quiet(weir_->metrics_when(quiet, 5s)));
    }

    static std::unique_ptr<mock::provider> bad_, good_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Failure::bad_, Failure::good_;
std::unique_ptr<gateway_process> Failure::weir_;

}  // namespace

TEST_F(Failure, OfOneUpstreamIsNotSeenWhenAnotherCanAnswer) {
    for_each_fault("paired", [](const fault& each, const std::string& model, bool stream) {
        SCOPED_TRACE(model);
        const auto got = ask(model, stream);
        EXPECT_EQ(got.status, 200) << got.wire;
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(got.header("x-weir-upstream"), "good");
        EXPECT_EQ(got.header("x-weir-attempts"), "2");
        EXPECT_EQ(got.header("content-type").starts_with("text/event-stream"), stream);
        EXPECT_EQ(asked(*bad_, model), std::string{each.name} == "refused" ? 0u : 1u);
        ASSERT_EQ(asked(*good_, model), 1u);
        for (const auto& call : good_->calls())
            if (call.model == model) {
                EXPECT_EQ(got.body, call.answered);
            }
    });
    expect_quiet();
}

TEST_F(Failure, OfAllUpstreamsIsToldInDesignedWords) {
    for_each_fault("alone", [](const fault& each, const std::string& model, bool stream) {
        SCOPED_TRACE(model);
        const auto got = ask(model, stream);
        SCOPED_TRACE(got.wire);
        EXPECT_EQ(got.status, each.status);
        EXPECT_TRUE(got.clean());
        EXPECT_TRUE(got.header("content-type").starts_with("application/json"));
        EXPECT_EQ(got.header("x-should-retry"), "false");
        EXPECT_EQ(good_->call_count(), 0u);
        if (std::string_view{each.code}.empty()) {
            EXPECT_NE(got.body.find("told to fail"), std::string::npos) << "the upstream's own answer";
            EXPECT_EQ(got.header("retry-after"), each.status == 429 ? "7" : "");
            return;
        }
        EXPECT_NE(got.body.find('"' + std::string{each.code} + '"'), std::string::npos);
        EXPECT_NE(got.body.find(each.phase), std::string::npos);
        EXPECT_NE(got.body.find("http://127.0.0.1:"), std::string::npos) << "the upstream's URL";
    });
    expect_quiet();
}

TEST_F(Failure, AfterTheFirstByteEndsTheStreamInTheOpen) {
    const std::string frame = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"w\"},\"finish_reason\":null}]}\n\n";
    char size[16];
    std::snprintf(size, sizeof size, "%zx", frame.size());
    const auto chunk = std::string{size} + "\r\n" + frame + "\r\n";
    const std::vector<mock::script> ways = {
        {.between = 5ms, .cut = mock::cut{place::event, 6, 0}},
        {.between = 5ms, .cut = mock::cut{place::event, 6, 0}, .ending = mock::ending::reset},
        {.between = 5ms, .cut = mock::cut{place::event, 6, 0}, .ending = mock::ending::hang},
        {.between = 5ms, .cut = mock::cut{place::event, 6, 20}, .ending = mock::ending::hang},
        {.between = 5ms, .cut = mock::cut{place::event, 6, 20}, .ending = mock::ending::reset},
        {.stall_after = 4, .stall = 20s},
        {.write = chunk.size(),
         .write_pause = mock::microseconds{100'000},
         .raw = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "zz\r\nno chunk\r\n"},
    };
    for (std::size_t i = 0; i < ways.size(); ++i) {
        SCOPED_TRACE(i);
        bad_->forget();
        bad_->once(ways[i]);
        const auto got = ask("after", true);
        SCOPED_TRACE(got.wire);
        EXPECT_EQ(got.status, 200);
        EXPECT_FALSE(got.clean());
        EXPECT_EQ(got.header("x-weir-upstream"), "bad");
        EXPECT_EQ(got.body.find("[DONE]"), std::string::npos);
        const auto events = split_events(got.body);
        ASSERT_GE(events.size(), 2u);
        EXPECT_NE(events.back().find("\"stream_interrupted\""), std::string::npos);
        EXPECT_TRUE(events.back().ends_with("\n\n"));
        for (std::size_t k = 0; k + 1 < events.size(); ++k) EXPECT_TRUE(events[k].ends_with("]}\n\n") || events[k].ends_with("null}\n\n"));
        EXPECT_EQ(bad_->call_count(), 1u);
        EXPECT_EQ(good_->call_count(), 0u);
    }
    expect_quiet();
}

TEST_F(Failure, AfterTheFinishReasonIsNotMadeToLookComplete) {
    mock::script how{.content_type = "text/event-stream"};
    how.body =
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"w\"},\"finish_reason\":\"stop\"}]}\n\n"
        "data: {\"error\":{\"message\":\"the provider's own words\",\"code\":500}}\n\ndata: [DONE]\n\n";
    bad_->once(how);
    const auto got = ask("after", true);
    EXPECT_EQ(got.header("x-weir-upstream"), "bad");
    EXPECT_NE(got.body.find("the provider's own words"), std::string::npos) << got.wire;
    EXPECT_EQ(got.body.find("[DONE]"), std::string::npos) << got.wire;
    EXPECT_FALSE(got.clean()) << got.wire;
    expect_quiet();
}

TEST_F(Failure, AfterTheFirstByteCutsALongUnaryAnswer) {
    for (const auto how : {mock::ending::fin, mock::ending::reset, mock::ending::hang})
        for (const auto frame : {mock::framing::content_length, mock::framing::chunked}) {
            SCOPED_TRACE(static_cast<int>(how) * 10 + static_cast<int>(frame));
            bad_->once({.text = std::string(400'000, 'x'), .framing = frame, .cut = mock::cut{place::body, 300'000, 0}, .ending = how});
            const auto got = ask("after", false);
            EXPECT_EQ(got.status, 200);
            EXPECT_FALSE(got.clean());
            EXPECT_LT(got.body.size(), 400'000u);
            EXPECT_EQ(got.body.find("stream_interrupted"), std::string::npos);
            EXPECT_EQ(good_->call_count(), 0u);
        }
    expect_quiet();
}

TEST_F(Failure, LeavesANumberForEachReason) {
    const auto before = weir_->metrics();
    (void)ask("s524.unary.alone", false);
    (void)ask("refused.unary.alone", false);
    (void)ask("no-http.unary.alone", false);
    const auto after =
        weir_->metrics_when([&](const std::string& m) { return metric(m, "weir_requests_total") >= metric(before, "weir_requests_total") + 3; });
    const auto grown = [&](const char* name, const std::vector<std::string>& labels) {
        return metric(after, name, labels) - metric(before, name, labels);
    };
    EXPECT_EQ(grown("weir_upstream_requests_total", {"code=\"524\"", "pool=\"s524.unary.alone\""}), 2);
    EXPECT_EQ(grown("weir_upstream_failures_total", {"reason=\"status\"", "pool=\"s524.unary.alone\""}), 2);
    EXPECT_EQ(grown("weir_upstream_failures_total", {"reason=\"connect\"", "pool=\"refused.unary.alone\""}), 2);
    EXPECT_GE(grown("weir_upstream_failures_total", {"reason=\"invalid\"", "pool=\"no-http.unary.alone\""}), 1);
    EXPECT_EQ(grown("weir_retries_total", {"reason=\"connect\"", "pool=\"refused.unary.alone\""}), 1);
}
