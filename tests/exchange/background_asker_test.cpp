// What is asked for background responses, how often, and what is told of them: against a real socket.
#include "exchange/objects/background_asker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "mock/provider.hpp"
#include "net/resolver.hpp"
#include "pools/made_snapshot.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;

struct told {
    std::string id;
    std::size_t usages = 0;
    std::int64_t output = 0;
    bool over = false;
};

bool within(std::chrono::milliseconds limit, const std::function<bool()>& true_now) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (!true_now()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

class BackgroundAsker : public testing::Test {
protected:
    void SetUp() override {
        provider_.start();
        current_.use(test::made_snapshot("pools: {main: {upstreams: [{name: a, url: '" + provider_.url() + "/v1', api_key: sk-up}]}}\n", names_));
    }

    static ledger::object_ref response(std::string id, std::string upstream = "a") {
        ledger::made_object what;
        what.id = std::move(id);
        what.pool = "main";
        what.upstream = std::move(upstream);
        what.endpoint = dialect::label_of(dialect::endpoint::responses);
        what.time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(core::wall_clock::now().time_since_epoch()).count();
        what.owes = true;
        return std::make_shared<ledger::kept_object>(std::move(what));
    }
    std::vector<told> heard() {
        const std::scoped_lock lock(lock_);
        return heard_;
    }
    exchange::background_asker::listener hears() {
        return [this](const ledger::object_ref& of, std::vector<dialect::model_usage> usages, bool over) {
            const std::scoped_lock lock(lock_);
            heard_.push_back({of->made.id, usages.size(), usages.empty() ? 0 : usages[0].used.output, over});
        };
    }
    /// Asks once, out of turn, and waits for the end of that.
    static bool ask(exchange::background_asker& by, const ledger::object_ref& of) {
        std::atomic<bool> done{false};
        return by.ask_first(of, [&] { done = true; }) && within(10s, [&] { return done.load(); });
    }

    net::resolver names_;
    mock::provider provider_;
    exchange::latest_snapshot current_;
    std::mutex lock_;
    std::vector<told> heard_;
};

constexpr const char* completed = R"({"id":"resp_1","object":"response","status":"completed","model":"gpt-small","usage":)"
                                  R"({"input_tokens":3,"output_tokens":40,"total_tokens":43}})";
constexpr const char* running = R"({"id":"resp_1","object":"response","status":"in_progress","model":"gpt-small","usage":null})";

TEST_F(BackgroundAsker, TellsWhatAResponseCostThatIsOver) {
    provider_.always({.body = completed});
    exchange::background_asker by{current_, hears()};
    EXPECT_TRUE(ask(by, response("resp_1")));
    const auto all = heard();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].id, "resp_1");
    EXPECT_EQ(all[0].output, 40);
    EXPECT_TRUE(all[0].over);
    ASSERT_EQ(provider_.calls().size(), 1u);
    EXPECT_EQ(provider_.calls()[0].method, "GET");
    EXPECT_EQ(provider_.calls()[0].target, "/v1/responses/resp_1");
}

TEST_F(BackgroundAsker, TellsNothingOfOneThatRunsOrThatCannotBeAskedFor) {
    provider_.always({.body = running});
    exchange::background_asker by{current_, hears()};
    EXPECT_TRUE(ask(by, response("resp_1")));
    EXPECT_TRUE(ask(by, response("resp_1", "another"))) << "its upstream is not in the conf any more";
    auto paid = response("resp_1");
    paid->owes = false;
    EXPECT_TRUE(ask(by, paid));
    auto old = response("resp_1");
    old->made.time_ms = 1;
    EXPECT_TRUE(ask(by, old));
    EXPECT_TRUE(heard().empty());
    EXPECT_EQ(provider_.calls().size(), 1u);
}

TEST_F(BackgroundAsker, AsksAgainUntilItIsOver) {
    std::atomic<int> asked{0};
    provider_.on([&](const mock::call&) { return std::optional<mock::script>{{.body = asked++ == 0 ? running : completed}}; });
    exchange::background_asker by{current_, hears()};
    by.ask_for(response("resp_1"));
    by.ask_for(response("resp_1"));  // it is asked for already
    EXPECT_TRUE(within(20s, [&] { return !heard().empty(); }));
    EXPECT_EQ(provider_.calls().size(), 2u);
}

TEST_F(BackgroundAsker, AsksForNothingMoreOnceItHasLeftButOutOfTurn) {
    provider_.always({.body = completed});
    exchange::background_asker by{current_, hears()};
    by.ask_for(response("resp_1"));
    by.leave();
    by.ask_for(response("resp_2"));
    EXPECT_TRUE(ask(by, response("resp_3")));
    std::this_thread::sleep_for(1200ms);  // the first pause is a second
    ASSERT_EQ(heard().size(), 1u);
    EXPECT_EQ(heard()[0].id, "resp_3");
}

TEST_F(BackgroundAsker, EndsItsCallsWhenItIsStoppedAndAsksNothingAfter) {
    provider_.set_door(mock::door::silent);
    exchange::background_asker by{current_, hears()};
    std::atomic<bool> done{false};
    EXPECT_TRUE(by.ask_first(response("resp_1"), [&] { done = true; }));
    std::this_thread::sleep_for(20ms);
    const auto began = std::chrono::steady_clock::now();
    by.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 15s) << "not only when the call's patience was over";
    EXPECT_FALSE(by.ask_first(response("resp_1"), [] {}));
    by.ask_for(response("resp_2"));
    EXPECT_TRUE(heard().empty());
}

TEST_F(BackgroundAsker, AsksForBackgroundResponsesOnly) {
    auto one = response("resp_1");
    EXPECT_TRUE(exchange::background_asker::asks_for(one->made));
    one->made.endpoint = "/v1/batches";
    EXPECT_FALSE(exchange::background_asker::asks_for(one->made));
}

}  // namespace
