// Attempts in a row: every way in which one can end, followed by every other, for streams and unary answers, on new and on kept connections.
// What an attempt leaves behind must not be read by the next: no hang, no second answer, and weir's books say what the provider's say.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "support/gateway_process.hpp"
#include "support/slowness.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;
using place = mock::cut::place;

namespace {

enum class way : std::uint8_t { answered, error_closed, error_sized, broken, closed, reset, hangs };
constexpr std::array all_ways{way::answered, way::error_closed, way::error_sized, way::broken, way::closed, way::reset, way::hangs};

constexpr std::size_t at_once = 16 / slowness;
constexpr auto no_hang = 20s;

char letter_of(way w) { return "acsbfrh"[static_cast<int>(w)]; }

mock::script script_of(way w, bool stream) {
    switch (w) {
        case way::answered: return {};
        case way::error_closed: return {.status = 503, .framing = mock::framing::close, .keep_alive = false};
        case way::error_sized: return {.status = 503, .framing = mock::framing::content_length};
        case way::broken:
            // A stream that the connection's end would end, and that ends before its first token; a document cut in two.
            if (stream) return {.framing = mock::framing::close, .cut = mock::cut{place::event, 1, 0}};
            return {.framing = mock::framing::content_length, .cut = mock::cut{place::body, 40, 0}};
        case way::closed: return {.drop = true};
        case way::reset: return {.ending = mock::ending::reset, .drop = true};
        case way::hangs: return {.before_head = 30s};
    }
    return {};
}

bool is_error(way w) { return w == way::error_closed || w == way::error_sized; }
bool ends_before_a_byte(way w) { return w == way::closed || w == way::reset; }

struct cell {
    std::vector<way> ways;
    bool stream = true;
    bool kept = false;

    [[nodiscard]] std::string name() const {
        std::string out = kept ? "kept." : "new.";
        for (const way w : ways) out += letter_of(w);
        return out + (stream ? ".stream" : ".unary");
    }
    /// What the n-th request of it meets; behind its end all goes well.
    [[nodiscard]] way at(std::size_t n) const { return n < ways.size() ? ways[n] : way::answered; }
};

struct expectation {
    std::size_t calls = 0;
    int status = 200;
    std::size_t owed = 0;  ///< attempts that were sent whole and not answered with an error: of the failed ones
};

/// Three upstreams, three attempts. A kept connection that closes before a byte is followed by one new one to the same upstream.
expectation expected_of(const cell& c) {
    expectation out;
    std::array<bool, 3> used{};  // a kept connection each
    std::size_t place = 0;
    for (std::size_t n = 0;; ++n) {
        const way w = c.at(n);
        ++out.calls;
        if (w == way::answered) return out.status = 200, out;
        const bool raced = c.kept && !used[place % 3] && ends_before_a_byte(w);
        used[place % 3] = true;
        out.status = is_error(w) ? 503 : w == way::hangs ? 504 : 502;
        if (raced) continue;  // there, once more
        if (!is_error(w)) ++out.owed;
        if (out.calls >= 3) return out;
        ++place;
    }
}

class Sequence : public testing::Test {
protected:
    static void SetUpTestSuite() {
        std::string upstreams;
        for (const std::string name : {"a", "b", "c"}) {
            providers_.push_back(quick_provider(name));
            upstreams += upstream_of(*providers_.back());
            providers_.back()->on([](const mock::call& what) -> std::optional<mock::script> {
                const std::lock_guard hold{mutex_};
                const auto found = cells_.find(what.model);
                if (found == cells_.end()) return std::nullopt;
                return script_of(found->second.at(seen_[what.model]++), found->second.stream);
            });
        }
        const auto pool = [&](const std::string& name, const std::string& more) {
            return "  " + name +
                   ":\n    balance: weighted_round_robin\n    ejection: {consecutive_failures: 100000}\n"
                   "    retry: {attempts: 3, backoff: 1ms, max_backoff: 2ms, budget: 100%}\n"
                   "    timeouts: {first_byte: " +
                   std::to_string(400 * slowness) + "ms, first_token: " + std::to_string(600 * slowness) + "ms, idle: " + std::to_string(slowness) +
                   "s}\n" + more + "    upstreams:\n" + upstreams;
        };
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY,
                                                  "listeners: [{address: \"127.0.0.1:0\"}]\nlimits: {event_loop_delay: off}\npools:\n" +
                                                      pool("new", "    keepalive: {idle: 0}\n") + pool("kept", "") +
                                                      "routes:\n  - {models: [\"new.*\"], pool: new}\n  - {models: [\"kept.*\"], pool: kept}\n"
                                                      "prices: prices.yaml\nadmin: {address: \"127.0.0.1:0\"}\nworkers: 1\n"
                                                      "state: {ledger: ledger.db}\nlog: {access: access.log, level: info}\n",
                                                  gateway_process::files{{"prices.yaml", "models:\n  \"*\": {input: 1.0, output: 10.0}\n"}});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        providers_.clear();
    }

