// Mixed load while upstreams die, hang, slow down and return, with one that stays well: no request may be lost before its first byte.
// WEIR_CHAOS_SECONDS sets how long it goes on (12 unless said otherwise).
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;
using place = mock::cut::place;

namespace {

std::chrono::seconds length() {
    const char* const said = std::getenv("WEIR_CHAOS_SECONDS");
    const int seconds = said == nullptr ? 12 : std::atoi(said);
    return std::chrono::seconds{seconds > 0 ? seconds : 12};
}

/// How an upstream is for a while.
struct mood {
    const char* name;
    mock::script how;
    mock::door door = mock::door::open;
};

const std::vector<mood>& moods() {
    static const std::vector<mood> all = {
        {"well", {}},
        {"dead", {.ending = mock::ending::reset, .drop = true}, mock::door::reset},
        {"closing", {.ending = mock::ending::fin, .drop = true}, mock::door::close},
        {"hanging", {.before_head = 20s}, mock::door::silent},
        {"mute after the head", {.cut = mock::cut{place::event, 0, 0}, .ending = mock::ending::hang}},
        {"slow", {.first_event = 300ms, .between = 20ms}},
        {"overloaded", {.status = 529}},
        {"limited", {.status = 429, .headers = {{"retry-after", "1"}}}},
        {"failing", {.status = 500}},
        {"failing at the edge", {.status = 524}},
        {"confused", {.raw = "nonsense\r\n\r\n"}},
        {"failing in band", {.error_event = 0}},
        {"breaking late", {.between = 5ms, .cut = mock::cut{place::event, 8, 0}, .ending = mock::ending::reset}},
    };
    return all;
}

struct tally {
    std::atomic<int> sent{0}, saved{0}, broken_later{0}, lost{0};
    std::mutex lock;
    std::vector<std::string> words;
    void lose(std::string what) {
        ++lost;
        const std::lock_guard hold{lock};
        if (words.size() < 5) words.push_back(std::move(what));
    }
};

}  // namespace

TEST(Chaos, LosesNoRequestBeforeItsFirstByteWhileOneUpstreamIsWell) {
    std::vector<std::unique_ptr<mock::provider>> ill;
    for (const std::string name : {"a", "b", "c"}) ill.push_back(quick_provider(name));
    const auto rock = quick_provider("rock");
    std::string upstreams = "      - {name: gone, url: \"http://127.0.0.1:" + std::to_string(refusing_port()) + "/v1\", max_requests: 50}\n";
    for (const auto& each : ill) upstreams += upstream_of(*each, "max_requests: 50, weight: 3");
    upstreams += upstream_of(*rock);
    const auto pool = [&](const std::string& name, const std::string& more) {
        return "  " + name +
               ":\n    retry: {attempts: 5, backoff: 5ms, max_backoff: 50ms, budget: 100%}\n    ejection: {consecutive_failures: 3, failure_rate: "
               "40%, min_requests: 10, window: 2s, base: 300ms, "
               "max: 2s, slow_start: 500ms, max_ejected: 90%}\n    timeouts: {connect: 1500ms, first_byte: 1500ms, first_token: 1500ms, idle: "
               "1500ms}\n" +
               more + "    upstreams:\n" + upstreams;
    };
    gateway_process weir{
        WEIR_BINARY,
        "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n" + pool("turns", "    balance: weighted_round_robin\n") +
            pool("quick", "    hedge: {after: 200ms, budget: 20%}\n") +
            pool("checked", "    health_check: {interval: 200ms, timeout: 150ms, unhealthy_after: 2, healthy_after: 1}\n    hold_tokens: 4\n") +
            "routes:\n  - {models: [turns], pool: turns}\n  - {models: [quick], pool: quick}\n  - {models: [checked], pool: checked}\n" +
            std::string{conf_end}};
    const auto until = std::chrono::steady_clock::now() + length();
    std::atomic<bool> over{false};
    std::atomic<int> changes{0};
    std::thread conductor{[&] {
        std::minstd_rand random{20240607};
        while (!over) {
            auto& one = *ill[random() % ill.size()];
            const auto& next = moods()[random() % moods().size()];
            one.always(next.how);
            one.set_door(next.door);
            ++changes;
            std::this_thread::sleep_for(std::chrono::milliseconds{50 + random() % 250});
        }
        for (auto& each : ill) {
            each->always({});
            each->set_door(mock::door::open);
        }
    }};
    tally all;
    std::vector<std::thread> clients;
    for (int t = 0; t < 12; ++t)
        clients.emplace_back([&, t] {
            static constexpr const char* pools[] = {"turns", "quick", "checked"};
            std::minstd_rand random{static_cast<unsigned>(t) + 1};
            auto client = std::make_unique<raw_client>(weir.url());
            while (std::chrono::steady_clock::now() < until) {
                const bool stream = random() % 3 != 0;
                const std::string model = pools[random() % 3];
                ++all.sent;
                if (!client->connected() || !client->send(request_text("POST", "/v1/chat/completions", chat_body(model, stream)))) {
                    all.lose("weir did not take a request");
                    client = std::make_unique<raw_client>(weir.url());
                    continue;
                }
                const auto got = client->read_response(30s);
                if (got.status != 200)
                    all.lose(model + ": " + got.wire.substr(0, 600));
                else if (got.clean() && (!stream || got.body.ends_with("data: [DONE]\n\n")))
                    all.saved += got.header("x-weir-attempts") != "1" ? 1 : 0;
                else if (stream && got.body.find("\"stream_interrupted\"") != std::string::npos && got.body.find("[DONE]") == std::string::npos)
                    ++all.broken_later;
                else
                    all.lose(model + ", after its head: " + got.wire.substr(0, 600));
                if (!got.clean()) client = std::make_unique<raw_client>(weir.url());
            }
        });
    for (auto& each : clients) each.join();
    over = true;
    conductor.join();
    for (const auto& each : all.words) ADD_FAILURE() << each;
    EXPECT_EQ(all.lost, 0);
    EXPECT_GT(all.sent, 100);
    EXPECT_GT(all.saved, 10) << "without trouble there was nothing to see";
    std::cout << "chaos: " << length().count() << " s, " << changes << " changes of mood, " << all.sent << " requests sent, " << all.saved
              << " saved by another attempt, " << all.broken_later << " broken in the open after their first byte, " << all.lost
              << " lost before it\n";
    const auto quiet = [](const std::string& m) {
        return metric(m, "weir_upstream_in_flight") == 0 && metric(m, "weir_active_streams") == 0 && metric(m, "weir_connections") == 0 &&
               metric(m, "weir_buffered_body_bytes") == 0 && metric(m, "weir_queue_waiting") == 0;
    };
    EXPECT_TRUE(quiet(weir.metrics_when(quiet, 8s)));
}
