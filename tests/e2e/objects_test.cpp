// Objects that providers keep (stored and background responses, videos, batches): who reaches them, where requests about them go, and that what
// they cost is charged to who made them, once, also when nobody asks and when weir dies in between.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <csignal>
#include <set>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
namespace json = boost::json;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

std::unique_ptr<mock::provider> keeping_provider(const std::string& name) {
    mock::options options;
    options.name = name;
    options.timing = mock::timing::none();
    options.stateful = true;
    auto made = std::make_unique<mock::provider>(std::move(options));
    made->start();
    return made;
}

std::string id_in(const response& got) {
    json::error_code failed;
    const auto document = json::parse(got.body, failed);
    if (failed || !document.is_object() || !document.as_object().contains("id")) return {};
    return std::string{document.as_object().at("id").as_string()};
}

class Objects : public testing::Test {
protected:
    Objects() : first_(keeping_provider("first")), second_(keeping_provider("second")), claude_(keeping_provider("claude")) {}

    /// Two pools of the same dialect and no route for everything: nothing but what made an object says where it is.
    [[nodiscard]] std::unique_ptr<gateway_process> start(const std::string& ledger = "") const {
        const std::string state = ledger == "off" ? "off" : ledger.empty() ? books_.file("ledger.db") : ledger;
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "prices: prices.yaml\n"
            "pools:\n"
            "  first:\n    upstreams:\n" +
            upstream_of(*first_) + "  second:\n    upstreams:\n" + upstream_of(*second_) + "  claude:\n    dialect: anthropic\n    upstreams:\n" +
            upstream_of(*claude_) +
            "routes:\n  - {models: [\"one*\"], pool: first}\n  - {models: [\"two*\", \"gpt-*\"], pool: second}\n  - {models: [\"claude*\"], pool: "
            "claude}\n"
            "keys:\n"
            "  - {name: ann, secret: sk-ann, budgets: [{usd: 100, every: 30d}], endpoints: [chat, responses, video, batches, messages]}\n"
            "  - {name: bob, secret: sk-bob, models: [\"*\"], endpoints: [chat, responses, video, batches, messages]}\n"
            "  - {name: cap, secret: sk-cap, max_output_tokens: 1000}\n"
            "  - {name: free, secret: sk-free}\n"
            "admin: {address: \"127.0.0.1:0\"}\nworkers: 2\n"
            "state: {ledger: \"" +
            state + "\"}\nlog: {access: access.log, level: debug}\n";
        // One cent for a token of output: sums can be read off.
        return std::make_unique<gateway_process>(WEIR_BINARY, conf,
                                                 gateway_process::files{{"prices.yaml", "models:\n  \"*\": {input: 0, output: 10000.00}\n"}});
    }

    [[nodiscard]] static response ask(const gateway_process& weir, const std::string& key, const std::string& method, const std::string& path,
                                      const std::string& body = {}) {
        return exchange_once(weir.url(), request_text(method, path, body, {{"Authorization", "Bearer " + key}}));
    }

    [[nodiscard]] static std::string make_background(const gateway_process& weir, const std::string& key, const std::string& model = "two-x") {
        const auto got = ask(weir, key, "POST", "/v1/responses", R"({"model":")" + model + R"(","input":"Say something","background":true})");
        EXPECT_EQ(got.status, 200) << got.wire;
        EXPECT_NE(got.body.find("\"queued\""), std::string::npos) << got.body;
        return id_in(got);
    }

