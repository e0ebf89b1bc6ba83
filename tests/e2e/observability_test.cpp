// What operators see: access log, metrics, health endpoints, status.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
namespace json = boost::json;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Observability : public testing::Test {
protected:
    void SetUp() override {
        a_ = quick_provider("a");
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "prices: prices.yaml\n"
            "pools:\n  main:\n    retry: {backoff: 1ms, budget: 100%}\n    balance: weighted_round_robin\n    "
            "upstreams:\n"
            "      - {name: gone, url: \"http://127.0.0.1:" +
            std::to_string(refusing_port()) + "/v1\"}\n" + upstream_of(*a_) + "keys:\n  - {name: tester, secret: sk-tester}\n" +
            std::string{conf_end};
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY, conf, gateway_process::files{{"prices.yaml", "models:\n  gpt-4o: {input: 2.50, cached_input: 1.25, output: 10.00}\n"}});
    }
    response ask(const std::string& id, bool stream, const std::string& script = "", const std::string& key = "sk-tester") const {
        headers more = {{"Authorization", "Bearer " + key}, {"x-request-id", id}};
        if (!script.empty()) more.emplace_back("x-mock", script);
        return exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", stream), more));
    }
    [[nodiscard]] json::object log_of(const std::string& id) const {
        const auto line = weir_->log_line('"' + id + '"');
        json::error_code failed;
        const auto value = json::parse(line, failed);
        EXPECT_FALSE(failed) << line;
        return value.is_object() ? value.as_object() : json::object{};
    }

    std::unique_ptr<mock::provider> a_;
    std::unique_ptr<gateway_process> weir_;
};

std::int64_t number(const json::object& from, std::string_view name) {
    const auto* found = from.if_contains(name);
    EXPECT_TRUE(found != nullptr && found->is_number()) << name;
    return found != nullptr && found->is_number() ? found->to_number<std::int64_t>() : -1;
}

std::string text(const json::object& from, std::string_view name) {
    const auto* found = from.if_contains(name);
    EXPECT_TRUE(found != nullptr && found->is_string()) << name;
    return found != nullptr && found->is_string() ? std::string{found->as_string()} : "";
}

}  // namespace

TEST_F(Observability, LogsARequestInOneLineWithAllItsFields) {
    ASSERT_EQ(ask("warm-up", false).status, 200);
    const auto got = ask("the-id-1", true, "cached=2,reasoning=3");
    ASSERT_TRUE(got.clean());
    const auto line = log_of("the-id-1");
    const auto call = a_->calls().back();
    EXPECT_EQ(text(line, "key"), "tester");
    EXPECT_EQ(text(line, "endpoint"), "/v1/chat/completions");
    EXPECT_EQ(text(line, "model"), "gpt-4o");
    EXPECT_EQ(text(line, "served_model"), "gpt-4o");
    EXPECT_EQ(text(line, "pool"), "main");
    EXPECT_EQ(text(line, "upstream"), "a");
    EXPECT_EQ(text(line, "client"), "127.0.0.1");
    EXPECT_EQ(number(line, "status"), 200);
    EXPECT_TRUE(line.at("stream").as_bool());
    EXPECT_FALSE(line.at("estimated").as_bool());
    EXPECT_EQ(number(line, "prompt_tokens"), call.usage.prompt);
    EXPECT_EQ(number(line, "completion_tokens"), call.usage.completion);
    EXPECT_EQ(number(line, "cached_input_tokens"), 2);
    EXPECT_EQ(number(line, "reasoning_tokens"), 3);
    EXPECT_EQ(number(line, "input_tokens"), call.usage.prompt - 2);
    EXPECT_EQ(number(line, "output_tokens"), call.usage.completion - 3);
    EXPECT_GE(number(line, "bytes_in"), static_cast<std::int64_t>(chat_body("gpt-4o", true).size()));
    EXPECT_GE(number(line, "bytes_out"), static_cast<std::int64_t>(got.body.size()));
    EXPECT_GE(number(line, "duration_ms"), 0);
    EXPECT_GE(number(line, "first_token_ms"), 0);
    EXPECT_TRUE(line.contains("time"));
    const auto& attempts = line.at("attempts").as_array();
    EXPECT_EQ(attempts.back().as_object().at("upstream").as_string(), "a");
    const double cost = (2.5 * static_cast<double>(call.usage.prompt - 2) + 1.25 * 2 + 10.0 * static_cast<double>(call.usage.completion)) / 1e6;
    EXPECT_NEAR(std::strtod(json::value_to<std::string>(line.at("cost_usd").is_string() ? line.at("cost_usd")
                                                                                        : json::value(json::serialize(line.at("cost_usd"))))
                                .c_str(),
                            nullptr),
                cost, 2e-9);
}

