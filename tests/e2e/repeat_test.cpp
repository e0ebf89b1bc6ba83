// What is asked again and what is asked once: every endpoint × how its first attempt failed × whether a key makes repeating safe.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

constexpr std::size_t at_once = 12;

struct asked {
    const char* name;
    const char* method;
    const char* path;
    const char* body;  ///< MODEL is replaced
    bool makes;        ///< a second try might make a second thing
};
constexpr asked requests[] = {
    {"chat", "POST", "/v1/chat/completions", R"({"model":"MODEL","messages":[{"role":"user","content":"hi"}]})", false},
    {"deferred", "POST", "/v1/chat/completions", R"({"model":"MODEL","messages":[{"role":"user","content":"hi"}],"deferred":true})", true},
    {"responses", "POST", "/v1/responses", R"({"model":"MODEL","input":"hi"})", false},
    {"background", "POST", "/v1/responses", R"({"model":"MODEL","input":"hi","background":true})", true},
    {"embeddings", "POST", "/v1/embeddings", R"({"model":"MODEL","input":"hi"})", false},
    {"moderations", "POST", "/v1/moderations", R"({"model":"MODEL","input":"hi"})", false},
    {"speech", "POST", "/v1/audio/speech", R"({"model":"MODEL","input":"hi","voice":"alloy"})", false},
    {"images", "POST", "/v1/images/generations", R"({"model":"MODEL","prompt":"hi"})", true},
    {"videos", "POST", "/v1/videos", R"({"model":"MODEL","prompt":"hi"})", true},
};

struct failing {
    const char* name;
    mock::script how;
    bool nothing_was_done;  ///< the answer says so
};
std::vector<failing> failures() {
    return {
        {"s429", {.status = 429, .headers = {{"retry-after", "0"}}}, true},
        {"s503", {.status = 503}, true},
        {"s529", {.status = 529}, true},
        {"s500", {.status = 500}, false},
        {"s502", {.status = 502}, false},
        {"s504", {.status = 504}, false},
        {"s524", {.status = 524}, false},
        {"reset", {.ending = mock::ending::reset, .drop = true}, false},
        {"closed", {.drop = true}, false},
        {"late", {.before_head = 20s}, false},
    };
}

enum class key : std::uint8_t { none, of_client, of_pool };

class Repeat : public testing::Test {
protected:
    static void SetUpTestSuite() {
        provider_ = quick_provider("p");
        provider_->on([](const mock::call& what) -> std::optional<mock::script> {
            const std::lock_guard hold{mutex_};
            for (const auto& each : failures())
                if (what.model.find(std::string{"."} + each.name + '.') != std::string::npos)
                    return seen_[what.model]++ == 0 ? std::optional{each.how} : std::optional{mock::script{}};
            return std::nullopt;
        });
        const auto pool = [&](const std::string& name, const std::string& more) {
            return "  " + name + ":\n    balance: weighted_round_robin\n    ejection: {consecutive_failures: 100000}\n" +
                   "    retry: {attempts: 2, backoff: 1ms, max_backoff: 2ms, budget: 100%}\n    timeouts: {first_byte: 700ms}\n" + more +
                   "    upstreams: [{name: a, url: \"" + provider_->url() + "/v1\"}, {name: b, url: \"" + provider_->url() +
                   "/v1\", headers: {x-is: b}}]\n";
        };
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n" + pool("plain", "") + pool("safe", "    idempotency: on\n") +
                             "routes:\n  - {models: [\"safe.*\"], pool: safe}\n  - {models: [\"*\"], pool: plain}\n" + std::string{conf_end});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        provider_.reset();
    }

    static void try_out(const asked& what, const failing& how, key by) {
        const std::string model = std::string{by == key::of_pool     ? "safe."
                                              : by == key::of_client ? "client."
                                                                     : "plain."} +
                                  what.name + '.' + how.name + ".x";
        SCOPED_TRACE(model);
        std::string body = what.body;
        body.replace(body.find("MODEL"), 5, model);
        headers more;
        if (by == key::of_client) more.emplace_back("Idempotency-Key", "k-" + model);
        const auto got = exchange_once(weir_->url(), request_text(what.method, what.path, body, more), std::nullopt, 20s);
        const bool repeated = !what.makes || how.nothing_was_done || by != key::none;
        std::set<std::string> keys;
        std::size_t calls = 0;
        for (const auto& call : provider_->calls()) {
            if (call.model != model) continue;
            ++calls;
            keys.insert(call.header("idempotency-key"));
        }
        EXPECT_EQ(calls, repeated ? 2u : 1u);
        EXPECT_EQ(got.status == 200, repeated) << got.wire;
        EXPECT_EQ(keys.size(), 1u) << "every try carries the same";
        if (by == key::of_client) {
            EXPECT_EQ(*keys.begin(), "k-" + model);
        }
        if (by == key::of_pool) {
            EXPECT_EQ(keys.begin()->empty(), !what.makes);
        }
    }

    static std::mutex mutex_;
    static std::map<std::string, int> seen_;
    static std::unique_ptr<mock::provider> provider_;
    static std::unique_ptr<gateway_process> weir_;
};

std::mutex Repeat::mutex_;
std::map<std::string, int> Repeat::seen_;
std::unique_ptr<mock::provider> Repeat::provider_;
std::unique_ptr<gateway_process> Repeat::weir_;

}  // namespace

TEST_F(Repeat, WhatMakesSomethingIsAskedOnceUnlessNothingWasDoneOrAKeyMakesItSafe) {
    struct cell {
        const asked* what;
        failing how;
        key by;
    };
    std::vector<cell> all;
    for (const auto& what : requests)
        for (const auto& how : failures())
            for (const key by : {key::none, key::of_client, key::of_pool}) all.push_back({&what, how, by});
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> running;
    for (std::size_t t = 0; t < at_once; ++t)
        running.emplace_back([&] {
            for (std::size_t i = next++; i < all.size(); i = next++) try_out(*all[i].what, all[i].how, all[i].by);
        });
    for (auto& thread : running) thread.join();
}

// What can be asked only once does not go out on a connection that may have been closed meanwhile.
TEST_F(Repeat, WhatMakesSomethingGoesOutOnAConnectionThatWasUsedAMomentAgoOrOnANewOne) {
    const auto picture = request_text("POST", "/v1/images/generations", R"({"model":"plain.image","prompt":"hi"})");
    const auto chat = request_text("POST", "/v1/chat/completions", R"({"model":"plain.chat","messages":[{"role":"user","content":"hi"}]})");
    raw_client client{weir_->url()};
    const auto ask = [&](const std::string& request) {
        client.send(request);
        EXPECT_EQ(client.read_response().status, 200);
        return provider_->calls().back().connection;
    };
    for (int i = 0; i < 4; ++i) ask(chat);
    const auto before = provider_->connections();
    ask(picture);
    ask(picture);
    EXPECT_EQ(provider_->connections(), before) << "a moment ago";
    std::this_thread::sleep_for(1500ms);
    ask(chat);
    EXPECT_EQ(provider_->connections(), before) << "what may be repeated takes any";
    std::this_thread::sleep_for(1500ms);
    ask(picture);
    EXPECT_EQ(provider_->connections(), before + 1) << "a new one";
}
