// What weir counts itself: streams that nobody reports, answers without usage, models that are learned, spend while it runs.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <csignal>

#include "support/gateway_process.hpp"
#include "token/count.hpp"

namespace mock = weir::mock;
namespace json = boost::json;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

const std::string event = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" the\"},\"finish_reason\":null}]}\n\n";
const std::string done = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

std::string times(const std::string& what, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += what;
    return out;
}

std::string usage_event(int prompt, int completion) {
    return "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":" + std::to_string(prompt) +
           ",\"completion_tokens\":" + std::to_string(completion) + ",\"total_tokens\":" + std::to_string(prompt + completion) +
           "}}\n\ndata: [DONE]\n\n";
}

class Meter : public testing::Test {
protected:
    Meter() : a_(quick_provider("a")) { start(); }

    void start(const std::string& state = {}) {
        weir_.reset();
        const std::string conf = "listeners: [{address: \"127.0.0.1:0\"}]\nprices: prices.yaml\npools:\n  main:\n    upstreams:\n" +
                                 upstream_of(*a_) +
                                 "keys: [{name: k, secret: sk-k, budgets: [{usd: 1000, every: 30d}]}]\n"
                                 "admin: {address: \"127.0.0.1:0\"}\nworkers: 1\nstate: {ledger: \"" +
                                 books_.file("ledger.db") + "\"" + state + "}\nlog: {access: access.log, level: info}\n";
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY, conf,
            gateway_process::files{{"prices.yaml", "models:\n  gpt-4o: {input: 1000, output: 1000}\n  mystery: {input: 1000, output: 1000}\n"}});
    }

    response ask(const std::string& id, const std::string& body) const {
        return exchange_once(weir_->url(),
                             request_text("POST", "/v1/chat/completions", body, {{"Authorization", "Bearer sk-k"}, {"x-request-id", id}}));
    }
    void stream_once(std::string body, milliseconds pause = milliseconds{0}) const {
        a_->once({.body = std::move(body),
                  .content_type = "text/event-stream",
                  .framing = mock::framing::close,
                  .write = pause.count() > 0 ? event.size() : 0,
                  .write_pause = pause});
    }
    json::object line_of(const std::string& id) const {
        const auto line = weir_->log_line("\"" + id + "\"");
        json::error_code failed;
        const auto read = json::parse(line, failed);
        EXPECT_FALSE(failed) << line;
        return failed ? json::object{} : read.as_object();
    }
    static std::int64_t number(const json::object& line, const char* name) {
        return line.contains(name) ? line.at(name).to_number<std::int64_t>() : 0;
    }

    temp_folder books_;
    std::unique_ptr<mock::provider> a_;
    std::unique_ptr<gateway_process> weir_;
};

std::int64_t tokens(std::string_view text) { return weir::token::count(weir::token::encoding::o200k, text); }

}  // namespace

TEST_F(Meter, CountsTheRequestOfACutStreamAsOpenAiDoes) {
    stream_once(times(event, 30));
    const auto got = ask(
        "cut",
        R"({"model":"gpt-4o","stream":true,"messages":[{"role":"system","content":"You are a careful clerk."},{"role":"user","content":"Count to thirty, please."}]})");
    EXPECT_FALSE(got.clean());
    const auto line = line_of("cut");
    EXPECT_TRUE(line.at("estimated").as_bool());
    EXPECT_EQ(number(line, "completion_tokens"), 30);
    EXPECT_EQ(number(line, "prompt_tokens"),
              tokens("system") + tokens("You are a careful clerk.") + tokens("user") + tokens("Count to thirty, please.") + 2 * 3 + 3);
}

TEST_F(Meter, CountsAUnaryAnswerThatReportsNothing) {
    a_->once(
        {.body =
             R"({"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"One two three four."},"finish_reason":"stop"}]})",
         .content_type = "application/json"});
    EXPECT_EQ(ask("silent", chat_body("gpt-4o", false)).status, 200);
    const auto line = line_of("silent");
    EXPECT_TRUE(line.at("estimated").as_bool());
    EXPECT_EQ(number(line, "completion_tokens"), tokens("One two three four."));
    EXPECT_GT(number(line, "prompt_tokens"), 3);
}

TEST_F(Meter, LearnsWhatAModelReportsAndKeepsItOverARestart) {
    const auto cut_count = [&](const std::string& id) {
        stream_once(times(event, 100));
        (void)ask(id, chat_body("mystery", true));
        const auto line = line_of(id);
        EXPECT_TRUE(line.at("estimated").as_bool());
        return number(line, "completion_tokens");
    };
    EXPECT_EQ(cut_count("before"), 100);
    for (int i = 0; i < 12; ++i) {
        stream_once(times(event, 100) + done + usage_event(40, 130));
        ASSERT_EQ(ask("t" + std::to_string(i), chat_body("mystery", true)).status, 200);
    }
    EXPECT_NEAR(static_cast<double>(cut_count("after")), 130, 2);
    weir_->program().signal(SIGTERM);
    ASSERT_EQ(weir_->program().wait(10s), 0);
    start();
    EXPECT_NEAR(static_cast<double>(cut_count("restarted")), 130, 2);
}

TEST_F(Meter, ShowsWhatARunningStreamCosts) {
    stream_once(times(event, 60) + done + usage_event(10, 60), 60ms);
    raw_client client{weir_->url()};
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", true), {{"Authorization", "Bearer sk-k"}})));
    auto got = client.read_head();
    ASSERT_EQ(got.status, 200);
    const auto spend = [](const std::string& m) { return metric(m, "weir_spend_usd_total"); };
    const auto during = weir_->metrics_when([&](const std::string& m) { return spend(m) > 0; });
    EXPECT_EQ(metric(during, "weir_active_streams"), 1) << "it is still running";
    EXPECT_GE(spend(during), 0.010);
    EXPECT_LT(spend(during), 0.060);
    EXPECT_LT(metric(during, "weir_budget_remaining_usd"), 1000);
    client.read_body(got);
    EXPECT_TRUE(got.clean() || got.end == end_of::eof);
    const auto after = weir_->metrics_when([&](const std::string& m) { return metric(m, "weir_active_streams") == 0 && spend(m) >= 0.0699; });
    EXPECT_NEAR(spend(after), 0.070, 1e-9) << "counted once";
}

TEST_F(Meter, CallsAnUpstreamThatReportsOtherTokensThanItSends) {
    for (int i = 0; i < 20; ++i) {
        stream_once(times(event, 50) + done + usage_event(10, 60));
        ASSERT_EQ(ask("o" + std::to_string(i), chat_body("gpt-4o", true)).status, 200);
    }
    EXPECT_TRUE(weir_->program().wait_err([](const std::string& err) { return err.find("meter audit: upstream 'a'") != std::string::npos; }));
    std::string status;
    for (int tries = 0; tries < 300 && status.find("\"off\":true") == std::string::npos; ++tries) {
        if (tries > 0) std::this_thread::sleep_for(10ms);
        status = weir_->ask_admin("/api/status").body;
    }
    EXPECT_NE(status.find("\"median_ratio\":1."), std::string::npos) << status;
    EXPECT_NE(status.find("\"off\":true"), std::string::npos) << status;
}
