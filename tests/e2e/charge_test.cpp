// The table of usage/CHARGES.md, cell by cell, against the mock provider's books: an endpoint, how its request ended, and what is charged for it.
// What is encoded, no JSON or over 64 KiB is held by unary_charge_test.cpp, attempts in a row by sequence_test.cpp.
#include <gtest/gtest.h>

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

constexpr std::size_t at_once = 12 / slowness;

enum class ending : std::uint8_t {
    answered,
    no_usage,  ///< answered without a report
    gone_before_head,
    gone_before_token,  ///< streams
    gone_in_middle,     ///< streams
    late_first_byte,
    late_first_token,  ///< streams
    late_idle,         ///< in the middle
    late_total,
    refused,         ///< an error status, and nobody else to ask
    retried,         ///< an error status, and then an answer
    retried_broken,  ///< broken before the commit, and then an answer
    over_budget,     ///< streams
};

struct ending_row {
    ending how;
    const char* name;
    bool stream, unary;
    enum class charge : std::uint8_t { reported, estimate, nothing, reported_and_estimate } what;
    bool drained_reports = false;  ///< with `on_disconnect: drain` the report comes after all
};
using charge = ending_row::charge;

constexpr ending_row rows[] = {
    {ending::answered, "answered", true, true, charge::reported},
    {ending::no_usage, "no-usage", true, true, charge::estimate},
    {ending::gone_before_head, "gone-before-head", true, true, charge::estimate, true},
    {ending::gone_before_token, "gone-before-token", true, false, charge::estimate, true},
    {ending::gone_in_middle, "gone-in-middle", true, false, charge::estimate, true},
    {ending::late_first_byte, "late-first-byte", true, true, charge::estimate},
    {ending::late_first_token, "late-first-token", true, false, charge::estimate},
    {ending::late_idle, "late-idle", true, true, charge::estimate},
    {ending::late_total, "late-total", true, true, charge::estimate},
    {ending::refused, "refused", true, true, charge::nothing},
    {ending::retried, "retried", true, true, charge::reported},
    {ending::retried_broken, "retried-broken", true, true, charge::reported_and_estimate},
    {ending::over_budget, "over-budget", true, false, charge::estimate},
};

struct endpoint_row {
    const char* name;
    const char* pool;
    bool streams = true;
    bool names_its_limit = false;
};
constexpr endpoint_row endpoints[] = {{"chat", "openai"},      {"completions", "openai"},
                                      {"responses", "openai"}, {"messages", "anthropic", true, true},
                                      {"gemini", "gemini"},    {"embeddings", "openai", false}};

