// Slow readers, clients that leave, many at once: memory stays flat, upstreams are let go, nobody waits for another.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Pressure : public testing::Test {
protected:
    static void SetUpTestSuite() {
        a_ = quick_provider("a");
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "pools:\n  main:\n    ejection: {consecutive_failures: 1000}\n    upstreams:\n" +
            upstream_of(*a_) + "  drained:\n    on_disconnect: drain\n    upstreams:\n" + upstream_of(*a_) +
            "  briefly:\n    on_disconnect: drain\n    drain: {tokens: 20, time: 700ms, concurrent: 1}\n    upstreams:\n" + upstream_of(*a_) +
            "  fresh:\n    keepalive: {idle: 0}\n    upstreams:\n" + upstream_of(*a_) +
            "routes:\n  - {models: [fresh], pool: fresh}\n  - {models: [drained], pool: drained}\n  - {models: [briefly], pool: briefly}\n  - "
            "{models: [\"*\"], pool: main}\n" +
            std::string{conf_end};
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY, conf);
    }
    static void TearDownTestSuite() {
        weir_.reset();
        a_.reset();
    }
    void SetUp() override { a_->forget(); }

    static std::string chat(bool stream = true, std::string_view model = "m") {
        return request_text("POST", "/v1/chat/completions", chat_body(model, stream));
    }

    static std::unique_ptr<mock::provider> a_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Pressure::a_;
std::unique_ptr<gateway_process> Pressure::weir_;

}  // namespace

TEST_F(Pressure, HoldsASlowReadersStreamBackInsteadOfKeepingIt) {
    (void)exchange_once(weir_->url(), chat());
    const auto before = weir_->program().resident_kib();
    constexpr std::size_t pushed = sanitized ? 60'000'000 : 100'000'000;
    a_->once({.push = pushed});
    raw_client client{weir_->url()};
    // It asks for its usage itself: what weir asked for would be taken out of every event.
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", true, R"("stream_options":{"include_usage":true})"))));
    auto got = client.read_head();
    ASSERT_EQ(got.status, 200);
    std::this_thread::sleep_for(400ms);  // the provider pushes, the client does not read
    EXPECT_LT(a_->calls().back().bytes_sent, 50'000'000u);
    EXPECT_LT(weir_->program().resident_kib() - before, 16 * 1024);
    client.read_body(got, 200s);  // a sanitizer on a busy machine takes a minute
    EXPECT_TRUE(got.clean());
    EXPECT_GT(got.body.size(), pushed);
    EXPECT_TRUE(got.body.ends_with("data: [DONE]\n\n"));
    EXPECT_LT(weir_->program().peak_resident_kib() - before, 24 * 1024);
}

TEST_F(Pressure, LetsTheUpstreamGoWhenTheClientLeaves) {
    for (const bool rudely : {false, true}) {
        a_->forget();
        a_->once({.stall_after = 3, .stall = 60s});
        raw_client client{weir_->url()};
        ASSERT_TRUE(client.send(chat()));
        ASSERT_EQ(client.read_head().status, 200);
        const auto left = std::chrono::steady_clock::now();
        if (rudely)
            client.reset();
        else
            client.close();
        EXPECT_TRUE(a_->wait_for([](const auto& calls) { return !calls.empty() && calls.back().outcome == mock::outcome::aborted; }, 3s));
        EXPECT_LT(std::chrono::steady_clock::now() - left, 1s);
    }
    const auto all = weir_->metrics_when([](const std::string& m) { return metric(m, "weir_client_disconnects_total") >= 2; });
    EXPECT_GE(metric(all, "weir_client_disconnects_total", {"pool=\"main\""}), 2);
}

TEST_F(Pressure, LetsTheUpstreamGoWhenTheClientLeavesBeforeTheHead) {
    a_->once({.before_head = 60s});
    raw_client client{weir_->url()};
    ASSERT_TRUE(client.send(chat(false)));
    ASSERT_TRUE(a_->wait_for([](const auto& calls) { return !calls.empty(); }));
    client.close();
    EXPECT_TRUE(a_->wait_for([](const auto& calls) { return calls.back().outcome == mock::outcome::aborted; }, 3s));
}

TEST_F(Pressure, ReadsTheStreamToItsEndWhenItIsToldToDrain) {
    a_->once({.stall_after = 3, .stall = 300ms});
    raw_client client{weir_->url()};
    ASSERT_TRUE(client.send(chat(true, "drained")));
    ASSERT_EQ(client.read_head().status, 200);
    client.close();
    EXPECT_TRUE(a_->wait_for([](const auto& calls) { return calls.back().outcome == mock::outcome::finished; }, 3s));
}

