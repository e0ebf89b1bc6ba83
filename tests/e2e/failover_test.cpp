// What moves to another upstream and what does not: streams that break within their first tokens, prompts that are too long, spent quota
// and rate limits, uploads that nobody reads, heads that trickle.
#include <gtest/gtest.h>

#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;
using place = mock::cut::place;

namespace {

constexpr const char* openai_overflow =
    R"({"error":{"message":"Your input exceeds the context window of this model.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}})";
constexpr const char* anthropic_overflow =
    R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}})";
constexpr const char* gemini_overflow =
    R"({"error":{"code":400,"message":"The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}})";

class Failover : public testing::Test {
protected:
    static void SetUpTestSuite() {
        bad_ = quick_provider("bad");
        good_ = quick_provider("good");
        other_ = quick_provider("other");
        late_ = quick_provider("late");
        const auto pair = upstream_of(*bad_, "weight: 1000") + upstream_of(*good_);
        const auto pool = [](const std::string& name, const std::string& settings, const std::string& upstreams) {
            return "  " + name + ":\n    balance: weighted_round_robin\n    retry: {attempts: 2, backoff: 1ms, max_backoff: 5ms, budget: 100%}\n" +
                   settings + "    upstreams:\n" + upstreams;
        };
        const std::string calm = "    ejection: {consecutive_failures: 1000}\n";
        std::string routes;
        const auto route = [&](const std::string& model, const std::string& fallback) {
            routes += "  - {models: [" + model + "], pool: " + model + ", fallback: [" + fallback + "]}\n";
        };
        std::string pools = pool("held", calm + "    hold_tokens: 8\n    timeouts: {idle: 400ms}\n", pair) +
                            pool("slow", calm + "    keepalive: {idle: 0}\n    timeouts: {idle: 500ms, first_byte: 500ms}\n", upstream_of(*late_)) +
                            pool("quota", "", upstream_of(*bad_, "weight: 1000, api_key: sk-own") + upstream_of(*good_, "api_key: sk-own")) +
                            pool("limited", "", upstream_of(*bad_, "weight: 1000, api_key: sk-own") + upstream_of(*good_, "api_key: sk-own")) +
                            pool("rated", "    ejection: {failure_rate: 50%, min_requests: 10, base: 1s, slow_start: off}\n", pair) +
                            pool("breaking", "    ejection: {failure_rate: 50%, min_requests: 10, base: 10s}\n", pair) +
                            pool("maintained", calm, pair) +
                            "  patient:\n    retry: {attempts: 3, backoff: 1ms, max_backoff: 1500ms, budget: 100%}\n    upstreams:\n" +
                            upstream_of(*late_, "api_key: sk-own") +
                            pool("phases", calm + "    keepalive: {idle: 0}\n    timeouts: {first_byte: 300ms, first_token: 300ms, idle: 300ms}\n",
                                 upstream_of(*late_)) +
                            pool("phases-total", calm + "    keepalive: {idle: 0}\n    timeouts: {total: 300ms}\n", upstream_of(*late_)) +
                            pool("phases-connect", calm + "    timeouts: {connect: 300ms}\n",
                                 "      - {name: mute, url: \"https" + late_->url().substr(4) + "/v1\"}\n") +
                            pool("small", calm, upstream_of(*bad_)) + pool("alone", calm, upstream_of(*bad_)) +
                            pool("no-larger", calm, upstream_of(*other_)) + pool("large", calm, upstream_of(*good_));
        route("small", "{pool: no-larger}, {pool: large, model: huge, larger_context: true}");
        route("alone", "{pool: no-larger}");
        for (const std::string kind : {"anthropic", "gemini"}) {
            pools += pool(kind + "-small", calm + "    dialect: " + kind + "\n", upstream_of(*bad_)) +
                     pool(kind + "-large", calm + "    dialect: " + kind + "\n", upstream_of(*good_));
            route(kind + "-small", "{pool: " + kind + "-large, model: huge, larger_context: true}");
        }
        for (const std::string name :
             {"held", "slow", "quota", "limited", "rated", "breaking", "maintained", "patient", "phases", "phases-total", "phases-connect"})
            routes += "  - {models: [" + name + "], pool: " + name + "}\n";
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\nlimits: {head_timeout: 300ms, body_timeout: 300ms}\npools:\n" + pools + "routes:\n" + routes +
                "prices: prices.yaml\n" + std::string{conf_end},
            gateway_process::files{{"prices.yaml", "models:\n  \"*\": {input: 1000, output: 1000}\n"}});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        bad_.reset();
        good_.reset();
        other_.reset();
        late_.reset();
    }
    void SetUp() override {
        for (auto* each : {bad_.get(), good_.get(), other_.get(), late_.get()}) {
            each->forget();
            each->always({});
        }
    }

    static response ask(const std::string& model, bool stream = false, const headers& more = {}) {
        return exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", chat_body(model, stream), more));
    }
    static mock::script refusal(int status, std::string body, std::vector<std::pair<std::string, std::string>> fields = {}) {
        mock::script how{.status = status};
        how.headers = std::move(fields);
        how.body = std::move(body);
        return how;
    }
    /// The state of the upstream `bad` of a pool, as /api/status names it.
    static std::string state_of_bad(const std::string& pool) {
        const auto all = weir_->ask_admin("/api/status").body;
        auto at = all.find("{\"name\":\"" + pool + "\",\"dialect\"");
        at = all.find("\"name\":\"bad\"", at);
        at = all.find("\"state\":\"", at);
        return all.substr(at + 9, all.find('"', at + 9) - at - 9);
    }
    static std::string standing_of_bad(const std::string& pool) {
        const auto all = weir_->ask_admin("/api/status").body;
        auto at = all.find("{\"name\":\"" + pool + "\",\"dialect\"");
        at = all.find("\"name\":\"bad\"", at);
        at = all.find("\"standing\":\"", at);
        return all.substr(at + 12, all.find('"', at + 12) - at - 12);
    }
    static void expect_quiet() {
        const auto quiet = [](const std::string& m) {
            return metric(m, "weir_upstream_in_flight") == 0 && metric(m, "weir_active_streams") == 0 && metric(m, "weir_connections") == 0 &&
                   metric(m, "weir_buffered_body_bytes") == 0;
        };
        EXPECT_TRUE(quiet(weir_->metrics_when(quiet, 5s)));
    }

    static std::unique_ptr<mock::provider> bad_, good_, other_, late_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Failover::bad_, Failover::good_, Failover::other_, Failover::late_;