    static response ask(const std::string& model, bool stream) {
        return exchange_once(weir_->url(),
                             request_text("POST", "/v1/chat/completions", chat_body(model, stream, R"("n":1)"), {{"x-request-id", model}}),
                             std::nullopt, std::chrono::duration_cast<milliseconds>(no_hang));
    }

    static std::vector<mock::call> calls_of(const std::string& model) {
        std::vector<mock::call> all;
        for (const auto& each : providers_)
            for (auto& call : each->calls())
                if (call.model == model) all.push_back(std::move(call));
        std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.arrived < b.arrived; });
        return all;
    }

    static void try_out(const cell& c) {
        const auto model = c.name();
        SCOPED_TRACE(model);
        {
            const std::lock_guard hold{mutex_};
            cells_[model] = c;
            seen_[model] = 0;
        }
        // Each upstream gets a connection to keep; and retries are allowed as a share of the requests that went well, too.
        for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(c.kept ? "kept.warm" : "new.warm", false).status, 200);
        const auto want = expected_of(c);
        const auto got = ask(model, c.stream);
        EXPECT_EQ(got.status, want.status) << got.wire;
        EXPECT_TRUE(got.clean()) << got.wire;
        EXPECT_EQ(got.wire.find("HTTP/1.1", 1), std::string::npos) << "two answers";
        const auto calls = calls_of(model);
        ASSERT_EQ(calls.size(), want.calls);
        if (got.status == 200) {
            EXPECT_EQ(got.body.find("told to fail"), std::string::npos);
            if (!c.stream) {
                EXPECT_EQ(got.body, calls.back().answered);
            }
        }
        const auto line = weir_->log_line('"' + model + '"', 5s);
        ASSERT_FALSE(line.empty());
        EXPECT_NE(line.find("\"status\":" + std::to_string(want.status) + ','), std::string::npos) << line;
        // The provider's books: what it answered by its report, and the prompt of what was sent whole and not answered with an error.
        const auto& said = calls.back().usage;
        const double answered = got.status == 200 ? (static_cast<double>(said.prompt) + 10.0 * static_cast<double>(said.completion)) / 1e6 : 0.0;
        const double cost = number_in(line, "\"cost_usd\":");
        EXPECT_EQ(line.find("\"estimated\":true") != std::string::npos, want.owed > 0) << line;
        if (want.owed == 0) {
            EXPECT_NEAR(cost, answered, 1e-9) << line;
            return;
        }
        // A prompt of a few words; the mock provider counts words, weir tokens and what a chat's frame adds.
        EXPECT_GE(cost - answered, 2e-6 * static_cast<double>(want.owed)) << line;
        EXPECT_LE(cost - answered, 20e-6 * static_cast<double>(want.owed)) << line;
    }

    static double number_in(const std::string& line, const std::string& member) {
        const auto at = line.find(member);
        if (at == std::string::npos) return -1;
        auto from = at + member.size();
        if (line[from] == '"') ++from;
        return std::stod(line.substr(from));
    }

    static void try_all(const std::vector<cell>& cells, std::size_t threads) {
        std::atomic<std::size_t> next{0};
        std::vector<std::thread> running;
        for (std::size_t t = 0; t < threads; ++t)
            running.emplace_back([&] {
                for (std::size_t i = next++; i < cells.size(); i = next++) try_out(cells[i]);
            });
        for (auto& thread : running) thread.join();
    }

    static std::mutex mutex_;
    static std::map<std::string, cell> cells_;
    static std::map<std::string, std::size_t> seen_;
    static std::vector<std::unique_ptr<mock::provider>> providers_;
    static std::unique_ptr<gateway_process> weir_;
};

std::mutex Sequence::mutex_;
std::map<std::string, cell> Sequence::cells_;
std::map<std::string, std::size_t> Sequence::seen_;
std::vector<std::unique_ptr<mock::provider>> Sequence::providers_;
std::unique_ptr<gateway_process> Sequence::weir_;

std::vector<cell> sequences(bool stream, bool kept, bool of_three) {
    std::vector<cell> all;
    for (const way first : all_ways)
        for (const way second : all_ways) {
            if (first == way::answered) continue;  // nothing follows it
            if (!of_three) {
                all.push_back({{first, second}, stream, kept});
                continue;
            }
            if (second == way::answered) continue;
            for (const way third : all_ways) all.push_back({{first, second, third}, stream, kept});
        }
    return all;
}

}  // namespace

TEST_F(Sequence, OfTwoAttemptsOnNewConnectionsNeitherHangsNorMixesNorLosesMoney) {
    for (const bool stream : {true, false}) try_all(sequences(stream, false, false), at_once);
}

TEST_F(Sequence, OfThreeAttemptsOnNewConnectionsNeitherHangsNorMixesNorLosesMoney) {
    for (const bool stream : {true, false}) try_all(sequences(stream, false, true), at_once);
}

// One after the other: which connections are kept must be known.
TEST_F(Sequence, OnKeptConnectionsNeitherHangsNorMixesNorLosesMoney) {
    for (const bool stream : {true, false}) try_all(sequences(stream, true, false), 1);
}