TEST_F(Pressure, DrainsNoFurtherThanItIsTold) {
    const std::vector<std::pair<const char*, mock::script>> ways = {{"time", {.stall_after = 3, .stall = 20s}},
                                                                    {"tokens", {.words = 3000, .between = 1ms}}};
    for (const auto& [bound, how] : ways) {
        SCOPED_TRACE(bound);
        a_->forget();
        a_->once(how);
        raw_client client{weir_->url()};
        ASSERT_TRUE(client.send(chat(true, "briefly")));
        ASSERT_EQ(client.read_head().status, 200);
        client.close();
        EXPECT_TRUE(a_->wait_for([](const auto& calls) { return calls.back().outcome == mock::outcome::aborted; }, 3s));
    }
    const auto idle = [](const std::string& m) { return metric(m, "weir_upstream_in_flight", {"pool=\"briefly\""}) == 0; };
    EXPECT_TRUE(idle(weir_->metrics_when(idle)));
}

TEST_F(Pressure, DrainsNoMoreAtOnceThanItIsTold) {
    a_->forget();
    a_->always({.words = 5, .stall_after = 3, .stall = 500ms});
    {
        raw_client one{weir_->url()}, two{weir_->url()};
        for (auto* each : {&one, &two}) {
            ASSERT_TRUE(each->send(chat(true, "briefly")));
            ASSERT_EQ(each->read_head().status, 200);
        }
    }
    const auto ended = [](const auto& calls, mock::outcome how) {
        return std::count_if(calls.begin(), calls.end(), [&](const auto& c) { return c.outcome == how; });
    };
    EXPECT_TRUE(
        a_->wait_for([&](const auto& calls) { return ended(calls, mock::outcome::finished) == 1 && ended(calls, mock::outcome::aborted) == 1; }, 3s));
    a_->forget();
    a_->always({.words = 5, .stall_after = 3, .stall = 100ms});
    const auto is_read_on = [&] {
        a_->forget();
        {
            raw_client again{weir_->url()};
            if (!again.send(chat(true, "briefly")) || again.read_head().status != 200) return false;
        }
        mock::outcome how{};
        const bool ended_by_now = a_->wait_for(
            [&](const auto& calls) {
                if (calls.empty()) return false;
                how = calls.back().outcome;
                return how == mock::outcome::finished || how == mock::outcome::aborted;
            },
            3s);
        return ended_by_now && how == mock::outcome::finished;
    };
    // The upstream is done with a request before weir is.
    bool came_free = false;
    for (int i = 0; i < 5 && !came_free; ++i) came_free = is_read_on();
    EXPECT_TRUE(came_free) << "its place";
}

TEST_F(Pressure, KeepsManyConcurrentStreamsApart) {
    std::atomic<int> right{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 32; ++i)
        clients.emplace_back([i, &right] {
            raw_client client{weir_->url()};
            for (int k = 0; k < 5; ++k) {
                const auto word = "w" + std::to_string(i) + "x" + std::to_string(k);
                if (!client.send(request_text("POST", "/v1/chat/completions", chat_body("m", true),
                                              {{"x-mock", "between=1,text=" + word + " " + word + " end"}})))
                    return;
                const auto got = client.read_response();
                const auto first = got.body.find('"' + word + '"');
                if (got.clean() && first != std::string::npos && got.body.find("\" " + word + '"') != std::string::npos &&
                    got.body.ends_with("[DONE]\n\n"))
                    ++right;
            }
        });
    for (auto& each : clients) each.join();
    EXPECT_EQ(right, 32 * 5);
}

TEST_F(Pressure, KeepsNoConnectionsForAPoolThatWantsNoneThoughAnotherKeepsThemToTheSamePlace) {
    for (const auto& [model, kept] : std::map<std::string, bool>{{"m", true}, {"fresh", false}}) {
        a_->forget();
        a_->always({});
        raw_client client{weir_->url()};
        for (int i = 0; i < 2; ++i) {
            ASSERT_TRUE(client.send(chat(false, model)));
            ASSERT_TRUE(client.read_response().clean());
        }
        ASSERT_EQ(a_->call_count(), 2u);
        EXPECT_EQ(a_->calls().front().connection == a_->calls().back().connection, kept) << model;
    }
}

TEST_F(Pressure, GivesBackEveryConnectionAndStream) {
    for (int i = 0; i < 20; ++i) {
        raw_client client{weir_->url()};
        ASSERT_TRUE(client.send(chat()));
        if (i % 2 == 0) {
            ASSERT_TRUE(client.read_response().clean());
        }
    }
    const auto quiet = [](const std::string& m) {
        return metric(m, "weir_active_streams") == 0 && metric(m, "weir_connections") == 0 && metric(m, "weir_upstream_in_flight") == 0 &&
               metric(m, "weir_buffered_body_bytes") == 0;
    };
    EXPECT_TRUE(quiet(weir_->metrics_when(quiet, 5s)));
}