std::unique_ptr<gateway_process> Failover::weir_;

}  // namespace

TEST_F(Failover, SavesAStreamThatBreaksWithinTheTokensItHoldsBack) {
    const std::vector<mock::script> ways = {
        {.words = 40, .cut = mock::cut{place::event, 4, 0}, .ending = mock::ending::reset},
        {.words = 40, .cut = mock::cut{place::event, 4, 20}},
        {.words = 40, .cut = mock::cut{place::event, 4, 0}, .ending = mock::ending::hang},
        {.words = 40, .error_event = 4},
    };
    for (std::size_t i = 0; i < ways.size(); ++i) {
        SCOPED_TRACE(i);
        bad_->forget();
        good_->forget();
        bad_->always(ways[i]);
        const auto got = ask("held", true, {{"x-request-id", "held-" + std::to_string(i)}});
        EXPECT_EQ(got.status, 200) << got.wire;
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(got.header("x-weir-upstream"), "good");
        EXPECT_EQ(got.header("x-weir-attempts"), "2");
        EXPECT_TRUE(got.body.ends_with("data: [DONE]\n\n"));
        EXPECT_EQ(bad_->call_count(), 1u);
        const auto line = weir_->log_line("\"held-" + std::to_string(i) + '"');
        EXPECT_NE(line.find("\"discarded_cost_usd\":0.0"), std::string::npos) << "three words were generated for nothing: " << line;
    }
    expect_quiet();
}