    /// Rows of `weir spend`, by key and lateness.
    struct sums {
        std::int64_t requests = 0, output = 0;
        double usd = 0;
    };
    [[nodiscard]] static sums spent(const gateway_process& weir, const std::string& key, bool late) {
        process spend{{WEIR_BINARY, "spend", "-c", weir.folder().file("weir.yaml"), "--by", "key,late", "--format", "json"},
                      weir.folder().path().string()};
        EXPECT_EQ(spend.wait(), 0) << spend.err();
        std::this_thread::sleep_for(20ms);
        json::error_code failed;
        const auto rows = json::parse(spend.out(), failed);
        EXPECT_FALSE(failed) << spend.out();
        sums out;
        if (failed) return out;
        for (const auto& each : rows.as_array()) {
            const auto& row = each.as_object();
            if (row.at("key").as_string() != key.c_str() || row.at("late").as_string() != (late ? "true" : "false")) continue;
            out.requests += row.at("requests").to_number<std::int64_t>();
            out.output += row.at("output_tokens").to_number<std::int64_t>();
            const auto& usd = row.at("cost_usd");
            out.usd += usd.is_string() ? std::stod(std::string{usd.as_string()}) : usd.to_number<double>();
        }
        return out;
    }
    [[nodiscard]] static bool comes_true(const std::function<bool()>& what, std::chrono::milliseconds limit) {
        const auto until = std::chrono::steady_clock::now() + limit;
        while (!what()) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::sleep_for(100ms);
        }
        return true;
    }
    [[nodiscard]] static double left(const gateway_process& weir) { return metric(weir.metrics(), "weir_budget_remaining_usd", {"key=\"ann\""}); }
    [[nodiscard]] static double shown(const gateway_process& weir) { return metric(weir.metrics(), "weir_spend_usd_total", {"key=\"ann\""}); }

    temp_folder books_;
    std::unique_ptr<mock::provider> first_, second_, claude_;
};

struct made_thing {
    const char* what;
    const char* path;
    std::string body;
    std::vector<std::pair<std::string, std::string>> follow_ups;  ///< method, what stands behind the id
};

std::vector<made_thing> things() {
    return {
        {"response",
         "/v1/responses",
         R"({"model":"two-x","input":"Say"})",
         {{"GET", ""}, {"GET", "/input_items"}, {"POST", "/cancel"}, {"DELETE", ""}}},
        {"video", "/v1/videos", R"({"model":"two-x","prompt":"rain"})", {{"GET", ""}, {"GET", "/content"}, {"DELETE", ""}}},
        {"message batch",
         "/v1/messages/batches",
         R"({"requests":[{"custom_id":"1","params":{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"Say"}]}}]})",
         {{"GET", ""}, {"GET", "/results"}}},
    };
}

}  // namespace

TEST_F(Objects, ARestrictedKeyReachesWhatItMadeWithAnyMethodAndNothingElse) {
    const auto weir = start();
    for (const auto& thing : things()) {
        SCOPED_TRACE(thing.what);
        const auto got = ask(*weir, "sk-ann", "POST", thing.path, thing.body);
        ASSERT_EQ(got.status, 200) << got.wire;
        const std::string id = id_in(got), path = std::string{thing.path} + "/";
        for (const auto& [method, behind] : thing.follow_ups) {
            for (auto* provider : {first_.get(), second_.get(), claude_.get()}) provider->forget();
            EXPECT_EQ(ask(*weir, "sk-bob", method, path + id + behind).status, 404) << method << behind;
            EXPECT_EQ(ask(*weir, "sk-ann", method, path + "nobodys" + behind).status, 404) << method << behind;
            EXPECT_EQ(first_->call_count() + second_->call_count() + claude_->call_count(), 0U) << "nothing is sent upstream";
        }
        for (const auto& [method, behind] : thing.follow_ups) {
            if (method == std::string{"DELETE"}) continue;
            EXPECT_EQ(ask(*weir, "sk-ann", method, path + id + behind).status, 200) << method << behind;
            EXPECT_EQ(ask(*weir, "sk-free", method, path + id + behind).status, 200) << method << behind;
        }
        EXPECT_EQ(ask(*weir, "sk-ann", "GET", thing.path == std::string{"/v1/responses"} ? "/v1/batches" : thing.path).status, 403) << "a list";
        if (thing.follow_ups.back().first == "DELETE") {
            EXPECT_EQ(ask(*weir, "sk-ann", "DELETE", path + id).status, 200);
        }
    }
}

