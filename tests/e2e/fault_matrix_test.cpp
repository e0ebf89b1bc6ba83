// Every fault at every place of an answer, streamed and not, from plain and TLS upstreams, with another upstream to turn to: either the
// client gets that one's complete answer, or, where it had bytes already, an end in the open. Then nothing may be left behind.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;
using place = mock::cut::place;

namespace {

constexpr const char* usage_asked = R"("stream_options":{"include_usage":true})";
constexpr auto longest_phase = 1000ms;  // of the pools' timeouts
constexpr auto slack = 5s;              // for a machine that does other things too
constexpr std::size_t at_once = 12;

struct cell {
    std::string pool;     ///< which upstreams
    std::string fault;
    bool stream = true;
    mock::script how;
    bool committed = false;  ///< the client has bytes when it happens
    std::string reason;      ///< of the failed attempt, in log and metrics
    bool sent = true;        ///< the bad upstream saw the request

    [[nodiscard]] std::string name() const { return pool + '.' + fault + (stream ? ".stream" : ".unary"); }
};

/// What breaks, where: the stream's first two events carry no content and one word.
std::vector<cell> cuts() {
    struct where {
        const char* name;
        mock::cut stream, unary;
        bool committed;
        const char* late;  ///< the reason when nothing more comes: of a stream, and of a unary answer
        const char* late_unary;
    };
    const std::vector<where> places = {
        {"before-head", {place::head, 0, 0}, {place::head, 0, 0}, false, "timeout_first_byte", "timeout_first_byte"},
        {"in-head", {place::head, 25, 0}, {place::head, 25, 0}, false, "timeout_first_byte", "timeout_first_byte"},
        {"after-head", {place::event, 0, 0}, {place::body, 0, 0}, false, "timeout_first_token", "timeout_idle"},
        {"after-first-event", {place::event, 3, 0}, {place::body, 1, 0}, true, "timeout_idle", "timeout_idle"},
        {"mid-event", {place::event, 3, 20}, {place::body, 100, 0}, true, "timeout_idle", "timeout_idle"},
        {"before-terminator", {place::terminator, 0, 0}, {place::body, 500, 0}, true, "timeout_idle", "timeout_idle"},
    };
    struct way {
        const char* name;
        mock::ending how;
    };
    std::vector<cell> all;
    for (const auto& p : places)
        for (const way& w : {way{"closed", mock::ending::fin}, way{"reset", mock::ending::reset}, way{"hangs", mock::ending::hang}})
            for (const bool stream : {true, false}) {
                const bool hangs = w.how == mock::ending::hang;
                mock::script how;
                how.between = 5ms;  // so that the events before the cut are on their way when it comes
                how.cut = stream ? p.stream : p.unary;
                how.ending = w.how;
                all.push_back({"", std::string{p.name} + '-' + w.name, stream, how, stream && p.committed,
                               hangs ? (stream ? p.late : p.late_unary) : "reset"});
            }
    return all;
}

std::vector<cell> wrong_answers() {
    std::vector<cell> all;
    for (const int status : {429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
        for (const bool stream : {true, false}) all.push_back({"", 's' + std::to_string(status), stream, {.status = status}, false, "status"});
    for (const bool stream : {true, false}) {
        all.push_back({"", "no-http", stream, {.raw = "nonsense\r\n\r\n"}, false, "invalid"});
        all.push_back({"", "two-lengths", stream, {.raw = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"}, false, "invalid"});
        const std::string type = stream ? "text/event-stream" : "application/json";
        all.push_back({"", "bad-chunk", stream,
                       {.raw = "HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"}, false, "invalid"});
        all.push_back({"", "dropped", stream, {.ending = mock::ending::reset, .drop = true}, false, "reset"});
    }
    all.push_back({"", "error-first", true, {.error_event = 0}, false, "status"});
    return all;
}

std::vector<cell> all_cells() {
    std::vector<cell> all;
    for (const std::string pool : {"plain", "tls"})
        for (auto each : {cuts(), wrong_answers()})
            for (auto& c : each) {
                c.pool = pool;
                all.push_back(std::move(c));
            }
    for (const bool stream : {true, false}) {
        all.push_back({"refused", "connect", stream, {}, false, "connect", false});
        all.push_back({"untrusted", "certificate", stream, {}, false, "tls", false});
        all.push_back({"mute", "silence", stream, {}, false, "timeout_first_byte", false});
        all.push_back({"mute-tls", "handshake", stream, {}, false, "timeout_connect", false});
    }
    return all;
}

class FaultMatrix : public testing::Test {
protected:
    static void SetUpTestSuite() {
        const mock::authority root;
        const auto served = root.issue();
        const mock::tls_options tls{served.pem, served.private_key, ""};
        plain_ = quick_provider("plain-bad");
        tls_ = quick_provider("tls-bad", tls);
        mute_ = quick_provider("mute-bad");
        mute_tls_ = quick_provider("mute-tls-bad", tls);
        good_ = quick_provider("good");
        good_tls_ = quick_provider("good", tls);
        mute_->set_door(mock::door::silent);
        mute_tls_->set_door(mock::door::silent);
        const auto all = all_cells();
        for (auto* each : {plain_.get(), tls_.get()})
            each->on([all](const mock::call& what) -> std::optional<mock::script> {
                for (const auto& c : all)
                    if (what.model == c.name()) return c.how;
                return std::nullopt;
            });
        const std::string heavy = "weight: 10000", trusted = "tls: {ca: ca.pem}";
        std::string pools, routes;
        const auto pool = [&](const std::string& name, const std::string& bad, const mock::provider& good, const std::string& more = "") {
            pools += "  " + name +
                     ":\n    balance: weighted_round_robin\n    ejection: {consecutive_failures: 100000}\n"
                     "    retry: {attempts: 2, backoff: 1ms, max_backoff: 5ms, budget: 100%}\n"
                     "    timeouts: {connect: 900ms, first_byte: 900ms, first_token: 1s, idle: 900ms}\n    upstreams:\n" +
                     bad + upstream_of(good, more);
            routes += "  - {models: [\"" + name + ".*\"], pool: " + name + "}\n";
        };
        pool("plain", upstream_of(*plain_, heavy), *good_);
        pool("tls", upstream_of(*tls_, heavy + ", " + trusted), *good_tls_, trusted);
        pool("refused", "      - {name: refused-bad, url: \"http://127.0.0.1:" + std::to_string(unused_port()) + "/v1\", " + heavy + "}\n", *good_);
        pool("untrusted", "      - {name: untrusted-bad, url: \"" + tls_->url() + "/v1\", " + heavy + "}\n", *good_tls_, trusted);
        pool("mute", upstream_of(*mute_, heavy), *good_);
        pool("mute-tls", upstream_of(*mute_tls_, heavy + ", " + trusted), *good_tls_, trusted);
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n" + pools + "routes:\n" + routes +
                "keys: [{name: tester, secret: sk-matrix, concurrent: 1000, tokens_per_minute: 100000000, budgets: [{usd: 1000, every: 1d}]}]\n"
                "prices: prices.yaml\n" + std::string{conf_end},
            gateway_process::files{{"ca.pem", root.pem()}, {"prices.yaml", "models:\n  \"*\": {input: 10, output: 10}\n"}});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        for (auto* each : {&plain_, &tls_, &mute_, &mute_tls_, &good_, &good_tls_}) each->reset();
    }

    /// What is not as designed, in words; empty: nothing.
    static std::string check(const cell& c) {
        const auto name = c.name();
        const auto began = std::chrono::steady_clock::now();
        const auto got = exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", chat_body(name, c.stream, c.stream ? usage_asked : "\"n\":1"),
                                                                  {{"Authorization", "Bearer sk-matrix"}, {"x-request-id", name}}),
                                       std::nullopt, 20s);
        const auto took = std::chrono::steady_clock::now() - began;
        std::string wrong;
        const auto expect = [&](bool holds, const std::string& what) {
            if (!holds) wrong += "; " + what;
        };
        expect(got.status == 200, "status " + std::to_string(got.status));
        expect(took < longest_phase + slack, "it took " + std::to_string(std::chrono::duration_cast<milliseconds>(took).count()) + " ms");
        const auto log = weir_->log_line("\"request_id\":\"" + name + '"', 10s);
        expect(log.find("\"reason\":\"" + c.reason + '"') != std::string::npos, "the log lacks " + c.reason);
        if (c.committed) {
            expect(!got.clean(), "it looks complete");
            expect(got.body.find("[DONE]") == std::string::npos, "[DONE]");
            expect(got.body.find("\"stream_interrupted\"") != std::string::npos, "no error event");
            expect(got.header("x-weir-upstream") == c.pool + "-bad", "from " + got.header("x-weir-upstream"));
            expect(got.header("x-weir-attempts") == "1", "attempts " + got.header("x-weir-attempts"));
            expect(log.find("\"code\":\"stream_interrupted\"") != std::string::npos, "the log's code");
            expect(!was_asked(name, *good_) && !was_asked(name, *good_tls_), "a second upstream was asked");
        } else {
            expect(got.clean(), "it is cut");
            expect(got.header("x-weir-upstream") == "good", "from " + got.header("x-weir-upstream"));
            expect(got.header("x-weir-attempts") == "2", "attempts " + got.header("x-weir-attempts"));
            expect(got.body == answered(name), "not what the second upstream said");
        }
        if (c.sent) expect(was_asked(name, c.pool == "tls" ? *tls_ : *plain_), "the bad upstream was not asked");
        return wrong.empty() ? wrong : name + wrong + "\n    " + log;
    }
    static bool was_asked(const std::string& model, const mock::provider& which) {
        for (const auto& call : which.calls())
            if (call.model == model) return true;
        return false;
    }
    static std::string answered(const std::string& model) {
        for (auto* each : {good_.get(), good_tls_.get()})
            for (const auto& call : each->calls())
                if (call.model == model) return call.answered;
        return "(nobody was asked)";
    }

    static std::unique_ptr<mock::provider> plain_, tls_, mute_, mute_tls_, good_, good_tls_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> FaultMatrix::plain_, FaultMatrix::tls_, FaultMatrix::mute_, FaultMatrix::mute_tls_, FaultMatrix::good_,
    FaultMatrix::good_tls_;
std::unique_ptr<gateway_process> FaultMatrix::weir_;

}  // namespace

TEST_F(FaultMatrix, EndsEveryFaultInACompleteAnswerOrInTheOpenAndLeavesNothingBehind) {
    const auto all = all_cells();
    std::atomic<std::size_t> next{0};
    std::mutex lock;
    std::vector<std::string> wrong;
    std::vector<std::thread> clients;
    for (std::size_t t = 0; t < at_once; ++t)
        clients.emplace_back([&] {
            for (auto i = next++; i < all.size(); i = next++) {
                auto what = check(all[i]);
                if (what.empty()) continue;
                const std::lock_guard hold{lock};
                wrong.push_back(std::move(what));
            }
        });
    for (auto& each : clients) each.join();
    for (const auto& each : wrong) ADD_FAILURE() << each;

    std::string left_behind;
    const auto quiet = [&](const std::string& m) {
        left_behind.clear();
        for (const char* name : {"weir_upstream_in_flight", "weir_active_streams", "weir_connections", "weir_buffered_body_bytes", "weir_queue_waiting"})
            if (metric(m, name) != 0) left_behind += std::string{" "} + name;
        // Of the connections only those to upstreams that answered to the end may still be open.
        for (const auto* silent : {"mute-bad", "mute-tls-bad", "refused-bad", "untrusted-bad"})
            if (metric(m, "weir_upstream_connections", {std::string{"upstream=\""} + silent + '"'}) > (std::string{silent} == "untrusted-bad" ? 100 : 0))
                left_behind += std::string{" a connection to "} + silent;
        return left_behind.empty();
    };
    const auto m = weir_->metrics_when(quiet, 8s);
    EXPECT_TRUE(quiet(m)) << left_behind;

    // Nothing stays reserved: what is left of the budget is what was not spent.
    const double left = metric(m, "weir_budget_remaining_usd", {"key=\"tester\""}), spent = metric(m, "weir_spend_usd_total", {"key=\"tester\""});
    EXPECT_NEAR(left + spent, 1000.0, 1e-6);
    const auto status = weir_->ask_admin("/api/status").body;
    const auto key = status.find("\"name\":\"tester\"");
    EXPECT_EQ(status.compare(status.find("\"in_flight\":", key), 14, "\"in_flight\":0,"), 0) << status.substr(key, 300);
    if (std::abs(left + spent - 1000.0) > 1e-6) left_behind += " a reservation";

    // The metrics tell the same story as the list.
    for (const char* reason : {"connect", "tls", "reset", "timeout_connect", "timeout_first_byte", "timeout_first_token", "timeout_idle", "status", "invalid"}) {
        std::size_t expected = 0;
        for (const auto& c : all) expected += c.reason == reason ? 1 : 0;
        EXPECT_GE(expected, 1u) << reason;
        EXPECT_EQ(metric(m, "weir_upstream_failures_total", {std::string{"reason=\""} + reason + '"'}), static_cast<double>(expected)) << reason;
    }
    std::cout << "fault matrix: " << all.size() << " cells, " << all.size() - wrong.size() << " as designed, left behind:"
              << (left_behind.empty() ? " nothing" : left_behind) << '\n';
}
