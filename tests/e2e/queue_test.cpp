// Upstreams with max_requests: who comes when all are busy waits in order, moves on to a fallback, or is told so in time.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Queue : public testing::Test {
protected:
    static void SetUpTestSuite() {
        busy_ = quick_provider("busy");
        spare_ = quick_provider("spare");
        const auto one = upstream_of(*busy_, "max_requests: 1");
        const auto pool = [](const std::string& name, const std::string& queue, const std::string& upstreams) {
            return "  " + name + ":\n    queue: " + queue + "\n    retry: {budget: 100%}\n    upstreams:\n" + upstreams;
        };
        const std::string conf = "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n" + pool("patient", "{size: 50, timeout: 10s}", one) +
                                 pool("hasty", "{size: 50, timeout: 300ms}", one) + pool("lineless", "off", one) +
                                 pool("short", "{size: 1, timeout: 10s}", one) +
                                 pool("beating", "{size: 5, timeout: 10s}\n    heartbeat: 100ms", one) +
                                 pool("hurried", "{size: 5, timeout: 200ms}", one) + pool("spare", "off", upstream_of(*spare_)) +
                                 "routes:\n"
                                 "  - {models: [patient], pool: patient}\n  - {models: [hasty], pool: hasty}\n"
                                 "  - {models: [lineless], pool: lineless}\n  - {models: [short], pool: short}\n"
                                 "  - {models: [beating], pool: beating}\n"
                                 "  - {models: [relieved], pool: hurried, fallback: [{pool: spare}]}\n" +
                                 std::string{conf_end};
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY, conf);
    }
    static void TearDownTestSuite() {
        weir_.reset();
        busy_.reset();
        spare_.reset();
    }
    void SetUp() override {
        busy_->forget();
        spare_->forget();
    }

    static std::string chat(const std::string& model, const std::string& script = "words=1", const std::string& id = "none") {
        return request_text("POST", "/v1/chat/completions", chat_body(model, true), {{"x-mock", script}, {"x-request-id", id}});
    }
    static bool waiting(const std::string& pool, int count) {
        const auto enough = [&](const std::string& m) { return metric(m, "weir_queue_waiting", {"pool=\"" + pool + '"'}) == count; };
        return enough(weir_->metrics_when(enough, 5s));
    }
    /// A stream that takes the upstream's only slot for `ms`.
    static raw_client occupy(const std::string& model, int ms) {
        raw_client client{weir_->url()};
        EXPECT_TRUE(client.send(chat(model, "words=9,stall_after=3,stall=" + std::to_string(ms))));
        EXPECT_EQ(client.read_head().status, 200);
        return client;
    }
    static void expect_quiet() {
        const auto quiet = [](const std::string& m) {
            return metric(m, "weir_upstream_in_flight") == 0 && metric(m, "weir_queue_waiting") == 0 && metric(m, "weir_connections") == 0;
        };
        EXPECT_TRUE(quiet(weir_->metrics_when(quiet, 8s)));
    }

    static std::unique_ptr<mock::provider> busy_, spare_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Queue::busy_, Queue::spare_;
std::unique_ptr<gateway_process> Queue::weir_;

}  // namespace

TEST_F(Queue, ServesInTheOrderOfComingWhicheverWorkerTookTheConnection) {
    auto holder = occupy("patient", 600);
    constexpr int waiters = 8;
    std::vector<std::unique_ptr<raw_client>> clients;
    for (int i = 0; i < waiters; ++i) {
        clients.push_back(std::make_unique<raw_client>(weir_->url()));
        ASSERT_TRUE(clients.back()->send(chat("patient", "words=1", "q" + std::to_string(i))));
        ASSERT_TRUE(waiting("patient", i + 1));
    }
    for (auto& client : clients) {
        const auto got = client->read_response();
        EXPECT_EQ(got.status, 200) << got.wire;
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(got.header("x-weir-attempts"), "1");
    }
    clients.clear();
    holder.close();
    std::vector<std::string> order;
    for (const auto& call : busy_->calls())
        if (call.header("x-request-id").starts_with('q')) order.push_back(call.header("x-request-id"));
    ASSERT_EQ(order.size(), static_cast<std::size_t>(waiters));
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << "served out of turn";
    const auto line = weir_->log_line("\"q0\"");
    EXPECT_NE(line.find("\"queued_ms\":"), std::string::npos) << line;
    const auto m = weir_->metrics();
    EXPECT_GE(metric(m, "weir_queue_wait_seconds_count", {"pool=\"patient\""}), waiters);
    expect_quiet();
}

