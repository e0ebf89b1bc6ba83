// Budgets to the end: a stream is cut where the money runs out, what was delivered is in the books, and a restart
// forgets nothing. The arithmetic of windows is not tested here.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <csignal>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
namespace json = boost::json;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

constexpr std::int64_t token_price = 1'000'000;  // nano-dollars: 1000 USD per million
constexpr int tokens_of_budget = 50;             // 0.05 USD
constexpr int tokens_of_stream = 200;

struct dialect_case {
    const char* path;
    std::string body;
    std::string event;       ///< one token of text
    std::string terminator;  ///< must not be seen
};

dialect_case openai() {
    return {"/v1/chat/completions", chat_body("gpt-4o", true, R"("max_tokens":1)"),
            "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" "
            "the\"},\"finish_reason\":null}]}\n\n",
            "[DONE]"};
}

dialect_case anthropic() {
    return {"/v1/messages", R"({"model":"claude-x","max_tokens":1,"messages":[{"role":"user","content":"Say"}],"stream":true})",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_"
            "delta\",\"text\":\" the\"}}\n\n",
            "message_stop"};
}

dialect_case responses() {
    return {"/v1/responses", R"({"model":"gpt-4o","input":"Say","stream":true,"max_output_tokens":1})",
            "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"output_"
            "index\":0,\"content_index\":0,\"delta\":\" the\"}\n\n",
            "response.completed"};
}

class Budget : public testing::Test {
protected:
    Budget() : a_(quick_provider("a")) {}

    /// The ledger stands beside the gateways' own folders, so that the next one finds it.
    [[nodiscard]] std::unique_ptr<gateway_process> start(const std::string& usd = "0.05") const {
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "prices: prices.yaml\n"
            "pools:\n  main:\n    ask_usage: false\n    upstreams:\n" +
            upstream_of(*a_) + "  claude:\n    dialect: anthropic\n    upstreams:\n      - {name: a, url: \"" + a_->url() +
            "\"}\n"
            "routes:\n  - {models: [\"claude*\"], pool: claude}\n  - {models: [\"*\"], pool: main}\n"
            "keys:\n"
            "  - {name: poor, secret: sk-poor, requests_per_minute: 1000, budgets: [{usd: " +
            usd +
            ", every: 30d}]}\n"
            "  - {name: rich, secret: sk-rich}\n"
            "admin: {address: \"127.0.0.1:0\"}\nworkers: 2\n"
            "state: {ledger: \"" +
            books_.file("ledger.db") + "\"}\nlog: {access: access.log, level: info}\n";
        return std::make_unique<gateway_process>(WEIR_BINARY, conf,
                                                 gateway_process::files{{"prices.yaml", "models:\n  \"*\": {input: 0, output: 1000.00}\n"}});
    }

