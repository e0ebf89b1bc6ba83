// Second attempts at requests whose answer is late, a stream's by its first token, any other by its head: which of the two the client gets, that the
// other is ended at once, and that both are told.
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;
using place = mock::cut::place;

namespace {

constexpr const char* usage_asked = R"("stream_options":{"include_usage":true})";

class Hedge : public testing::Test {
protected:
    static void SetUpTestSuite() {
        const auto certificate = mock::authority{}.issue();
        slow_ = quick_provider("slow");
        fast_ = quick_provider("fast");
        mute_ = quick_provider("mute", mock::tls_options{certificate.pem, certificate.private_key, ""});
        std::string pools, routes;
        const auto pool = [&](const std::string& name, const std::string& hedge, const std::string& first) {
            pools += "  " + name +
                     ":\n    balance: weighted_round_robin\n    ejection: {consecutive_failures: 1000}\n"
                     "    retry: {attempts: 2, backoff: 1ms, max_backoff: 5ms, budget: 100%}\n    timeouts: {first_byte: 4s, first_token: 4s, idle: "
                     "4s}\n" +
                     hedge + "    upstreams:\n" + first + upstream_of(*fast_);
            routes += "  - {models: [" + name + "], pool: " + name + "}\n";
        };
        const auto slow = upstream_of(*slow_, "weight: 1000");
        pool("hedged", "    hedge: {after: 150ms, budget: 100%}\n", slow);
        pool("scarce", "    hedge: {after: 50ms, budget: 10%}\n", slow);
        pool("usual", "    hedge: {after: p95, budget: 100%}\n", slow);
        pool("usual-unary", "    hedge: {after: p95, budget: 100%}\n", slow);
        pool("collecting", "    collect: on\n    hedge: {after: 150ms, budget: 100%}\n", slow);
        pool("plain", "", slow);
        pool("holding", "    hold_tokens: 8\n    hedge: {after: 150ms, budget: 100%}\n", slow);
        pool("booked", "    hedge: {after: 100ms, budget: 100%}\n", slow);
        pool("tls", "    hedge: {after: 150ms, budget: 100%}\n", upstream_of(*mute_, "weight: 1000, tls: {verify: false}"));
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n" + pools + "routes:\n" + routes + "prices: prices.yaml\n" + std::string{conf_end},
            gateway_process::files{{"prices.yaml", "models:\n  \"*\": {input: 1000, output: 1000}\n"}});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        slow_.reset();
        fast_.reset();
        mute_.reset();
    }
    void SetUp() override {
        for (auto* each : {slow_.get(), fast_.get(), mute_.get()}) {
            each->forget();
            each->always({});
        }
    }

    struct timed {
        response got;
        std::chrono::steady_clock::duration took;
    };
    static timed ask(const std::string& model, bool stream = true, const std::string& id = "hedge") {
        const auto began = std::chrono::steady_clock::now();
        auto got = exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions",
                                                            chat_body(model, stream, stream ? usage_asked : "\"n\":1"), {{"x-request-id", id}}));
        return {std::move(got), std::chrono::steady_clock::now() - began};
    }
    static bool aborted(const mock::provider& of) {
        return of.wait_for([](const auto& calls) { return !calls.empty() && calls.back().outcome == mock::outcome::aborted; }, 2s);
    }
    static double hedges(const std::string& model, const std::string& outcome) {
        return metric(weir_->metrics(), "weir_hedges_total", {"pool=\"" + model + '"', "outcome=\"" + outcome + '"'});
    }
    static double number_in(const std::string& line, const std::string& field) {
        const auto at = line.find('"' + field + "\":");
        return at == std::string::npos ? -1 : std::atof(line.c_str() + at + field.size() + 3);
    }
    static void expect_quiet() {
        const auto quiet = [](const std::string& m) {
            return metric(m, "weir_upstream_in_flight") == 0 && metric(m, "weir_active_streams") == 0 && metric(m, "weir_connections") == 0;
        };
        EXPECT_TRUE(quiet(weir_->metrics_when(quiet, 5s)));
    }

    static std::unique_ptr<mock::provider> slow_, fast_, mute_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Hedge::slow_, Hedge::fast_, Hedge::mute_;
std::unique_ptr<gateway_process> Hedge::weir_;

}  // namespace

