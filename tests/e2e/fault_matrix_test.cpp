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

/// What the client is to get.
enum class designed : std::uint8_t {
    moved,  ///< the second upstream's complete answer
    cut,    ///< it had bytes already: the dialect's error event, and an end in the open
    told,   ///< likewise, but the error event is the upstream's own
    whole,  ///< nothing of the answer was lost: the bad upstream's
};

struct cell {
    std::string pool;  ///< which upstreams
    std::string fault;
    bool stream = true;
    mock::script how;
    designed end = designed::moved;
    std::string reason;  ///< of the failed attempt, in log and metrics; empty: none failed
    bool sent = true;    ///< the bad upstream saw the request
    std::string endpoint = "chat";

    [[nodiscard]] std::string name() const {
        return pool + '.' + (endpoint == "chat" ? "" : endpoint + '-') + fault + (stream ? ".stream" : ".unary");
    }
    [[nodiscard]] std::string request() const {
        const auto post = [&](const std::string& path, const std::string& body) {
            return request_text("POST", path, body, {{"Authorization", "Bearer sk-matrix"}, {"x-request-id", name()}});
        };
        const std::string streams = stream ? ",\"stream\":true" : "", model = "{\"model\":\"" + name() + "\",";
        const std::string said = R"("messages":[{"role":"user","content":"Say something about weirs."}])";
        if (endpoint == "completions")
            return post("/v1/completions", model + R"("prompt":"Say something","stream_options":{"include_usage":true})" + streams + "}");
        if (endpoint == "responses") return post("/v1/responses", model + R"("input":"Say something")" + streams + "}");
        if (endpoint == "messages") return post("/v1/messages", model + R"("max_tokens":500,)" + said + streams + "}");
        if (endpoint == "gemini")
            return post("/v1beta/models/" + name() + (stream ? ":streamGenerateContent?alt=sse" : ":generateContent"),
                        R"({"contents":[{"role":"user","parts":[{"text":"Say something"}]}]})");
        return post("/v1/chat/completions", chat_body(name(), stream, stream ? usage_asked : "\"n\":1"));
    }
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
                all.push_back({"", std::string{p.name} + '-' + w.name, stream, how, stream && p.committed ? designed::cut : designed::moved,
                               hangs ? (stream ? p.late : p.late_unary) : "reset"});
            }
    return all;
}