TEST_F(Queue, NeverLetsMoreInThanMaxRequests) {
    std::atomic<int> right{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 12; ++i)
        clients.emplace_back([&right] {
            raw_client client{weir_->url()};
            for (int k = 0; k < 10; ++k) {
                if (!client.send(chat("patient", "words=1,first_event=5"))) return;
                if (const auto got = client.read_response(); got.status == 200 && got.clean()) ++right;
            }
        });
    for (auto& each : clients) each.join();
    EXPECT_EQ(right, 120);
    // The provider enters the end of an answer into its books a moment after the client has it.
    EXPECT_TRUE(busy_->wait_for(
        [](const auto& calls) {
            return std::all_of(calls.begin(), calls.end(), [](const auto& call) { return call.outcome == mock::outcome::finished; });
        },
        5s));
    auto calls = busy_->calls();
    ASSERT_EQ(calls.size(), 120u);
    std::sort(calls.begin(), calls.end(), [](const auto& a, const auto& b) { return a.arrived < b.arrived; });
    for (std::size_t i = 1; i < calls.size(); ++i)
        EXPECT_GE(calls[i].arrived - calls[i - 1].arrived, 5ms) << "the answer before cannot have ended: " << i;
    expect_quiet();
}

TEST_F(Queue, SaysOverloadedWhenNoSlotCameFreeInTime) {
    auto holder = occupy("hasty", 1500);
    const auto began = std::chrono::steady_clock::now();
    const auto got = exchange_once(weir_->url(), chat("hasty"));
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_EQ(got.status, 503);
    EXPECT_NE(got.body.find("\"overloaded\""), std::string::npos) << got.body;
    EXPECT_NE(got.header("retry-after"), "");
    EXPECT_GE(took, 290ms);
    EXPECT_LT(took, 1200ms);
    holder.close();
    expect_quiet();
}

TEST_F(Queue, SaysOverloadedAtOnceWhenItIsFullOrOff) {
    {
        auto holder = occupy("lineless", 1000);
        const auto got = exchange_once(weir_->url(), chat("lineless"));
        EXPECT_EQ(got.status, 503);
        EXPECT_NE(got.body.find("\"overloaded\""), std::string::npos) << got.body;
    }
    expect_quiet();
    auto holder = occupy("short", 1000);
    raw_client second{weir_->url()};
    ASSERT_TRUE(second.send(chat("short")));
    ASSERT_TRUE(waiting("short", 1));
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(exchange_once(weir_->url(), chat("short")).status, 503);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 500ms);
    EXPECT_EQ(second.read_response().status, 200) << "the one that waited is served";
    second.close();
    holder.close();
    expect_quiet();
}

TEST_F(Queue, MovesOnToTheFallbackAfterItsTimeout) {
    auto holder = occupy("relieved", 1500);
    const auto got = exchange_once(weir_->url(), chat("relieved"));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.header("x-weir-upstream"), "spare");
    EXPECT_EQ(spare_->call_count(), 1u);
    EXPECT_GE(metric(weir_->metrics(), "weir_fallbacks_total", {"pool=\"hurried\"", "reason=\"overloaded\""}), 1);
    holder.close();
    expect_quiet();
}

TEST_F(Queue, LetsAWaitingClientHearThatItIsNotForgotten) {
    auto holder = occupy("beating", 800);
    const auto got = exchange_once(weir_->url(), chat("beating"));
    EXPECT_EQ(got.status, 200);
    EXPECT_TRUE(got.clean());
    EXPECT_TRUE(got.body.starts_with(": keepalive\n\n")) << got.body;
    EXPECT_TRUE(got.body.ends_with("data: [DONE]\n\n"));
    holder.close();
    expect_quiet();
}

TEST_F(Queue, ForgetsClientsThatLeaveTheLine) {
    auto holder = occupy("patient", 700);
    {
        raw_client leaving{weir_->url()}, also{weir_->url()};
        ASSERT_TRUE(leaving.send(chat("patient")));
        ASSERT_TRUE(waiting("patient", 1));
        ASSERT_TRUE(also.send(chat("patient")));
        ASSERT_TRUE(waiting("patient", 2));
        leaving.reset();
        ASSERT_TRUE(waiting("patient", 1));
    }
    ASSERT_TRUE(waiting("patient", 0));
    const auto got = exchange_once(weir_->url(), chat("patient"));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(busy_->call_count(), 2u) << "nothing was asked for those that left";
    holder.close();
    expect_quiet();
}