TEST_F(Hedge, AnswersFromTheSecondUpstreamWhenTheFirstTokenIsLate) {
    const std::vector<mock::script> ways = {{.first_event = 3s}, {.before_head = 3s}, {.stall_after = 1, .stall = 3s}};
    for (std::size_t i = 0; i < ways.size(); ++i) {
        SCOPED_TRACE(i);
        slow_->forget();
        fast_->forget();
        slow_->always(ways[i]);
        const auto won = hedges("hedged", "won");
        const auto [got, took] = ask("hedged", true, "won-" + std::to_string(i));
        EXPECT_EQ(got.status, 200) << got.wire;
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(got.header("x-weir-upstream"), "fast");
        EXPECT_EQ(got.header("x-weir-attempts"), "2");
        EXPECT_GE(took, 140ms);
        EXPECT_LT(took, 2s);
        ASSERT_EQ(fast_->call_count(), 1u);
        EXPECT_EQ(got.body, fast_->calls().back().answered);
        EXPECT_EQ(fast_->calls().back().body, slow_->calls().back().body);
        EXPECT_TRUE(aborted(*slow_)) << "the one that lost is ended at once";
        const auto line = weir_->log_line("\"won-" + std::to_string(i) + '"');
        EXPECT_NE(line.find(R"("upstream":"slow",)"), std::string::npos) << line;
        EXPECT_NE(line.find(R"("reason":"overtaken")"), std::string::npos) << line;
        EXPECT_NE(line.find(R"("upstream":"fast","status":200,"hedge":true)"), std::string::npos) << line;
        EXPECT_GT(number_in(line, "discarded_cost_usd"), 0.0) << line;
        EXPECT_GT(number_in(line, "cost_usd"), number_in(line, "discarded_cost_usd")) << line;
        EXPECT_NE(line.find("\"estimated\":true"), std::string::npos) << "what the loser cost is an estimate: " << line;
        EXPECT_EQ(hedges("hedged", "won"), won + 1);
    }
    EXPECT_EQ(metric(weir_->metrics(), "weir_upstream_failures_total", {"pool=\"hedged\"", "reason=\"overtaken\""}), 0)
        << "being slower is no failure";
    expect_quiet();
}

TEST_F(Hedge, AnswersAUnaryRequestFromTheSecondUpstreamWhenTheFirstHeadIsLate) {
    const std::vector<std::pair<std::string, std::string>> requests = {
        {"/v1/chat/completions", chat_body("hedged", false)},
        {"/v1/responses", R"({"model":"hedged","input":"Say"})"},
        {"/v1/embeddings", R"({"model":"hedged","input":"Say"})"},
    };
    slow_->always({.before_head = 3s});
    for (const auto& [path, body] : requests) {
        SCOPED_TRACE(path);
        slow_->forget();
        fast_->forget();
        const auto won = hedges("hedged", "won");
        const auto began = std::chrono::steady_clock::now();
        const auto got = exchange_once(weir_->url(), request_text("POST", path, body, {{"x-request-id", "unary-" + path}}));
        const auto took = std::chrono::steady_clock::now() - began;
        EXPECT_EQ(got.status, 200) << got.wire;
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(got.header("x-weir-upstream"), "fast");
        EXPECT_EQ(got.header("x-weir-attempts"), "2");
        EXPECT_GE(took, 140ms);
        EXPECT_LT(took, 2s);
        ASSERT_EQ(fast_->call_count(), 1u);
        EXPECT_EQ(got.body, fast_->calls().back().answered);
        EXPECT_EQ(fast_->calls().back().body, slow_->calls().back().body);
        EXPECT_TRUE(aborted(*slow_)) << "the one that lost is ended at once";
        const auto line = weir_->log_line("\"unary-" + path + '"');
        EXPECT_NE(line.find(R"("reason":"overtaken")"), std::string::npos) << line;
        EXPECT_NE(line.find(R"("upstream":"fast","status":200,"hedge":true)"), std::string::npos) << line;
        EXPECT_GT(number_in(line, "discarded_cost_usd"), 0.0) << line;
        EXPECT_GT(number_in(line, "cost_usd"), number_in(line, "discarded_cost_usd")) << line;
        EXPECT_EQ(hedges("hedged", "won"), won + 1);
    }
    expect_quiet();
}