TEST_F(Objects, WhatIsNotThereIsSaidInTheProvidersForm) {
    const auto weir = start();
    const auto openai = ask(*weir, "sk-ann", "GET", "/v1/responses/resp_nobodys");
    EXPECT_EQ(openai.status, 404);
    EXPECT_NE(openai.body.find(R"("error":{"message":"Response with id 'resp_nobodys' not found.","type":"invalid_request_error")"),
              std::string::npos)
        << openai.body;
    const auto anthropic = ask(*weir, "sk-ann", "GET", "/v1/messages/batches/msgbatch_nobodys");
    EXPECT_EQ(anthropic.status, 404);
    EXPECT_NE(anthropic.body.find(R"("type":"not_found_error")"), std::string::npos) << anthropic.body;
    const auto gemini = ask(*weir, "sk-ann", "GET", "/v1beta/batches/nobodys");
    EXPECT_EQ(gemini.status, 404);
    EXPECT_NE(gemini.body.find(R"("status":"NOT_FOUND")"), std::string::npos) << gemini.body;
}

TEST_F(Objects, StreamedResponsesBelongToTheirMakerToo) {
    const auto weir = start();
    const auto got = ask(*weir, "sk-ann", "POST", "/v1/responses", R"({"model":"two-x","input":"Say","stream":true})");
    const auto at = got.body.find("\"id\":\"resp_");
    ASSERT_NE(at, std::string::npos) << got.wire;
    const auto id = got.body.substr(at + 6, got.body.find('"', at + 6) - at - 6);
    EXPECT_EQ(ask(*weir, "sk-ann", "GET", "/v1/responses/" + id).status, 200);
    EXPECT_EQ(ask(*weir, "sk-bob", "GET", "/v1/responses/" + id).status, 404);
}

// Twelve keys with a limit each would share the account without this; those without any limit do.
TEST_F(Objects, KeysWithoutLimitsReachEverything) {
    const auto weir = start();
    const auto got = ask(*weir, "sk-cap", "POST", "/v1/responses", R"({"model":"two-x","input":"Say"})");
    ASSERT_EQ(got.status, 200);
    EXPECT_EQ(ask(*weir, "sk-free", "GET", "/v1/responses/" + id_in(got)).status, 200);
    EXPECT_EQ(ask(*weir, "sk-cap", "GET", "/v1/responses/" + id_in(got)).status, 200);
}

TEST_F(Objects, MakersAreKnownAfterKillNine) {
    for (const bool has_ledger : {true, false}) {
        SCOPED_TRACE(has_ledger);
        auto weir = start(has_ledger ? "" : "off");
        const auto got = ask(*weir, "sk-ann", "POST", "/v1/responses", R"({"model":"two-x","input":"Say"})");
        ASSERT_EQ(got.status, 200);
        if (has_ledger) {
            weir->kill();
            weir = start();
        }
        EXPECT_EQ(ask(*weir, "sk-ann", "GET", "/v1/responses/" + id_in(got)).status, 200);
        EXPECT_EQ(ask(*weir, "sk-bob", "GET", "/v1/responses/" + id_in(got)).status, 404);
    }
}

TEST_F(Objects, MakersAreKnownAfterAReload) {
    const auto weir = start();
    const auto got = ask(*weir, "sk-ann", "POST", "/v1/videos", R"({"model":"two-x","prompt":"rain"})");
    weir->program().signal(SIGHUP);
    std::this_thread::sleep_for(300ms);
    EXPECT_EQ(ask(*weir, "sk-ann", "GET", "/v1/videos/" + id_in(got)).status, 200);
    EXPECT_EQ(ask(*weir, "sk-bob", "GET", "/v1/videos/" + id_in(got)).status, 404);
}