struct cell {
    const endpoint_row* at;
    const ending_row* end;
    bool stream;
    bool drain;
    [[nodiscard]] std::string name() const {
        return std::string{at->pool} + (drain ? "-drain." : ".") + at->name + '.' + end->name + (stream ? ".stream" : ".unary");
    }
    [[nodiscard]] std::string pool() const {
        return std::string{at->pool} + (drain ? "-drain" : "") +
               (end->how == ending::late_total                                      ? "-total"
                : end->how == ending::retried || end->how == ending::retried_broken ? "-two"
                                                                                    : "");
    }
    [[nodiscard]] std::string request() const {
        const std::string model = pool() + '.' + name(), streams = stream ? ",\"stream\":true" : "";
        const std::string said = R"("messages":[{"role":"user","content":"Say something about weirs, in a sentence of some length."}])";
        const headers more{{"x-request-id", name()}, {"authorization", end->how == ending::over_budget ? "Bearer poor-" + name() : "Bearer rich"}};
        const auto post = [&](const std::string& path, const std::string& body) { return request_text("POST", path, body, more); };
        const auto named = "{\"model\":\"" + model + "\",";
        if (at->name == std::string_view{"chat"}) return post("/v1/chat/completions", named + said + streams + "}");
        if (at->name == std::string_view{"completions"})
            return post("/v1/completions", named + R"("prompt":"Say something about weirs, in a sentence.")" + streams + "}");
        if (at->name == std::string_view{"responses"})
            return post("/v1/responses", named + R"("input":"Say something about weirs, in a sentence.")" + streams + "}");
        if (at->name == std::string_view{"embeddings"}) return post("/v1/embeddings", named + R"("input":"Something about weirs, in a sentence."})");
        if (at->name == std::string_view{"messages"}) return post("/v1/messages", named + R"("max_tokens":500,)" + said + streams + "}");
        return post("/v1beta/models/" + model + (stream ? ":streamGenerateContent?alt=sse" : ":generateContent"),
                    R"({"contents":[{"role":"user","parts":[{"text":"Say something about weirs, in a sentence of some length."}]}]})");
    }
    [[nodiscard]] mock::script script(std::size_t nth) const {
        switch (end->how) {
            case ending::answered: return {};
            case ending::no_usage: return {.usage = false};
            case ending::gone_before_head: return {.before_head = 1s};
            case ending::gone_before_token: return {.first_event = 1s};
            case ending::gone_in_middle: return {.words = 40, .between = 30ms};
            case ending::late_first_byte: return {.before_head = 20s};
            case ending::late_first_token: return {.first_event = 20s};
            case ending::late_idle:
                return stream ? mock::script{.stall_after = 8, .stall = 20s}
                              : mock::script{.cut = mock::cut{place::body, 20, 0}, .ending = mock::ending::hang};
            case ending::late_total: return stream ? mock::script{.words = 400, .between = 50ms} : mock::script{.before_head = 20s};
            case ending::refused: return {.status = 503};
            case ending::retried: return nth == 0 ? mock::script{.status = 503} : mock::script{};
            case ending::retried_broken:
                if (nth > 0) return {};
                return {.cut = stream ? mock::cut{place::event, 0, 0} : mock::cut{place::body, 20, 0}};
            case ending::over_budget: return {.words = 3000, .between = 0ms};
        }
        return {};
    }
};