TEST_F(Hedge, StaysWithTheFirstUnaryAnswerOnceItsHeadIsThere) {
    // Its head is in time, its body is not: it is the head that is waited for.
    slow_->always({.words = 400, .write = 1000, .write_pause = 250ms});
    const auto in_time = ask("hedged", false);
    EXPECT_EQ(in_time.got.status, 200) << in_time.got.wire;
    EXPECT_TRUE(in_time.got.clean());
    EXPECT_EQ(in_time.got.header("x-weir-upstream"), "slow");
    EXPECT_EQ(fast_->call_count(), 0u);
    // Its head is late, and still earlier than the second one's.
    slow_->always({.before_head = 400ms});
    fast_->always({.before_head = 3s});
    const auto lost = hedges("hedged", "lost");
    const auto late = ask("hedged", false, "unary-lost");
    EXPECT_EQ(late.got.header("x-weir-upstream"), "slow");
    EXPECT_EQ(late.got.header("x-weir-attempts"), "2");
    EXPECT_EQ(late.got.body, slow_->calls().back().answered);
    EXPECT_TRUE(aborted(*fast_));
    EXPECT_EQ(hedges("hedged", "lost"), lost + 1);
    const auto line = weir_->log_line("\"unary-lost\"");
    EXPECT_NE(line.find(R"("reason":"overtaken","hedge":true)"), std::string::npos) << line;
    expect_quiet();
}

TEST_F(Hedge, SurvivesTheFailureOfEitherUnaryAttempt) {
    fast_->always({.status = 500});
    slow_->always({.before_head = 400ms});
    const auto one = ask("hedged", false);
    EXPECT_EQ(one.got.status, 200) << one.got.wire;
    EXPECT_EQ(one.got.header("x-weir-upstream"), "slow");
    EXPECT_EQ(one.got.header("x-weir-attempts"), "2");

    fast_->always({.before_head = 600ms});
    for (const auto& broken : {mock::script{.status = 503, .before_head = 300ms},
                               mock::script{.before_head = 300ms, .cut = mock::cut{place::head, 10, 0}, .ending = mock::ending::reset}}) {
        slow_->always(broken);
        fast_->forget();
        const auto two = ask("hedged", false);
        EXPECT_EQ(two.got.status, 200) << two.got.wire;
        EXPECT_TRUE(two.got.clean());
        EXPECT_EQ(two.got.header("x-weir-upstream"), "fast");
        EXPECT_EQ(two.got.header("x-weir-attempts"), "2") << "the one under way was waited for";
        EXPECT_EQ(two.got.body, fast_->calls().back().answered);
    }
    expect_quiet();
}

TEST_F(Hedge, WaitsForTheFirstTokenWhereAUnaryAnswerIsCollectedFromAStream) {
    slow_->always({.stall_after = 1, .stall = 3s});
    const auto won = hedges("collecting", "won");
    const auto [got, took] = ask("collecting", false, "collected");
    EXPECT_EQ(got.status, 200) << got.wire;
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.header("content-type"), "application/json");
    EXPECT_EQ(got.header("x-weir-upstream"), "fast");
    EXPECT_NE(got.body.find("\"chat.completion\""), std::string::npos) << got.body;
    EXPECT_LT(took, 2s);
    EXPECT_TRUE(aborted(*slow_));
    EXPECT_EQ(hedges("collecting", "won"), won + 1);

    slow_->always({.words = 12, .between = 40ms});
    fast_->forget();
    const auto in_time = ask("collecting", false);
    EXPECT_EQ(in_time.got.header("x-weir-upstream"), "slow") << "a first token in time, however long the rest takes";
    EXPECT_EQ(fast_->call_count(), 0u);
    expect_quiet();
}

TEST_F(Hedge, SendsNothingTwiceThatLeavesAJobOrAFileBehind) {
    slow_->always({.before_head = 300ms});
    const std::vector<std::pair<std::string, std::string>> requests = {
        {"/v1/responses", R"({"model":"hedged","input":"Say","background":true})"},
        {"/v1/images/generations", R"({"model":"hedged","prompt":"a weir"})"},
        {"/v1/videos", R"({"model":"hedged","prompt":"a weir"})"},
    };
    for (const auto& [path, body] : requests) {
        SCOPED_TRACE(path);
        const auto got = exchange_once(weir_->url(), request_text("POST", path, body));
        EXPECT_EQ(got.header("x-weir-attempts"), "1") << got.wire;
    }
    EXPECT_EQ(fast_->call_count(), 0u);
    expect_quiet();
}

TEST_F(Hedge, DoesNotWaitForAHandshakeThatHangs) {
    mute_->set_door(mock::door::silent);
    const auto [got, took] = ask("tls");
    mute_->set_door(mock::door::open);
    EXPECT_EQ(got.status, 200) << got.wire;
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.header("x-weir-upstream"), "fast");
    EXPECT_LT(took, 2s);
    expect_quiet();
}