TEST_F(Observability, NeverLogsAPromptOrAnAnswer) {
    (void)ask("the-id-2", true, "text=UNHEARD-OF-ANSWER");
    (void)log_of("the-id-2");
    const auto all = weir_->folder().read("access.log") + weir_->program().err();
    EXPECT_EQ(all.find("UNHEARD-OF-ANSWER"), std::string::npos);
    EXPECT_EQ(all.find("Say something about weirs"), std::string::npos);
}

TEST_F(Observability, CountsWhatTheProviderCounted) {
    std::int64_t prompt = 0, completion = 0;
    for (int i = 0; i < 8; ++i) EXPECT_EQ(ask("n" + std::to_string(i), i % 2 == 0).status, 200);
    for (const auto& call : a_->calls()) {
        prompt += call.usage.prompt;
        completion += call.usage.completion;
    }
    const auto all = weir_->metrics_when([](const std::string& m) { return metric(m, "weir_requests_total") == 8; });
    EXPECT_EQ(metric(all, "weir_requests_total", {"key=\"tester\"", "pool=\"main\"", "code=\"200\""}), 8);
    EXPECT_EQ(metric(all, "weir_requests_total", {"stream=\"true\""}), 4);
    EXPECT_EQ(metric(all, "weir_tokens_total", {"type=\"input\"", "source=\"upstream\""}), static_cast<double>(prompt));
    EXPECT_EQ(metric(all, "weir_tokens_total", {"type=\"output\"", "source=\"upstream\""}), static_cast<double>(completion));
    EXPECT_NEAR(metric(all, "weir_spend_usd_total"), (2.5 * static_cast<double>(prompt) + 10.0 * static_cast<double>(completion)) / 1e6, 1e-8);
    EXPECT_EQ(metric(all, "weir_request_duration_seconds_count"), 8);
    EXPECT_EQ(metric(all, "weir_first_token_seconds_count"), 4);
    EXPECT_GE(metric(all, "weir_upstream_failures_total", {"upstream=\"gone\"", "reason=\"connect\""}), 1);
    EXPECT_GE(metric(all, "weir_retries_total", {"reason=\"connect\""}), 1);
    EXPECT_EQ(metric(all, "weir_upstream_requests_total", {"upstream=\"a\"", "code=\"200\""}), 8);
    EXPECT_EQ(metric(all, "weir_conf_last_reload_successful"), 1);
    EXPECT_EQ(metric(all, "weir_build_info"), 1);
}

TEST_F(Observability, CountsForItselfWhatTheProviderDoesNotReport) {
    ASSERT_EQ(ask("the-id-3", true, "usage=off").status, 200);
    const auto line = log_of("the-id-3");
    EXPECT_TRUE(line.at("estimated").as_bool());
    EXPECT_GT(number(line, "output_tokens"), 5);
    EXPECT_GT(number(line, "input_tokens"), 2);
    const auto all = weir_->metrics_when([](const std::string& m) { return metric(m, "weir_tokens_total", {"source=\"counted\""}) > 0; });
    EXPECT_EQ(metric(all, "weir_tokens_total", {"type=\"output\"", "source=\"counted\""}), static_cast<double>(number(line, "output_tokens")));
}