class Charge : public testing::Test {
protected:
    static void SetUpTestSuite() {
        for (const bool drain : {false, true})
            for (const auto& e : endpoints)
                for (const auto& r : rows)
                    for (const bool stream : {true, false}) {
                        if (stream ? !r.stream || !e.streams : !r.unary) continue;
                        if (drain && !r.drained_reports) continue;
                        if (!e.streams && r.how == ending::no_usage) continue;            // the mock's embeddings always report
                        if (e.names_its_limit && r.how == ending::over_budget) continue;  // what it may get at most is reserved
                        cells_.push_back({&e, &r, stream, drain});
                    }
        provider_ = quick_provider("p");
        provider_->on([](const mock::call& what) -> std::optional<mock::script> {
            const std::lock_guard hold{mutex_};
            for (const auto& c : cells_)
                if (what.model == c.pool() + '.' + c.name()) return c.script(seen_[c.name()]++);
            return std::nullopt;
        });
        std::string pools, routes, keys = "  - {name: rich, secret: rich}\n";
        for (const std::string dialect : {"openai", "anthropic", "gemini"})
            for (const std::string drain : {"", "-drain"})
                for (const std::string kind : {"", "-total", "-two"}) {
                    const auto name = dialect + drain + kind;
                    const auto url = provider_->url() + (dialect == "openai" ? "/v1" : "");
                    pools += "  " + name + ":\n    dialect: " + dialect +
                             "\n    balance: weighted_round_robin\n    ejection: {consecutive_failures: 100000}\n" +
                             "    retry: {attempts: " + (kind == "-two" ? "2" : "1") + ", backoff: 1ms, max_backoff: 2ms, budget: 100%}\n" +
                             "    timeouts: {first_byte: " + (drain.empty() && kind != "-total" ? std::to_string(500 * slowness) + "ms" : "30s") +
                             ", first_token: " + (drain.empty() ? std::to_string(900 * slowness) + "ms" : "30s") +
                             ", idle: " + std::to_string(700 * slowness) + "ms" +
                             (kind == "-total" ? ", total: " + std::to_string(slowness) + "s" : "") + "}\n" +
                             (drain.empty() ? "" : "    on_disconnect: drain\n") + "    upstreams: [{name: a, url: \"" + url +
                             "\"}, {name: b, url: \"" + url + "\", headers: {x-is: b}}]\n";
                    routes += "  - {models: [\"" + name + ".*\"], pool: " + name + "}\n";
                }
        for (const auto& c : cells_)
            if (c.end->how == ending::over_budget)
                keys += "  - {name: poor-" + c.name() + ", secret: poor-" + c.name() + ", budgets: [{usd: 0.0115, every: 1d}]}\n";
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY,
                                                  "listeners: [{address: \"127.0.0.1:0\"}]\nlimits: {event_loop_delay: off}\npools:\n" + pools +
                                                      "routes:\n" + routes + "keys:\n" + keys + "prices: prices.yaml\n" + std::string{conf_end},
                                                  gateway_process::files{{"prices.yaml", "models:\n  \"*\": {input: 1.0, output: 10.0}\n"}});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        provider_.reset();
        cells_.clear();
    }

    static double number_in(const std::string& line, const std::string& member) {
        const auto at = line.find(member);
        if (at == std::string::npos) return -1;
        const auto from = at + member.size();
        return std::stod(line.substr(line[from] == '"' ? from + 1 : from));
    }
    static std::vector<mock::call> calls_of(const cell& c) {
        auto all = provider_->calls();
        std::erase_if(all, [&](const auto& call) { return call.model != c.pool() + '.' + c.name(); });
        return all;
    }

    static void drive(const cell& c) {
        raw_client client{weir_->url()};
        client.send(c.request());
        switch (c.end->how) {
            case ending::gone_before_head:
            case ending::gone_before_token: std::this_thread::sleep_for(400ms); return client.close();
            case ending::gone_in_middle:
                (void)client.read_head();
                std::this_thread::sleep_for(400ms);
                return client.close();
            default: (void)client.read_response(20s); return;
        }
    }

    static void try_out(const cell& c) {
        SCOPED_TRACE(c.name());
        drive(c);
        const auto line = weir_->log_line('"' + c.name() + '"', 10s);
        ASSERT_FALSE(line.empty()) << "nothing in the log";
        const auto calls = calls_of(c);
        ASSERT_FALSE(calls.empty());
        const auto& said = calls.back().usage;
        const double report = (static_cast<double>(said.prompt) + 10.0 * static_cast<double>(said.completion)) / 1e6;
        const double cost = number_in(line, "\"cost_usd\":");
        const bool estimated = line.find("\"estimated\":true") != std::string::npos;
        const auto what = c.drain ? charge::reported : c.end->what;
        switch (what) {
            case charge::reported:
                EXPECT_NEAR(cost, report, 1e-9) << line;
                EXPECT_FALSE(estimated) << line;
                break;
            case charge::nothing: EXPECT_EQ(cost, 0.0) << line; break;
            case charge::estimate:
                EXPECT_TRUE(estimated) << line;
                EXPECT_GE(cost, 5e-6) << "a prompt of ten tokens and more: " << line;
                EXPECT_GT(number_in(line, "\"prompt_tokens\":"), 4) << line;
                if (c.end->how == ending::gone_in_middle || c.end->how == ending::over_budget) {
                    EXPECT_GT(number_in(line, "\"completion_tokens\":"), 2) << line;
                }
                break;
            case charge::reported_and_estimate:
                EXPECT_TRUE(estimated) << line;
                EXPECT_GT(cost, report + 4e-6) << line;
                break;
        }
    }

    static std::mutex mutex_;
    static std::map<std::string, std::size_t> seen_;
    static std::vector<cell> cells_;
    static std::unique_ptr<mock::provider> provider_;
    static std::unique_ptr<gateway_process> weir_;
};

std::mutex Charge::mutex_;
std::map<std::string, std::size_t> Charge::seen_;
std::vector<cell> Charge::cells_;
std::unique_ptr<mock::provider> Charge::provider_;
std::unique_ptr<gateway_process> Charge::weir_;

}  // namespace

TEST_F(Charge, OfEveryEndpointAndEndingIsWhatTheTableSays) {
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> running;
    for (std::size_t t = 0; t < at_once; ++t)
        running.emplace_back([&] {
            for (std::size_t i = next++; i < cells_.size(); i = next++) try_out(cells_[i]);
        });
    for (auto& thread : running) thread.join();
}