TEST_F(Objects, PollingGoesToThePoolThatMadeIt) {
    const auto weir = start();
    // The mocks count their ids from one each: not the same ids, please.
    for (int i = 0; i < 9; ++i) EXPECT_EQ(ask(*weir, "sk-free", "POST", "/v1/chat/completions", chat_body("two-x", false)).status, 200);
    for (const char* model : {"one-x", "two-x"}) {
        SCOPED_TRACE(model);
        auto& there = model == std::string{"one-x"} ? *first_ : *second_;
        auto& elsewhere = model == std::string{"one-x"} ? *second_ : *first_;
        for (const auto& thing : {things()[0], things()[1]}) {
            std::string body = thing.body;
            body.replace(body.find("two-x"), 5, model);
            const auto got = ask(*weir, "sk-free", "POST", thing.path, body);
            ASSERT_EQ(got.status, 200) << got.wire;
            elsewhere.forget();
            EXPECT_EQ(ask(*weir, "sk-free", "GET", std::string{thing.path} + "/" + id_in(got)).status, 200) << thing.what;
            EXPECT_EQ(elsewhere.call_count(), 0U);
        }
        there.forget();
    }
}

TEST_F(Objects, RequestsWithoutAModelGoToTheFirstPoolOfTheirDialect) {
    const auto weir = start();
    for (auto* provider : {first_.get(), second_.get(), claude_.get()}) provider->forget();
    EXPECT_EQ(ask(*weir, "sk-free", "GET", "/v1/files").status, 200);
    EXPECT_EQ(first_->call_count(), 1U);
    EXPECT_EQ(ask(*weir, "sk-free", "GET", "/v1/responses/resp_unknown").status, 404) << "the provider's own";
    EXPECT_EQ(first_->call_count(), 2U);
    EXPECT_EQ(ask(*weir, "sk-free", "GET", "/v1/messages/batches").status, 200);
    EXPECT_EQ(claude_->call_count(), 1U);
    EXPECT_EQ(second_->call_count(), 0U);
}

TEST_F(Objects, ABackgroundResponseIsChargedThoughNobodyAsksForIt) {
    const auto weir = start();
    const auto id = make_background(*weir, "sk-ann");
    ASSERT_NE(id, "");
    const auto making = spent(*weir, "ann", false);
    EXPECT_EQ(making.requests, 1);
    ASSERT_TRUE(comes_true([&] { return spent(*weir, "ann", true).output > 0; }, 20s)) << "asked after 1 s and 2 s: it is done at the second look";
    const auto late = spent(*weir, "ann", true);
    EXPECT_EQ(late.requests, 0) << "it is no request";
    const auto said = second_->calls().back();
    json::error_code failed;
    const auto usage = json::parse(said.answered, failed).at("usage").as_object();
    const auto tokens = usage.at("output_tokens").to_number<std::int64_t>();
    EXPECT_EQ(making.output + late.output, tokens) << "the sum for the object ends at the report";
    EXPECT_NEAR(making.usd + late.usd, 0.01 * static_cast<double>(tokens), 1e-9);
    EXPECT_NEAR(left(*weir), 100 - 0.01 * static_cast<double>(tokens), 1e-9);
    EXPECT_NEAR(shown(*weir), 0.01 * static_cast<double>(tokens), 1e-9);
    const auto calls = second_->call_count();
    std::this_thread::sleep_for(5s);
    EXPECT_EQ(second_->call_count(), calls) << "nobody is asked about what is over";
    EXPECT_EQ(weir->log_line("background-poll", 10ms), "") << "not in the access log";
}