TEST_F(Failover, PassesOnWhatItHeldBackByteForByte) {
    for (const int words : {1, 5, 100}) {
        SCOPED_TRACE(words);
        bad_->forget();
        bad_->always({.words = words});
        const auto got = exchange_once(
            weir_->url(), request_text("POST", "/v1/chat/completions", chat_body("held", true, R"("stream_options":{"include_usage":true})")));
        EXPECT_EQ(got.status, 200);
        EXPECT_TRUE(got.clean());
        ASSERT_EQ(bad_->call_count(), 1u);
        EXPECT_EQ(got.body, bad_->calls().back().answered);
    }
}

TEST_F(Failover, HoldsNoMoreTokensThanItIsTold) {
    bad_->always({.words = 40, .between = 5ms, .cut = mock::cut{place::event, 20, 0}, .ending = mock::ending::reset});
    const auto got = ask("held", true);
    EXPECT_EQ(got.status, 200);
    EXPECT_FALSE(got.clean()) << "the client had tokens already";
    EXPECT_NE(got.body.find("stream_interrupted"), std::string::npos);
    EXPECT_EQ(good_->call_count(), 0u);
}

TEST_F(Failover, SendsAPromptThatIsTooLongToTheFallbackWithALargerContext) {
    bad_->always(refusal(400, openai_overflow));
    for (const bool stream : {false, true}) {
        const auto got = ask("small", stream);
        EXPECT_EQ(got.status, 200) << got.wire;
        EXPECT_EQ(got.header("x-weir-upstream"), "good");
        EXPECT_EQ(got.header("x-weir-attempts"), "2");
        EXPECT_EQ(good_->calls().back().model, "huge");
    }
    EXPECT_EQ(other_->call_count(), 0u) << "a fallback that is not larger cannot help";
    EXPECT_GE(metric(weir_->metrics(), "weir_fallbacks_total", {"pool=\"small\"", "reason=\"context_length\""}), 2);

    bad_->always(refusal(400, anthropic_overflow));
    const auto anthropic = exchange_once(
        weir_->url(),
        request_text("POST", "/v1/messages", R"({"model":"anthropic-small","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})"));
    EXPECT_EQ(anthropic.status, 200) << anthropic.wire;
    EXPECT_EQ(good_->calls().back().model, "huge");
    bad_->always(refusal(400, gemini_overflow));
    const auto gemini = exchange_once(
        weir_->url(), request_text("POST", "/v1beta/models/gemini-small:generateContent", R"({"contents":[{"parts":[{"text":"hi"}]}]})"));
    EXPECT_EQ(gemini.status, 200) << gemini.wire;
    EXPECT_EQ(good_->calls().back().model, "huge");
    expect_quiet();
}

TEST_F(Failover, PassesOtherRefusalsOnUnchanged) {
    bad_->always(refusal(400, openai_overflow));
    const auto lone = ask("alone");
    EXPECT_EQ(lone.status, 400);
    EXPECT_EQ(lone.body, openai_overflow);
    EXPECT_EQ(lone.header("x-should-retry"), "false");
    const std::string mistake = R"({"error":{"message":"Unknown parameter.","type":"invalid_request_error","param":"x","code":"unknown_parameter"}})";
    bad_->always(refusal(400, mistake));
    const auto wrong = ask("small");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_EQ(wrong.body, mistake);
    EXPECT_EQ(good_->call_count() + other_->call_count(), 0u);
}

TEST_F(Failover, AsksNoUpstreamForAModelWhoseQuotaIsSpentAndSaysSo) {
    bad_->always(refusal(
        429, R"({"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}})"));
    EXPECT_EQ(ask("quota").header("x-weir-upstream"), "good");
    EXPECT_EQ(state_of_bad("quota"), "open") << "for other models";
    EXPECT_NE(standing_of_bad("quota").find("its quota for 'quota' is spent"), std::string::npos) << standing_of_bad("quota");
    EXPECT_TRUE(weir_->program().wait_err(
        [](const std::string& e) {
            return e.find("is not asked for 'quota' for 300 s: its quota is spent (429 insufficient_quota)") != std::string::npos;
        },
        3s));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ask("quota").header("x-weir-attempts"), "1");
    EXPECT_EQ(bad_->call_count(), 1u);
}