    /// A stream of `tokens` equal events, so many per write and the writes apart: 3 * 17 is one more than the budget
    /// has.
    response ask(const gateway_process& weir, const dialect_case& how, const std::string& key = "sk-poor", int events_per_write = 17,
                 int tokens = tokens_of_stream) const {
        std::string body;
        for (int i = 0; i < tokens; ++i) body += how.event;
        a_->once({.body = body,
                  .content_type = "text/event-stream",
                  .framing = mock::framing::close,
                  .write = how.event.size() * static_cast<std::size_t>(events_per_write),
                  .write_pause = mock::microseconds{100'000}});
        return exchange_once(weir.url(), request_text("POST", how.path, how.body, {{"Authorization", "Bearer " + key}}));
    }

    static json::object spend_of(const gateway_process& weir, const std::string& key) {
        process spend{{WEIR_BINARY, "spend", "-c", weir.folder().file("weir.yaml"), "--by", "key", "--format", "json"},
                      weir.folder().path().string()};
        EXPECT_EQ(spend.wait(), 0) << spend.err();
        std::this_thread::sleep_for(20ms);
        json::error_code failed;
        const auto rows = json::parse(spend.out(), failed);
        EXPECT_TRUE(!failed && rows.is_array()) << spend.out();
        if (!failed && rows.is_array())
            for (const auto& row : rows.as_array())
                if (row.as_object().at("key").as_string() == key.c_str()) return row.as_object();
        return {};
    }

    static void expect_spent(const response& got) {
        EXPECT_EQ(got.status, 429) << got.wire;
        EXPECT_NE(got.body.find("\"budget_exceeded\""), std::string::npos) << got.body;
        const auto wait = std::atol(got.header("retry-after").c_str());
        EXPECT_GT(wait, 0);
        EXPECT_LE(wait, 30L * 86400);
        EXPECT_EQ(got.header("x-ratelimit-limit-requests"), "1000");
    }

    temp_folder books_;
    std::unique_ptr<mock::provider> a_;
};

/// Whole events of the provider before the last one, which is weir's.
std::size_t delivered(const response& got, const dialect_case& how) {
    const auto events = split_events(got.body);
    EXPECT_GE(events.size(), 2u) << got.wire;
    for (std::size_t i = 0; i + 1 < events.size(); ++i) EXPECT_EQ(events[i], how.event);
    return events.empty() ? 0 : events.size() - 1;
}

double left_of(const std::string& metrics) { return metric(metrics, "weir_budget_remaining_usd", {"key=\"poor\""}); }

}  // namespace

TEST_F(Budget, EndsTheStreamWhereTheMoneyRunsOut) {
    for (const auto& how : {openai(), anthropic(), responses()}) {
        SCOPED_TRACE(how.path);
        std::filesystem::remove_all(books_.path());
        std::filesystem::create_directories(books_.path());
        const auto weir = start();
        const auto got = ask(*weir, how);
        EXPECT_EQ(got.status, 200);
        EXPECT_FALSE(got.clean());
        EXPECT_EQ(got.body.find(how.terminator), std::string::npos);
        const auto last = split_events(got.body).back();
        EXPECT_NE(last.find("\"budget_exceeded\""), std::string::npos) << last;
        EXPECT_TRUE(last.ends_with("\n\n"));
        EXPECT_EQ(last.starts_with("event: error\n"), std::string_view{how.path} != "/v1/chat/completions") << last;
        const auto events = delivered(got, how);
        EXPECT_GE(events, static_cast<std::size_t>(tokens_of_budget));
        EXPECT_LE(events, static_cast<std::size_t>(tokens_of_budget) + 1);
        EXPECT_TRUE(a_->wait_for([](const auto& calls) { return calls.back().outcome != mock::outcome::running; }))
            << "the upstream goes on at the budget's cost";
        EXPECT_LT(a_->calls().back().bytes_sent, how.event.size() * tokens_of_stream);
    }
}

TEST_F(Budget, KeepsInTheBooksExactlyWhatWasDelivered) {
    const auto weir = start();
    EXPECT_NEAR(left_of(weir->metrics()), 0.05, 1e-12);
    const auto events = static_cast<std::int64_t>(delivered(ask(*weir, openai()), openai()));
    const auto row = spend_of(*weir, "poor");
    ASSERT_TRUE(row.contains("output_tokens"));
    EXPECT_EQ(row.at("requests").to_number<std::int64_t>(), 1);
    EXPECT_EQ(row.at("output_tokens").to_number<std::int64_t>(), events);
    EXPECT_EQ(row.at("cost_nanousd").to_number<std::int64_t>(), events * token_price);
    const auto line = weir->log_line("\"poor\"");
    EXPECT_NE(line.find("\"budget_exceeded\""), std::string::npos) << line;
    EXPECT_NE(line.find("\"estimated\":true"), std::string::npos) << line;
    const auto metrics = weir->metrics_when([](const std::string& m) { return left_of(m) <= 0; });
    EXPECT_NEAR(left_of(metrics), 0.05 - static_cast<double>(events * token_price) / 1e9, 1e-9);
    EXPECT_EQ(metric(metrics, "weir_streams_interrupted_total", {"phase=\"budget\""}), 1);
}

TEST_F(Budget, LeavesOtherKeysAndSmallRequestsAlone) {
    const auto weir = start();
    const auto small = ask(*weir, openai(), "sk-poor", 20, 20);
    EXPECT_GE(split_events(small.body).size(), 20u);
    EXPECT_EQ(small.body.find("budget_exceeded"), std::string::npos);
    const auto metrics = weir->metrics_when([](const std::string& m) { return left_of(m) < 0.04; });
    EXPECT_NEAR(left_of(metrics), 0.03, 1e-9);
    const auto other = ask(*weir, openai(), "sk-rich", tokens_of_stream);
    EXPECT_EQ(other.body.find("budget_exceeded"), std::string::npos);
    EXPECT_GE(split_events(other.body).size(), static_cast<std::size_t>(tokens_of_stream));
}

TEST_F(Budget, RefusesTheNextRequestUntilTheWindowEnds) {
    const auto weir = start();
    (void)ask(*weir, openai());
    a_->forget();
    for (const bool stream : {true, false})
        expect_spent(exchange_once(weir->url(), request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", stream, R"("max_tokens":1)"),
                                                             {{"Authorization", "Bearer sk-poor"}})));
    EXPECT_EQ(a_->call_count(), 0u);
}

TEST_F(Budget, RefusesARequestThatMayCostMoreHoweverLargeItsNumbersAre) {
    const auto weir = start();
    for (const char* limits : {R"("max_tokens":1000)", R"("max_tokens":10,"n":100)", R"("max_tokens":9223372036854775807)",
                               R"("max_tokens":9223372036854775807,"n":2)", R"("max_tokens":9223372036854775807,"n":2147483647)"})
        expect_spent(exchange_once(
            weir->url(), request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", false, limits), {{"Authorization", "Bearer sk-poor"}})));
    EXPECT_EQ(a_->call_count(), 0u);
}

TEST_F(Budget, StaysSpentAfterARestart) {
    for (const bool orderly : {true, false}) {
        SCOPED_TRACE(orderly);
        std::filesystem::remove_all(books_.path());
        std::filesystem::create_directories(books_.path());
        auto weir = start();
        const auto events = static_cast<std::int64_t>(delivered(ask(*weir, openai()), openai()));
        if (orderly) {
            weir->program().signal(SIGTERM);
            EXPECT_EQ(weir->program().wait(5s), 0);
        }
        weir->kill();
        weir = start();
        EXPECT_NEAR(left_of(weir->metrics()), 0.05 - static_cast<double>(events * token_price) / 1e9, 1e-9);
        a_->forget();
        expect_spent(exchange_once(weir->url(), request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", false, R"("max_tokens":1)"),
                                                             {{"Authorization", "Bearer sk-poor"}})));
        EXPECT_EQ(a_->call_count(), 0u);
    }
}

TEST_F(Budget, IsOverdrawnByAtMostOneEventForEachOfFiveHundredStreams) {
    constexpr int streams = 500;
    constexpr std::int64_t tokens = 12'500;  // of the budget: half of what the streams would say
    const auto weir = start("12.5");
    const auto how = openai();
    std::string body;
    for (int i = 0; i < 50; ++i) body += how.event;
    a_->always({.body = body,
                .content_type = "text/event-stream",
                .framing = mock::framing::close,
                .write = how.event.size(),
                .write_pause = mock::microseconds{60'000}});
    const auto asked = request_text("POST", how.path, how.body, {{"Authorization", "Bearer sk-poor"}});
    std::vector<raw_client> clients;
    for (int i = 0; i < streams; ++i) {
        clients.emplace_back(weir->url());
        ASSERT_TRUE(clients.back().send(asked)) << i;
    }
    std::int64_t got = 0;
    int cut = 0;
    for (auto& each : clients) {
        const auto answer = each.read_response(20s);
        if (answer.status == 429) continue;
        ASSERT_EQ(answer.status, 200);
        // Where all this is slow, the first streams come to their provider's end, which is none, before the money does.
        const bool ended = answer.body.find("\"budget_exceeded\"") != std::string::npos;
        const bool interrupted = answer.body.find("\"stream_interrupted\"") != std::string::npos;
        cut += ended;
        got += static_cast<std::int64_t>(split_events(answer.body).size()) - ended - interrupted;
    }
    std::printf("budget cut: %d streams, budget %ld tokens, delivered %ld, overshoot %ld, bound %d\n", streams, static_cast<long>(tokens),
                static_cast<long>(got), static_cast<long>(got - tokens), streams);
    EXPECT_GT(cut, streams / 2);
    EXPECT_LE(got, tokens + streams);
    EXPECT_GE(got, tokens);
    EXPECT_EQ(spend_of(*weir, "poor").at("output_tokens").to_number<std::int64_t>(), got);
}

TEST_F(Budget, IsNotOverdrawnByEventsThatComeTogether) {
    const auto weir = start();
    const auto got = ask(*weir, openai(), "sk-poor", tokens_of_stream);
    EXPECT_FALSE(got.clean());
    const auto events = static_cast<std::int64_t>(delivered(got, openai()));
    EXPECT_LE(events, tokens_of_budget + 1);
    EXPECT_EQ(spend_of(*weir, "poor").at("cost_nanousd").to_number<std::int64_t>(), events * token_price);
}