TEST_F(Hedge, StaysWithTheFirstUpstreamWhenItIsEarlierAfterAll) {
    slow_->always({.first_event = 500ms});
    fast_->always({.first_event = 3s});
    const auto lost = hedges("hedged", "lost");
    const auto [got, took] = ask("hedged", true, "lost");
    EXPECT_EQ(got.status, 200) << got.wire;
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.header("x-weir-upstream"), "slow");
    EXPECT_EQ(got.header("x-weir-attempts"), "2");
    EXPECT_EQ(got.body, slow_->calls().back().answered);
    EXPECT_LT(took, 2s);
    EXPECT_TRUE(aborted(*fast_));
    EXPECT_EQ(hedges("hedged", "lost"), lost + 1);
    const auto line = weir_->log_line("\"lost\"");
    EXPECT_NE(line.find(R"("reason":"overtaken","hedge":true)"), std::string::npos) << line;
    EXPECT_GT(number_in(line, "discarded_cost_usd"), 0.0) << line;
    expect_quiet();
}

// A second attempt that is called off on a kept connection was read all the same: it is no connection that had closed unnoticed.
TEST_F(Hedge, ChargesALoserThatWentOutOnAKeptConnection) {
    raw_client one_worker{weir_->url()};
    for (const bool stream : {false, true}) {
        const auto ask_on = [&](const std::string& id) {
            EXPECT_TRUE(one_worker.send(
                request_text("POST", "/v1/chat/completions", chat_body("hedged", stream, stream ? usage_asked : "\"n\":1"), {{"x-request-id", id}})));
            return one_worker.read_response();
        };
        const auto id = std::string{"kept-loser-"} + (stream ? "stream" : "unary");
        slow_->always({.before_head = 3s});
        EXPECT_EQ(ask_on(id + "-warm").header("x-weir-upstream"), "fast");
        slow_->always({.before_head = 500ms});
        fast_->always({.before_head = 3s});
        const auto connections = fast_->connections();
        EXPECT_EQ(ask_on(id).header("x-weir-upstream"), "slow");
        EXPECT_EQ(fast_->connections(), connections) << "it was the kept one";
        const auto line = weir_->log_line('"' + id + '"');
        EXPECT_NE(line.find(R"("reason":"overtaken","hedge":true)"), std::string::npos) << line;
        EXPECT_GT(number_in(line, "discarded_cost_usd"), 0.0) << line;
        EXPECT_NE(line.find("\"estimated\":true"), std::string::npos) << line;
        fast_->always({});
    }
}

TEST_F(Hedge, SurvivesTheFailureOfEitherAttempt) {
    fast_->always({.status = 500});
    slow_->always({.first_event = 500ms});
    auto one = ask("hedged");
    EXPECT_EQ(one.got.status, 200) << one.got.wire;
    EXPECT_EQ(one.got.header("x-weir-upstream"), "slow");
    EXPECT_EQ(one.got.header("x-weir-attempts"), "2");
    EXPECT_EQ(fast_->call_count(), 1u);
    EXPECT_GE(hedges("hedged", "failed"), 1);

    fast_->always({.first_event = 600ms});
    slow_->always({.before_head = 300ms, .cut = mock::cut{place::head, 10, 0}, .ending = mock::ending::reset});
    auto two = ask("hedged");
    EXPECT_EQ(two.got.status, 200) << two.got.wire;
    EXPECT_TRUE(two.got.clean());
    EXPECT_EQ(two.got.header("x-weir-upstream"), "fast");
    EXPECT_EQ(two.got.header("x-weir-attempts"), "2") << "the one under way was waited for";

    fast_->always({.status = 503, .before_head = 400ms});
    auto three = ask("hedged");
    EXPECT_GE(three.got.status, 500);
    EXPECT_TRUE(three.got.clean());
    expect_quiet();
}

TEST_F(Hedge, PassesAFirstUpstreamsRefusalOnAtOnce) {
    slow_->always({.status = 400, .before_head = 300ms});
    fast_->always({.first_event = 3s});
    const auto [got, took] = ask("hedged");
    EXPECT_EQ(got.status, 400);
    EXPECT_LT(took, 2s);
    EXPECT_TRUE(aborted(*fast_));
    expect_quiet();
}

TEST_F(Hedge, EndsBothWhenTheClientLeaves) {
    slow_->always({.first_event = 20s});
    fast_->always({.first_event = 20s});
    {
        raw_client client{weir_->url()};
        ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("hedged", true))));
        ASSERT_TRUE(fast_->wait_for([](const auto& calls) { return !calls.empty(); }, 3s));
    }
    EXPECT_TRUE(aborted(*slow_));
    EXPECT_TRUE(aborted(*fast_));
    expect_quiet();
}