TEST_F(Objects, WhoeverAsksFirstBringsTheUsageAndItIsChargedOnceToTheMaker) {
    const auto weir = start();
    const auto id = make_background(*weir, "sk-ann");
    EXPECT_EQ(ask(*weir, "sk-free", "GET", "/v1/responses/" + id).status, 200);
    const auto done = ask(*weir, "sk-free", "GET", "/v1/responses/" + id);
    EXPECT_NE(done.body.find("\"completed\""), std::string::npos) << done.body;
    EXPECT_EQ(done.header("x-weir-cost-usd"), "");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(*weir, "sk-ann", "GET", "/v1/responses/" + id).status, 200);
    std::this_thread::sleep_for(4s);
    const auto making = spent(*weir, "ann", false), late = spent(*weir, "ann", true);
    json::error_code failed;
    const auto tokens = json::parse(done.body, failed).at("usage").at("output_tokens").to_number<std::int64_t>();
    EXPECT_EQ(making.output + late.output, tokens);
    EXPECT_NEAR(making.usd + late.usd, 0.01 * static_cast<double>(tokens), 1e-9);
    EXPECT_EQ(spent(*weir, "free", false).usd, 0) << "the request that brought it costs nothing";
    EXPECT_EQ(spent(*weir, "free", true).output, 0);
    EXPECT_EQ(spent(*weir, "ann", false).output, making.output);
}

TEST_F(Objects, AResumedStreamBringsTheUsageToo) {
    const auto weir = start();
    const auto id = make_background(*weir, "sk-ann");
    const auto got = ask(*weir, "sk-ann", "GET", "/v1/responses/" + id + "?stream=true");
    EXPECT_NE(got.body.find("response.completed"), std::string::npos) << got.wire;
    EXPECT_TRUE(comes_true([&] { return spent(*weir, "ann", true).output > 0; }, 3s));
    const auto once = spent(*weir, "ann", true).output;
    EXPECT_EQ(ask(*weir, "sk-ann", "GET", "/v1/responses/" + id + "?stream=true").status, 200);
    std::this_thread::sleep_for(1s);
    EXPECT_EQ(spent(*weir, "ann", true).output, once);
}

TEST_F(Objects, WhatIsDeletedIsAskedFirst) {
    const auto weir = start();
    const auto id = make_background(*weir, "sk-ann");
    EXPECT_EQ(ask(*weir, "sk-free", "GET", "/v1/models").status, 200);
    // One look, so that the next one finds it done: without a look before the deletion nobody would ever know.
    const auto looked = second_->call_count();
    ASSERT_TRUE(comes_true([&] { return second_->call_count() > looked; }, 3s));
    EXPECT_EQ(ask(*weir, "sk-ann", "DELETE", "/v1/responses/" + id).status, 200);
    EXPECT_TRUE(comes_true([&] { return spent(*weir, "ann", true).output > 0; }, 3s));
}

TEST_F(Objects, ABackgroundResponseIsChargedAlsoWhenWeirIsKilledInBetween) {
    auto weir = start();
    const auto id = make_background(*weir, "sk-ann");
    weir->kill();
    weir = start();
    EXPECT_TRUE(comes_true([&] { return spent(*weir, "ann", true).output > 0; }, 20s));
    EXPECT_NEAR(left(*weir), 100 - spent(*weir, "ann", true).usd - spent(*weir, "ann", false).usd, 1e-9);
    EXPECT_EQ(ask(*weir, "sk-ann", "GET", "/v1/responses/" + id).status, 200);
    const auto late = spent(*weir, "ann", true).output;
    weir->kill();
    weir = start();
    std::this_thread::sleep_for(4s);
    EXPECT_EQ(spent(*weir, "ann", true).output, late) << "once, over restarts too";
}

TEST_F(Objects, ABackgroundResponseIsChargedWithoutALedger) {
    const auto weir = start("off");
    (void)make_background(*weir, "sk-ann");
    EXPECT_TRUE(comes_true([&] { return shown(*weir) > 0.02; }, 20s));
    EXPECT_NEAR(left(*weir), 100 - shown(*weir), 1e-9);
}