TEST_F(Observability, CountsRejectionsAndBrokenStreams) {
    (void)ask("x", false, "", "sk-wrong");
    (void)ask("the-id-4", true, "between=5,cut=event:5");
    const auto all = weir_->metrics_when(
        [](const std::string& m) { return metric(m, "weir_streams_interrupted_total") > 0 && metric(m, "weir_rejections_total") > 0; });
    EXPECT_EQ(metric(all, "weir_rejections_total", {"code=\"invalid_key\""}), 1);
    EXPECT_EQ(metric(all, "weir_streams_interrupted_total", {"pool=\"main\""}), 1);
    EXPECT_EQ(text(log_of("the-id-4"), "code"), "stream_interrupted");
}

TEST_F(Observability, KeepsLabelsBoundedByTheConf) {
    for (int i = 0; i < 20; ++i)
        (void)exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", chat_body("made-up-" + std::to_string(i), false),
                                                       {{"Authorization", "Bearer sk-tester"}}));
    const auto all = weir_->metrics_when([](const std::string& m) { return metric(m, "weir_requests_total") >= 20; });
    EXPECT_EQ(all.find("made-up-"), std::string::npos);
    EXPECT_GE(metric(all, "weir_unpriced_requests_total"), 20);
}

TEST_F(Observability, AnswersOnTheAdminAddress) {
    EXPECT_EQ(weir_->ask_admin("/healthz").status, 200);
    EXPECT_EQ(weir_->ask_admin("/readyz").status, 200);
    const auto metrics = weir_->ask_admin("/metrics");
    EXPECT_TRUE(metrics.header("content-type").starts_with("text/plain"));
    const auto page = weir_->ask_admin("/status");
    EXPECT_EQ(page.status, 200);
    EXPECT_TRUE(page.header("content-type").starts_with("text/html"));
    EXPECT_NE(page.body.find("main"), std::string::npos);
    const auto status = weir_->ask_admin("/api/status");
    json::error_code failed;
    EXPECT_TRUE(json::parse(status.body, failed).is_object()) << status.body;
    EXPECT_EQ(weir_->ask_admin("/nothing").status, 404);
    EXPECT_EQ(exchange_once(weir_->admin(), request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", false))).status, 404);
}

TEST_F(Observability, HasHelpAndTypeForEveryMetric) {
    (void)ask("m", true);
    std::istringstream in{weir_->metrics()};
    std::string name;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("# TYPE ")) {
            name = line.substr(7, line.find(' ', 7) - 7);
        } else if (!line.empty() && line[0] != '#') {
            EXPECT_TRUE(line.starts_with(name)) << line;
        }
    }
}

TEST_F(Observability, TellsSpendFromTheLedgerWhileItRuns) {
    for (int i = 0; i < 3; ++i) ASSERT_EQ(ask("s" + std::to_string(i), i == 0).status, 200);
    std::int64_t prompt = 0, completion = 0;
    for (const auto& call : a_->calls()) {
        prompt += call.usage.prompt;
        completion += call.usage.completion;
    }
    process spend{{WEIR_BINARY, "spend", "-c", weir_->folder().file("weir.yaml"), "--by", "key,model", "--format", "json"},
                  weir_->folder().path().string()};
    ASSERT_EQ(spend.wait(), 0) << spend.err();
    std::this_thread::sleep_for(20ms);
    json::error_code failed;
    const auto rows = json::parse(spend.out(), failed);
    ASSERT_TRUE(!failed && rows.is_array() && rows.as_array().size() == 1) << spend.out();
    const auto& row = rows.as_array().front().as_object();
    EXPECT_EQ(text(row, "key"), "tester");
    EXPECT_EQ(number(row, "requests"), 3);
    EXPECT_EQ(number(row, "input_tokens"), prompt);
    EXPECT_EQ(number(row, "output_tokens"), completion);
    EXPECT_EQ(number(row, "cost_nanousd"), prompt * 2500 + completion * 10000);
}