TEST_F(Hedge, IsForLateAnswersInPoolsThatAskForItOnly) {
    slow_->always({.before_head = 400ms});
    EXPECT_EQ(ask("plain").got.header("x-weir-attempts"), "1");
    EXPECT_EQ(ask("plain", false).got.header("x-weir-attempts"), "1");
    EXPECT_EQ(fast_->call_count(), 0u);
    slow_->always({});
    EXPECT_EQ(ask("hedged", false).got.header("x-weir-attempts"), "1") << "a head in time";
    EXPECT_EQ(ask("hedged").got.header("x-weir-attempts"), "1") << "a first token in time";
    slow_->always({.words = 12, .between = 40ms});
    EXPECT_EQ(ask("holding").got.header("x-weir-attempts"), "1") << "a first token in time that is held back";
    EXPECT_EQ(fast_->call_count(), 0u);
}

TEST_F(Hedge, PutsWhatTheLoserCostIntoTheLedger) {
    slow_->always({.first_event = 3s});
    EXPECT_EQ(ask("booked", true, "booked-1").got.header("x-weir-attempts"), "2");
    const auto line = weir_->log_line("\"booked-1\"");
    std::string rows;
    for (int i = 0; i < 100 && rows.find("\"booked\"") == std::string::npos; ++i) {  // rows reach the database a little later
        if (i > 0) std::this_thread::sleep_for(50ms);
        process spend{{WEIR_BINARY, "spend", "-c", weir_->folder().file("weir.yaml"), "--by", "model", "--format", "json"},
                      weir_->folder().path().string()};
        ASSERT_EQ(spend.wait(), 0) << spend.err();
        rows = spend.out();
    }
    ASSERT_NE(rows.find("\"booked\""), std::string::npos) << rows;
    const auto row = rows.substr(rows.find("\"booked\""));
    EXPECT_EQ(number_in(row, "requests"), 1) << rows;
    EXPECT_EQ(number_in(row, "attempts"), -1) << "one row a request";
    EXPECT_NEAR(number_in(row, "cost_nanousd"), number_in(line, "cost_usd") * 1e9, 1.0) << line;
    // The prompt was paid twice, by the estimate the second time; the answer once.
    const auto answer = fast_->calls().back().usage;
    const auto paid = number_in(line, "cost_usd") - number_in(line, "discarded_cost_usd");
    EXPECT_NEAR(paid * 1000, static_cast<double>(answer.prompt + answer.completion), 0.5) << line;
    EXPECT_NEAR(number_in(line, "discarded_cost_usd") * 1000, 13.0, 2.0) << "a few words and a chat's frame: " << line;
}

TEST_F(Hedge, KeepsToItsShareOfTheRequests) {
    slow_->always({.first_event = 150ms});
    fast_->always({.first_event = 3s});
    std::vector<std::thread> clients;
    for (int i = 0; i < 20; ++i) clients.emplace_back([] { EXPECT_EQ(ask("scarce").got.status, 200); });
    for (auto& each : clients) each.join();
    EXPECT_LE(fast_->call_count(), 3u) << "a tenth of twenty, and the one there is to begin with";
    EXPECT_GE(fast_->call_count(), 1u);
    expect_quiet();
}

TEST_F(Hedge, LearnsWhatIsLate) {
    slow_->always({.first_event = 20ms});
    for (int i = 0; i < 30; ++i) EXPECT_EQ(ask("usual").got.status, 200);
    fast_->forget();
    slow_->always({.first_event = 3s});
    const auto [got, took] = ask("usual");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.header("x-weir-upstream"), "fast");
    EXPECT_LT(took, 2s);
    expect_quiet();
}

TEST_F(Hedge, LearnsOfUnaryAnswersByThemselvesWhatIsLate) {
    slow_->always({.before_head = 20ms});
    for (int i = 0; i < 30; ++i) EXPECT_EQ(ask("usual-unary", false).got.status, 200);
    fast_->forget();
    slow_->always({.before_head = 3s});
    EXPECT_EQ(ask("usual-unary", true).got.header("x-weir-upstream"), "slow") << "of streams nothing is known yet";
    EXPECT_EQ(fast_->call_count(), 0u);
    const auto [got, took] = ask("usual-unary", false);
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.header("x-weir-upstream"), "fast");
    EXPECT_LT(took, 2s);
    expect_quiet();
}