TEST_F(Objects, ResultsOfMessageBatchesAreChargedOnceToTheirMaker) {
    const auto weir = start();
    const auto got = ask(*weir, "sk-ann", "POST", "/v1/messages/batches", things()[2].body);
    const auto path = "/v1/messages/batches/" + id_in(got) + "/results";
    EXPECT_EQ(ask(*weir, "sk-free", "GET", path).status, 200);
    ASSERT_TRUE(comes_true([&] { return spent(*weir, "ann", true).output > 0; }, 3s));
    const auto once = spent(*weir, "ann", true).output;
    EXPECT_EQ(ask(*weir, "sk-ann", "GET", path).status, 200);
    std::this_thread::sleep_for(500ms);
    EXPECT_EQ(spent(*weir, "ann", true).output, once);
    EXPECT_EQ(spent(*weir, "free", true).output + spent(*weir, "free", false).output, 0);
}

namespace {

/// The process that took over; ended with the test.
class successor {
public:
    explicit successor(gateway_process& of) {
        of.program().signal(SIGUSR2);
        const std::string words = "handed over to pid ";
        of.program().wait_err([&](const std::string& err) { return err.find(words) != std::string::npos; });
        const auto err = of.program().err();
        if (const auto at = err.find(words); at != std::string::npos) pid_ = std::atoi(err.c_str() + at + words.size());
    }
    ~successor() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGTERM);
        for (int i = 0; i < 100 && ::kill(pid_, 0) == 0; ++i) std::this_thread::sleep_for(50ms);
    }
    successor(const successor&) = delete;
    successor& operator=(const successor&) = delete;
    [[nodiscard]] bool serves() const { return pid_ > 0; }

private:
    pid_t pid_ = 0;
};

}  // namespace

TEST_F(Objects, ASuccessorKnowsWhatItsPredecessorMadeAlsoInItsLastMoments) {
    const auto weir = start();
    const auto before = make_background(*weir, "sk-ann");
    raw_client kept{weir->url()};
    const std::string making =
        request_text("POST", "/v1/responses", R"({"model":"two-x","input":"Say something","background":true})", {{"Authorization", "Bearer sk-ann"}});
    ASSERT_TRUE(kept.send(making));
    const auto early = kept.read_response();
    ASSERT_EQ(early.status, 200);
    const successor next{*weir};
    ASSERT_TRUE(next.serves()) << weir->program().err();
    std::vector<std::string> ids{before, id_in(early)};
    if (kept.send(making))  // the predecessor's last call
        if (const auto last = kept.read_response(); last.status == 200) ids.push_back(id_in(last));
    EXPECT_EQ(ids.size(), 3U);
    for (const auto& id : ids) {
        EXPECT_EQ(ask(*weir, "sk-ann", "GET", "/v1/responses/" + id).status, 200) << id;
        EXPECT_EQ(ask(*weir, "sk-bob", "GET", "/v1/responses/" + id).status, 404) << id;
    }
    std::int64_t tokens = 0;
    std::set<std::string> done;
    const bool all_over = comes_true(
        [&] {
            for (const auto& id : ids)
                if (const auto got = ask(*weir, "sk-free", "GET", "/v1/responses/" + id);
                    !done.contains(id) && got.body.find("\"completed\"") != std::string::npos) {
                    json::error_code failed;
                    tokens += json::parse(got.body, failed).at("usage").at("output_tokens").to_number<std::int64_t>();
                    done.insert(id);
                }
            return done.size() == ids.size();
        },
        10s);
    EXPECT_TRUE(all_over);
    const auto sum = [&] { return spent(*weir, "ann", true).output + spent(*weir, "ann", false).output; };
    EXPECT_TRUE(comes_true([&] { return sum() >= tokens; }, 10s));
    std::this_thread::sleep_for(3s);
    EXPECT_EQ(sum(), tokens) << "once, whoever of the two saw it";
}