std::vector<cell> wrong_answers() {
    std::vector<cell> all;
    for (const int status : {429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
        for (const bool stream : {true, false})
            all.push_back({"", 's' + std::to_string(status), stream, {.status = status}, designed::moved, "status"});
    for (const bool stream : {true, false})
        all.push_back({"", "dropped", stream, {.ending = mock::ending::reset, .drop = true}, designed::moved, "reset"});
    all.push_back({"",
                   "error-inside",
                   false,
                   {.body = R"({"error":{"message":"overloaded","type":"server_error","code":"server_error"}})"},
                   designed::moved,
                   "status"});
    return all;
}

std::string chunk(const std::string& data) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    return size + data + "\r\n";
}

/// Heads and framing that are not HTTP, or say two things, at each place where they can stand. What is good of an answer is written first,
/// and what is broken a little later, so that the one is on its way when the other comes.
std::vector<cell> malformed() {
    std::vector<cell> all;
    const auto add = [&](const std::string& name, bool stream, const std::string& good, const std::string& bad, const std::string& reason,
                         designed end) {
        mock::script how{.write = good.size(), .write_pause = 30ms};
        how.raw = good + bad;
        all.push_back({"", name, stream, how, end, reason});
    };
    using namespace std::string_literals;
    for (const bool stream : {true, false}) {
        const std::string type = "Content-Type: "s + (stream ? "text/event-stream" : "application/json") + "\r\n",
                          start = "HTTP/1.1 200 OK\r\n" + type;
        const auto invalid = [&](const std::string& name, const std::string& wire) { add(name, stream, "", wire, "invalid", designed::moved); };
        // Before and in the head.
        invalid("no-http", "nonsense\r\n\r\n");
        invalid("garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\xff\r\n\r\n"s);
        invalid("old-http", "HTTP/0.9 200 OK\r\n\r\n{}");
        invalid("status-of-two-digits", "HTTP/1.1 20 OK\r\n\r\n{}");
        invalid("nul-in-status-line", "HTTP/1.1 200 O\0K\r\n\r\n{}"s);
        invalid("nul-in-head", start + "X-A: a\0b\r\nContent-Length: 2\r\n\r\n{}"s);
        invalid("bare-cr-in-head", start + "X-A: a\rb\r\nContent-Length: 2\r\n\r\n{}");
        invalid("bare-lf-in-head", start + "X-A: a\nContent-Length: 2\r\n\r\n{}");
        invalid("space-before-colon", start + "Content-Length : 2\r\n\r\n{}");
        invalid("two-lengths", start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!");
        invalid("both-lengths", start + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
        invalid("length-no-number", start + "Content-Length: 0x2\r\n\r\n{}");
        invalid("length-negative", start + "Content-Length: -2\r\n\r\n{}");
        invalid("length-too-large", start + "Content-Length: 99999999999999999999999\r\n\r\n{}");
        invalid("unknown-coding", start + "Transfer-Encoding: chunked, rot13\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
        // After the head.
        const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
        for (const auto& [name, wire] : std::vector<std::pair<std::string, std::string>>{{"bad-chunk", "zz\r\n{}\r\n"},
                                                                                         {"no-chunk-size", "\r\n{}\r\n"},
                                                                                         {"negative-chunk", "-2\r\n{}\r\n"},
                                                                                         {"huge-chunk", "fffffffffffffffff\r\n{}\r\n"},
                                                                                         {"chunk-size-ends-in-lf", "2\n{}\r\n"}})
            add("after-head-" + name, stream, chunked, wire, "invalid", designed::moved);
        // Within the body.
        const auto event = [](const std::string& delta) {
            return "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{" + delta +
                   "},\"finish_reason\":null}]}\n\n";
        };
        const std::string first =
            stream ? chunk(event("\"role\":\"assistant\"")) + chunk(event("\"content\":\"Once\"")) : chunk("{\"id\":\"c\",\"choices\":[");
        const std::string second = stream ? event("\"content\":\" upon\"") : "{\"index\":0}]}";
        const auto end = stream ? designed::cut : designed::moved;
        for (const auto& [name, wire] : std::vector<std::pair<std::string, std::string>>{
                 {"bad-chunk", "zz\r\n" + second},
                 {"no-crlf-behind-chunk", chunk(second).substr(0, chunk(second).size() - 2) + "XX0\r\n\r\n"},
                 {"wrong-chunk-size", "5\r\n" + second + "\r\n0\r\n\r\n"},
                 {"nul-for-chunk-size", "\0\r\n"s + second},
                 {"bad-trailer", "0\r\nX A\r\n\r\n"}})
            add("in-body-" + name, stream, chunked + first, wire, "invalid", end);
        add("in-body-no-last-chunk", stream, chunked + first, chunk(second), "reset", end);
        const std::string plain = stream ? event("\"content\":\"Once\"") : "{\"id\":\"c\",\"choices\":[";
        add("length-longer", stream, start + "Content-Length: 4000\r\n\r\n" + plain, second, "reset", end);
        // A stream's length that ends within it is an end without the terminator; a document's is seen by what comes behind it.
        add("length-shorter", stream,
            start + "Content-Length: " + std::to_string(plain.size() + (stream ? 10 : 0)) + "\r\n\r\n" + (stream ? plain : ""),
            (stream ? "" : plain) + second, stream ? "reset" : "invalid", end);
        if (!stream) continue;
        const std::string done =
            chunk("data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
        add("no-last-chunk", stream, chunked + first, chunk(second) + done, "", designed::whole);
        add("garbage-for-last-chunk", stream, chunked + first, chunk(second) + done + "zz\r\n", "", designed::whole);
    }
    return all;
}

/// An error event in every dialect: in place of an answer, and after content.
std::vector<cell> error_events(const std::string& pool) {
    std::vector<cell> all;
    for (const std::string endpoint : {"chat", "completions", "responses", "messages", "gemini"}) {
        const bool own_pool = endpoint == "messages" || endpoint == "gemini";
        if (own_pool && pool == "tls") continue;
        const auto add = [&](const std::string& name, int after, designed end) {
            mock::script how{.words = 30, .error_event = after, .between = 5ms};
            all.push_back({own_pool ? endpoint : pool, name, true, how, end, "status", true, endpoint});
        };
        add("error-first", 0, designed::moved);
        add("error-after-content", 10, designed::told);
    }
    return all;
}

std::vector<cell> all_cells() {
    std::vector<cell> all;
    for (const std::string pool : {"plain", "tls"})
        for (auto each : {cuts(), wrong_answers(), malformed(), error_events(pool)})
            for (auto& c : each) {
                if (c.pool.empty()) c.pool = pool;
                all.push_back(std::move(c));
            }
    for (const bool stream : {true, false}) {
        all.push_back({"refused", "connect", stream, {}, designed::moved, "connect", false});
        all.push_back({"untrusted", "certificate", stream, {}, designed::moved, "tls", false});
        all.push_back({"mute", "silence", stream, {}, designed::moved, "timeout_first_byte", false});
        all.push_back({"mute-tls", "handshake", stream, {}, designed::moved, "timeout_connect", false});
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
        const auto pool = [&](const std::string& name, const std::string& bad, const mock::provider& good, const std::string& more = "",
                              const std::string& dialect = "openai") {
            pools += "  " + name + ":\n    dialect: " + dialect +
                     "\n    balance: weighted_round_robin\n    ejection: {consecutive_failures: 100000}\n"
                     "    retry: {attempts: 2, backoff: 1ms, max_backoff: 5ms, budget: 100%}\n"
                     "    keepalive: {idle: 0}\n"  // what a kept connection that closes costs is Sequence's to see
                     "    timeouts: {connect: 900ms, first_byte: 900ms, first_token: 1s, idle: 900ms}\n    upstreams:\n" +
                     bad + upstream_of(good, more);
            routes += "  - {models: [\"" + name + ".*\"], pool: " + name + "}\n";
        };
        pool("plain", upstream_of(*plain_, heavy), *good_);
        pool("tls", upstream_of(*tls_, heavy + ", " + trusted), *good_tls_, trusted);
        pool("refused", "      - {name: refused-bad, url: \"http://127.0.0.1:" + std::to_string(refusing_port()) + "/v1\", " + heavy + "}\n", *good_);
        pool("untrusted", "      - {name: untrusted-bad, url: \"" + tls_->url() + "/v1\", " + heavy + "}\n", *good_tls_, trusted);
        pool("messages", upstream_of(*plain_, heavy), *good_, "", "anthropic");
        pool("gemini", upstream_of(*plain_, heavy), *good_, "", "gemini");
        pool("mute", upstream_of(*mute_, heavy), *good_);
        pool("mute-tls", upstream_of(*mute_tls_, heavy + ", " + trusted), *good_tls_, trusted);
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n" + pools + "routes:\n" + routes +
                "keys: [{name: tester, secret: sk-matrix, concurrent: 1000, tokens_per_minute: 100000000, budgets: [{usd: 1000, every: 1d}]}]\n"
                "prices: prices.yaml\n" +
                std::string{conf_end},
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
        const auto got = exchange_once(weir_->url(), c.request(), std::nullopt, 20s);
        const auto took = std::chrono::steady_clock::now() - began;
        std::string wrong;
        const auto expect = [&](bool holds, const std::string& what) {
            if (!holds) wrong += "; " + what;
        };
        expect(got.status == 200, "status " + std::to_string(got.status));
        expect(took < longest_phase + slack, "it took " + std::to_string(std::chrono::duration_cast<milliseconds>(took).count()) + " ms");
        const auto log = weir_->log_line("\"request_id\":\"" + name + '"', 10s);
        if (c.reason.empty())
            expect(log.find("\"reason\"") == std::string::npos, "the log has a reason");
        else
            expect(log.find("\"reason\":\"" + c.reason + '"') != std::string::npos, "the log lacks " + c.reason);
        const std::string bad = c.pool == "messages" || c.pool == "gemini" ? "plain-bad" : c.pool + "-bad";
        const bool second_asked = was_asked(name, *good_) || was_asked(name, *good_tls_);
        if (c.end == designed::moved) {
            expect(got.clean(), "it is cut");
            expect(got.header("x-weir-upstream") == "good", "from " + got.header("x-weir-upstream"));
            expect(got.header("x-weir-attempts") == "2", "attempts " + got.header("x-weir-attempts"));
            expect(got.body == answered(name), "not what the second upstream said");
        } else {
            expect(got.header("x-weir-upstream") == bad, "from " + got.header("x-weir-upstream"));
            expect(got.header("x-weir-attempts") == "1", "attempts " + got.header("x-weir-attempts"));
            expect(!second_asked, "a second upstream was asked");
        }
        if (c.end == designed::cut || c.end == designed::told) {
            expect(!got.clean(), "it looks complete");
            for (const char* terminator : {"[DONE]", "message_stop", "response.completed", "\"finishReason\":\"STOP\""})
                expect(got.body.find(terminator) == std::string::npos, terminator);
            expect(log.find("\"code\":\"stream_interrupted\"") != std::string::npos, "the log's code");
            const bool own = got.body.find("\"stream_interrupted\"") != std::string::npos,
                       theirs = got.body.find("told to fail here") != std::string::npos;
            expect(own == (c.end == designed::cut), own ? "two error events" : "no error event");
            expect(theirs == (c.end == designed::told), "the upstream's own error event");
        }
        if (c.end == designed::whole) {
            expect(got.clean(), "it is cut");
            expect(got.body.find("[DONE]") != std::string::npos, "no [DONE]");
            expect(got.body.find("interrupted") == std::string::npos, "an error event");
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
        for (const char* name :
             {"weir_upstream_in_flight", "weir_active_streams", "weir_connections", "weir_buffered_body_bytes", "weir_queue_waiting"})
            if (metric(m, name) != 0) left_behind += std::string{" "} + name;
        // Of the connections only those to upstreams that answered to the end may still be open.
        for (const auto* silent : {"mute-bad", "mute-tls-bad", "refused-bad", "untrusted-bad"})
            if (metric(m, "weir_upstream_connections", {std::string{"upstream=\""} + silent + '"'}) >
                (std::string{silent} == "untrusted-bad" ? 100 : 0))
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
    for (const char* reason :
         {"connect", "tls", "reset", "timeout_connect", "timeout_first_byte", "timeout_first_token", "timeout_idle", "status", "invalid"}) {
        std::size_t expected = 0;
        for (const auto& c : all) expected += c.reason == reason ? 1 : 0;
        EXPECT_GE(expected, 1u) << reason;
        EXPECT_EQ(metric(m, "weir_upstream_failures_total", {std::string{"reason=\""} + reason + '"'}), static_cast<double>(expected)) << reason;
    }
    std::cout << "fault matrix: " << all.size() << " cells, " << all.size() - wrong.size()
              << " as designed, left behind:" << (left_behind.empty() ? " nothing" : left_behind) << '\n';
}