TEST_F(Failover, WaitsAsLongAsARateLimitSays) {
    const std::string body = R"({"error":{"message":"Rate limit reached.","type":"requests","param":null,"code":"rate_limit_exceeded"}})";
    bad_->always(
        refusal(429, body, {{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "1m30s"}, {"x-ratelimit-reset-tokens", "20ms"}}));
    EXPECT_EQ(ask("limited").header("x-weir-upstream"), "good");
    EXPECT_EQ(state_of_bad("limited"), "waiting");
    const auto status = weir_->ask_admin("/api/status").body;
    const auto at = status.find("{\"name\":\"limited\"");
    EXPECT_NE(status.find("89 s", at) < status.find("90 s", at) ? status.find("89 s", at) : status.find("90 s", at), std::string::npos)
        << status.substr(at, 600);
    EXPECT_EQ(ask("limited").header("x-weir-attempts"), "1");
    EXPECT_EQ(bad_->call_count(), 1u);
}

TEST_F(Failover, GivesUpAnUploadThatTheUpstreamStopsReading) {
    late_->set_door(mock::door::silent);
    const auto began = std::chrono::steady_clock::now();
    const auto got = exchange_once(
        weir_->url(), request_text("POST", "/v1/chat/completions", chat_body("slow", false, R"("padding":")" + std::string(24'000'000, 'p') + '"')),
        std::nullopt, 20s);
    late_->set_door(mock::door::open);
    EXPECT_EQ(got.status, 504) << got.wire;
    EXPECT_NE(got.body.find("stopped reading the request"), std::string::npos) << got.body;
    EXPECT_NE(got.body.find("idle"), std::string::npos) << got.body;
    EXPECT_LT(std::chrono::steady_clock::now() - began, 8s);
    EXPECT_GE(metric(weir_->metrics(), "weir_upstream_failures_total", {"pool=\"slow\"", "reason=\"timeout_idle\""}), 1);
    expect_quiet();
}

TEST_F(Failover, GivesATrickledHeadNoMoreTimeThanAWholeOne) {
    late_->always({.write = 1, .write_pause = mock::microseconds{100'000}});
    const auto began = std::chrono::steady_clock::now();
    const auto got = ask("slow");
    EXPECT_EQ(got.status, 504) << got.wire;
    EXPECT_NE(got.body.find("first_byte"), std::string::npos) << got.body;
    EXPECT_LT(std::chrono::steady_clock::now() - began, 4s) << "two attempts of half a second";
    const auto counted = [](const std::string& m) {
        return metric(m, "weir_upstream_failures_total", {"pool=\"slow\"", "reason=\"timeout_first_byte\""}) >= 2;
    };
    EXPECT_TRUE(counted(weir_->metrics_when(counted)));
}

TEST_F(Failover, WaitsForAPauseThatEndsSoonWhenNothingElseIsLeft) {
    const std::vector<std::pair<mock::script, std::chrono::milliseconds>> pauses = {
        {refusal(429, "{}", {{"retry-after-ms", "400"}}), 400ms},
        {refusal(429, "{}", {{"x-ratelimit-reset-requests", "300ms"}, {"x-ratelimit-remaining-requests", "0"}}), 300ms},
        {refusal(503, "{}", {{"retry-after", "1"}}), 1000ms},
    };
    for (const auto& [how, pause] : pauses) {
        SCOPED_TRACE(pause.count());
        late_->forget();
        late_->once(how);
        const auto began = std::chrono::steady_clock::now();
        const auto got = ask("patient");
        const auto took = std::chrono::steady_clock::now() - began;
        EXPECT_EQ(got.status, 200) << got.wire;
        EXPECT_EQ(got.header("x-weir-attempts"), "2");
        EXPECT_GE(took, pause - 20ms);
        EXPECT_LT(took, pause + 3s);
    }
    const auto began = std::chrono::steady_clock::now();
    late_->once(refusal(429, "{}", {{"retry-after", "2"}}));
    const auto refused = ask("patient");
    EXPECT_EQ(refused.status, 429) << "longer than max_backoff";
    EXPECT_EQ(refused.header("retry-after"), "2");
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
}

TEST_F(Failover, RestsAnUpstreamForAsLongAsItsMaintenanceTakes) {
    bad_->always(refusal(503, "{}", {{"retry-after", "30"}}));
    EXPECT_EQ(ask("maintained").header("x-weir-upstream"), "good");
    EXPECT_EQ(state_of_bad("maintained"), "waiting");
    EXPECT_TRUE(standing_of_bad("maintained").starts_with("waiting 30 s more")) << standing_of_bad("maintained");
    EXPECT_EQ(ask("maintained").header("x-weir-attempts"), "1") << "it is left alone";
}

TEST_F(Failover, RestsAnUpstreamOfWhichTooLargeAShareFailsThoughNeverTwiceInARow) {
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(state_of_bad("rated"), "open") << i;
        if (i % 2 == 1) bad_->once({.status = 500});
        const auto got = ask("rated");
        EXPECT_EQ(got.status, 200);
        EXPECT_EQ(got.header("x-weir-upstream"), i % 2 == 1 ? "good" : "bad");
    }
    const auto words = standing_of_bad("rated");
    EXPECT_TRUE(words.starts_with("resting 1 s more after 50% of 10 requests failed")) << words;
    EXPECT_EQ(metric(weir_->metrics(), "weir_upstream_ejected", {"pool=\"rated\"", "upstream=\"bad\""}), 1);
    EXPECT_EQ(ask("rated").header("x-weir-upstream"), "good");
    for (int i = 0; i < 60 && state_of_bad("rated") != "half_open"; ++i) std::this_thread::sleep_for(50ms);
    const auto probe = ask("rated");
    EXPECT_EQ(probe.status, 200);
    EXPECT_EQ(probe.header("x-weir-upstream"), "bad") << "one real request probes it";
    EXPECT_EQ(state_of_bad("rated"), "open");
}

TEST_F(Failover, RestsAnUpstreamWhoseStreamsBreakAfterTheirFirstToken) {
    bad_->always({.words = 40, .between = 2ms, .cut = mock::cut{place::event, 4, 0}, .ending = mock::ending::reset});
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(ask("breaking", true).clean());
    const auto words = standing_of_bad("breaking");
    EXPECT_NE(words.find("after 100% of 10 requests failed"), std::string::npos) << words << ": each began well";
    EXPECT_TRUE(ask("breaking", true).clean());
}

TEST_F(Failover, LeavesALateAnswerToTheRequestThatGaveItUp) {
    // The first attempt ends at a message boundary, the second does not: what is known of the first one's end must not keep the second's connection.
    gateway_process fresh{WEIR_BINARY,
                          "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n"
                          "  two:\n    balance: weighted_round_robin\n    retry: {attempts: 2, backoff: 1ms, max_backoff: 5ms, budget: 100%}\n"
                          "    ejection: {consecutive_failures: 1000}\n    timeouts: {first_byte: 200ms}\n    upstreams:\n" +
                              upstream_of(*bad_, "weight: 1000") + upstream_of(*late_) + "  one:\n    upstreams:\n" + upstream_of(*late_) +
                              "routes:\n  - {models: [two], pool: two}\n  - {models: [one], pool: one}\n"
                              "admin: {address: \"127.0.0.1:0\"}\nworkers: 1\nstate: {ledger: off}\nlog: {access: off}\n"};
    const auto ask_for = [&](const std::string& model) {
        return exchange_once(fresh.url(), request_text("POST", "/v1/chat/completions", chat_body(model, false)));
    };
    bad_->always({.status = 500});
    mock::script for_another{.before_head = 600ms};
    for_another.text = "meant for another request";
    late_->always(for_another);
    EXPECT_EQ(ask_for("two").status, 504);
    late_->always({});
    const auto got = ask_for("one");
    EXPECT_EQ(got.status, 200) << got.wire;
    EXPECT_EQ(got.body.find("meant for another request"), std::string::npos) << got.wire;
}

TEST_F(Failover, KeepsASeriesForEachKindOfBeingLate) {
    bad_->always({.status = 524});
    EXPECT_EQ(ask("alone").status, 200) << "the fallback answers";
    bad_->always({.stall_after = 4, .stall = 20s});
    {
        raw_client leaving{weir_->url()};
        ASSERT_TRUE(leaving.send(request_text("POST", "/v1/chat/completions", chat_body("alone", true))));
        ASSERT_EQ(leaving.read_head().status, 200);
    }
    {
        raw_client slow{weir_->url()};
        ASSERT_TRUE(slow.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"));
        EXPECT_EQ(slow.read_response(5s).status, 408);
    }
    {
        raw_client slow{weir_->url()};
        ASSERT_TRUE(slow.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"));
        EXPECT_EQ(slow.read_response(5s).status, 408);
    }
    late_->always({.before_head = 3s});
    EXPECT_EQ(ask("slow").status, 504);
    const auto m = weir_->metrics_when([](const std::string& all) {
        return metric(all, "weir_requests_total", {"code=\"499\""}) >= 1 &&
               metric(all, "weir_requests_total", {"pool=\"slow\"", "code=\"504\""}) >= 1;
    });
    EXPECT_GE(metric(m, "weir_upstream_requests_total", {"pool=\"alone\"", "code=\"524\""}), 1);
    EXPECT_GE(metric(m, "weir_requests_total", {"code=\"499\""}), 1);
    EXPECT_GE(metric(m, "weir_client_disconnects_total", {"pool=\"alone\"", "phase=\"stream\""}), 1);
    EXPECT_GE(metric(m, "weir_requests_total", {"code=\"408\""}), 1);
    EXPECT_GE(metric(m, "weir_rejections_total", {"code=\"client_timeout\""}), 2);
    EXPECT_EQ(metric(m, "weir_client_timeouts_total", {"phase=\"head\""}), 1);
    EXPECT_EQ(metric(m, "weir_client_timeouts_total", {"phase=\"body\""}), 1);
    EXPECT_GE(metric(m, "weir_gateway_timeouts_total", {"pool=\"slow\"", "phase=\"first_byte\""}), 1);
    EXPECT_GE(metric(m, "weir_requests_total", {"pool=\"slow\"", "code=\"504\""}), 1);
    EXPECT_GE(metric(m, "weir_upstream_failures_total", {"pool=\"slow\"", "reason=\"timeout_first_byte\""}), 1);
}

TEST_F(Failover, TellsThePhaseOfEvery504InTheAnswerAndInASeriesOfItsOwn) {
    struct late {
        std::string phase, pool;
        bool stream;
        mock::script how;
    };
    const std::vector<late> phases = {{"first_byte", "phases", false, {.before_head = 3s}},
                                      {"first_token", "phases", true, {.stall_after = 1, .stall = 3s}},
                                      {"idle", "phases", false, {.words = 400, .write = 1000, .write_pause = 3s}},
                                      {"total", "phases-total", false, {.before_head = 3s}},
                                      {"connect", "phases-connect", false, {}}};
    for (const auto& each : phases) {
        SCOPED_TRACE(each.phase);
        late_->always(each.how);
        late_->set_door(each.phase == "connect" ? mock::door::silent : mock::door::open);
        const auto got = ask(each.pool, each.stream);
        late_->set_door(mock::door::open);
        EXPECT_EQ(got.status, 504) << got.wire;
        EXPECT_NE(got.body.find("phase: " + each.phase), std::string::npos) << got.body;
        const auto counted = [&](const std::string& m) {
            return metric(m, "weir_gateway_timeouts_total", {"pool=\"" + each.pool + '"', "phase=\"" + each.phase + '"'}) == 1 &&
                   metric(m, "weir_upstream_failures_total", {"pool=\"" + each.pool + '"', "reason=\"timeout_" + each.phase + '"'}) >= 1;
        };
        const auto m = weir_->metrics_when(counted);  // a scrape may fall between the two
        EXPECT_TRUE(counted(m)) << m;
    }
    expect_quiet();
}
