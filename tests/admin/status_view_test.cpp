// What operators are shown of a snapshot: JSON, page, metric families.
#include "admin/status_view.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <set>
#include <string>

#include "core/version.hpp"
#include "pools/made_snapshot.hpp"

namespace weir::admin {
namespace {

using namespace std::chrono_literals;
using test::made_snapshot;

const std::string two_pools =
    "pools:\n"
    "  main:\n"
    "    balance: least_outstanding\n"
    "    health_check: {}\n"
    "    ejection: {consecutive_failures: 1, base: 10s}\n"
    "    upstreams:\n"
    "      - {name: a, url: 'http://127.0.0.1:9001/v1', weight: 4, api_key: sk-upstream-secret, headers: "
    "{Authorization: hidden-too}, max_requests: 7}\n"
    "      - {name: b, url: 'http://127.0.0.1:9002/v1'}\n"
    "  claude: {dialect: anthropic, upstreams: [{name: c, url: 'http://127.0.0.1:9003'}]}\n"
    "routes:\n"
    "  - {models: [gpt-4o, 'gpt-5*'], pool: main, rename: {gpt-4o: gpt-4o-mini}, fallback: [{pool: claude, model: "
    "opus}]}\n"
    "  - {models: ['*'], pool: main}\n"
    "keys:\n"
    "  - {name: search, secret: sk-key-secret, models: ['gpt-*'], budgets: [{usd: 5, every: 1d}, {usd: 0.5, every: "
    "30d}], labels: {team: blue}, concurrent: 3}\n"
    "  - {name: old, secret: sk-other-secret, expires: 2001-01-01, endpoints: [chat, files]}\n";

class StatusView : public testing::Test {
protected:
    StatusView() : snapshot_(made_snapshot(two_pools, names_)) {}

    [[nodiscard]] simdjson::dom::element json(const process_facts& facts = {}) {
        text_ = status_json(*snapshot_, now_, facts);
        return parser_.parse(text_);
    }
    [[nodiscard]] policy::upstream_state& state(std::size_t pool, std::size_t upstream) { return *snapshot_->pools[pool].upstreams[upstream].state; }
    void spend(std::size_t budget, usage::nanousd amount) {
        auto& of = snapshot_->keys->keys()[0].window(budget);
        auto window = of.calendar().window_at(core::wall_clock::now());
        of.add(window, amount);
    }

    net::resolver names_;
    std::shared_ptr<const pools::snapshot> snapshot_;
    core::time_point now_ = core::clock::now();
    std::string text_;
    simdjson::dom::parser parser_;
};

std::string text(simdjson::simdjson_result<simdjson::dom::element> e) { return std::string{std::string_view{e}}; }

TEST_F(StatusView, ShowsConfAndListeners) {
    const auto all = json({{"127.0.0.1:4711"}, false, true});
    EXPECT_EQ(text(all["version"]), core::version);
    EXPECT_EQ(text(all["conf"]["file"]), "/nowhere/weir.yaml");
    EXPECT_EQ(text(all["conf"]["hash"]), snapshot_->conf->hash);
    EXPECT_EQ(text(all["conf"]["loaded_at"]).back(), 'Z');
    EXPECT_FALSE(bool(all["conf"]["last_reload_ok"]));
    EXPECT_TRUE(bool(all["draining"]));
    EXPECT_EQ(text(all["listeners"].at(0)["address"]), "127.0.0.1:4711");
    EXPECT_EQ(text(json()["listeners"].at(0)["address"]), "127.0.0.1:0");
}

TEST_F(StatusView, ShowsEachUpstreamWithItsStandingInWords) {
    auto& a = state(0, 0);
    a.load.request_started();
    a.load.request_started();
    a.report(policy::outcome::success, 250ms, now_, snapshot_->pools[0].conf->ejection, 0);
    a.load.request_ended();
    auto& b = state(0, 1);
    b.load.request_started();
    b.last_failure.note(503, "status 503 (overloaded)", now_ - 3s);
    b.report(policy::outcome::failure, 0ms, now_, snapshot_->pools[0].conf->ejection, 0);
    b.load.request_ended();
    state(1, 0).set_health(policy::health::down, now_);

    const auto all = json();
    const auto first = all["pools"].at(0)["upstreams"].at(0);
    EXPECT_EQ(text(all["pools"].at(0)["balance"]), "least_outstanding");
    EXPECT_TRUE(bool(all["pools"].at(0)["checked"]));
    EXPECT_EQ(int64_t(all["pools"].at(0)["queue"]["waiting"]), 0);
    EXPECT_EQ(int64_t(all["pools"].at(0)["queue"]["size"]), snapshot_->pools[0].conf->queue.size);
    EXPECT_EQ(text(first["name"]), "a");
    EXPECT_EQ(text(first["url"]), "http://127.0.0.1:9001/v1");
    EXPECT_EQ(int64_t(first["weight"]), 4);
    EXPECT_EQ(int64_t(first["max_requests"]), 7);
    EXPECT_EQ(int64_t(first["in_flight"]), 1);
    EXPECT_NEAR(double(first["latency_ms"]), 250, 0.2);
    EXPECT_EQ(text(first["state"]), "open");
    EXPECT_EQ(text(first["standing"]), a.describe(now_, snapshot_->pools[0].conf->ejection));
    const auto second = all["pools"].at(0)["upstreams"].at(1);
    EXPECT_EQ(text(second["state"]), "ejected");
    EXPECT_EQ(text(second["standing"]), "resting 10 s more after 1 failure");
    EXPECT_EQ(text(second["last_failure"]["reason"]), "status 503 (overloaded)");
    EXPECT_EQ(int64_t(second["last_failure"]["status"]), 503);
    EXPECT_EQ(int64_t(second["last_failure"]["ago_ms"]), 3000);
    EXPECT_EQ(text(second["last_failure"]["time"]).back(), 'Z');
    EXPECT_TRUE(first["last_failure"].is_null());
    EXPECT_TRUE(second["latency_ms"].is_null());
    const auto third = all["pools"].at(1)["upstreams"].at(0);
    EXPECT_EQ(text(third["verdict"]), "down");
    EXPECT_EQ(text(third["standing"]), "down by its health check");
    EXPECT_EQ(text(all["pools"].at(1)["dialect"]), "anthropic");
    EXPECT_FALSE(bool(all["pools"].at(1)["checked"]));
}

TEST_F(StatusView, ShowsHowTheLedgerIs) {
    EXPECT_TRUE(json()["ledger"].is_null());
    process_facts facts;
    facts.ledger = ledger_facts{false, 3, 4096};
    const auto all = json(facts);
    EXPECT_FALSE(bool(all["ledger"]["writable"]));
    EXPECT_EQ(int64_t(all["ledger"]["lost_rows"]), 3);
    EXPECT_EQ(int64_t(all["ledger"]["journal_bytes"]), 4096);
}

TEST_F(StatusView, ShowsRoutesInOrder) {
    const auto routes = json()["routes"];
    EXPECT_EQ(text(routes.at(0)["models"].at(1)), "gpt-5*");
    EXPECT_EQ(text(routes.at(0)["rename"]["gpt-4o"]), "gpt-4o-mini");
    EXPECT_EQ(text(routes.at(0)["fallback"].at(0)["pool"]), "claude");
    EXPECT_EQ(text(routes.at(0)["fallback"].at(0)["model"]), "opus");
    EXPECT_FALSE(bool(routes.at(0)["fallback"].at(0)["larger_context"]));
    EXPECT_EQ(text(routes.at(1)["models"].at(0)), "*");
}

TEST_F(StatusView, ShowsWhatIsLeftOfEachBudget) {
    // A quarter of five dollars in the day, and more than everything in the month.
    spend(0, 1'250'000'000);
    spend(1, 600'000'000);
    const auto keys = json()["keys"];
    EXPECT_EQ(text(keys.at(0)["name"]), "search");
    EXPECT_EQ(text(keys.at(0)["labels"]["team"]), "blue");
    EXPECT_EQ(int64_t(keys.at(0)["concurrent"]), 3);
    EXPECT_TRUE(keys.at(0)["tokens_per_minute"].is_null());
    EXPECT_FALSE(bool(keys.at(0)["expired"]));
    const auto day = keys.at(0)["budgets"].at(0);
    EXPECT_EQ(text(day["window"]), "1d");
    EXPECT_EQ(text(day["usd"]), "5");
    EXPECT_EQ(text(day["remaining_usd"]), "3.75");
    EXPECT_EQ(int64_t(day["remaining_percent"]), 75);
    EXPECT_EQ(text(day["resets_at"]).substr(10), "T00:00:00.000Z");
    const auto month = keys.at(0)["budgets"].at(1);
    EXPECT_EQ(text(month["remaining_usd"]), "-0.1");
    EXPECT_EQ(int64_t(month["remaining_percent"]), 0);
    EXPECT_TRUE(bool(keys.at(1)["expired"]));
    EXPECT_EQ(simdjson::dom::array(keys.at(0)["endpoints"]).size(), 0U);
    EXPECT_EQ(text(keys.at(0)["unpriced"]), "refuse") << "what holds, also where the conf is silent";
    EXPECT_EQ(text(keys.at(1)["endpoints"].at(1)), "files");
    EXPECT_EQ(text(keys.at(1)["unpriced"]), "serve");
}

TEST_F(StatusView, NeverShowsASecret) {
    const auto json_text = status_json(*snapshot_, now_);
    for (const char* secret : {"sk-upstream-secret", "sk-key-secret", "sk-other-secret", "hidden-too", "Bearer"})
        EXPECT_EQ(json_text.find(secret), std::string::npos) << secret;
}

TEST_F(StatusView, StaysValidJsonWhateverNamesHold) {
    auto conf = std::make_shared<config::conf>(*test::made_conf(two_pools));
    conf->pools[0].name = "quote\" back\\slash \x01 </script> \xff\xfe \xed\xa0\x80 \xf0\x9f\x98\x80";
    conf->pools[0].upstreams[0].name = std::string{"nul\0 inside", 11};
    conf->routes.clear();
    snapshot_ = pools::make_snapshot(conf, names_, nullptr);
    const auto all = json();
    EXPECT_EQ(text(all["pools"].at(0)["name"]),
              "quote\" back\\slash \x01 </script> \xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd "
              "\xf0\x9f\x98\x80");
    EXPECT_EQ(text(all["pools"].at(0)["upstreams"].at(0)["name"]), (std::string{"nul\0 inside", 11}));
}

TEST_F(StatusView, ShowsAnEmptyListOfKeysWhenNoneAreConfigured) {
    snapshot_ = made_snapshot("pools: {main: {upstreams: [{url: 'http://127.0.0.1:9001'}]}}\n", names_);
    EXPECT_EQ(simdjson::dom::array(json()["keys"]).size(), 0u);
    EXPECT_EQ(simdjson::dom::array(json()["routes"]).size(), 0u);
}

TEST(StatusPage, FetchesNothingFromElsewhereAndInsertsOnlyText) {
    const auto page = status_page();
    EXPECT_TRUE(page.starts_with("<!doctype html>"));
    EXPECT_TRUE(page.ends_with("</html>\n"));
    for (const char* absent : {"http:", "https:", "src=", "@import", "url(", "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval("})
        EXPECT_EQ(page.find(absent), std::string_view::npos) << absent;
    for (const char* present : {"ask(\"/api/events\"", "ask(\"/api/status\"", "prefers-color-scheme: dark", "width=device-width"})
        EXPECT_NE(page.find(present), std::string_view::npos) << present;
}

/// "name{label=value,…} number" of every value.
std::multiset<std::string> lines(const std::vector<prometheus::MetricFamily>& families) {
    std::multiset<std::string> all;
    for (const auto& family : families) {
        EXPECT_FALSE(family.help.empty()) << family.name;
        for (const auto& metric : family.metric) {
            std::string line = family.name + "{";
            for (const auto& label : metric.label) line += label.name + "=" + label.value + ",";
            all.insert(line + "} " + std::to_string(metric.gauge.value));
        }
    }
    return all;
}

TEST_F(StatusView, GivesMetricsOfUpstreamsAndBudgets) {
    const auto& settings = snapshot_->pools[0].conf->ejection;
    state(0, 0).load.request_started();
    state(0, 0).load.request_started();
    state(0, 1).load.request_started();
    state(0, 1).report(policy::outcome::failure, 0ms, now_, settings, 0);
    state(0, 1).load.request_ended();
    state(1, 0).set_health(policy::health::down, now_);
    spend(0, 1'250'000'000);
    std::vector<prometheus::MetricFamily> families;
    add_upstream_families(*snapshot_, now_, families);
    const std::multiset<std::string> expected = {
        "weir_upstream_healthy{pool=main,upstream=a,} 1.000000",
        "weir_upstream_healthy{pool=main,upstream=b,} 1.000000",
        "weir_upstream_healthy{pool=claude,upstream=c,} 0.000000",
        "weir_upstream_ejected{pool=main,upstream=a,} 0.000000",
        "weir_upstream_ejected{pool=main,upstream=b,} 1.000000",
        "weir_upstream_ejected{pool=claude,upstream=c,} 0.000000",
        "weir_upstream_in_flight{pool=main,upstream=a,} 2.000000",
        "weir_upstream_in_flight{pool=main,upstream=b,} 0.000000",
        "weir_upstream_in_flight{pool=claude,upstream=c,} 0.000000",
        "weir_queue_waiting{pool=main,} 0.000000",
        "weir_queue_waiting{pool=claude,} 0.000000",
        "weir_budget_remaining_usd{key=search,window=1d,} 3.750000",
        "weir_budget_remaining_usd{key=search,window=30d,} 0.500000",
        "weir_budget_usd{key=search,window=1d,} 5.000000",
        "weir_budget_usd{key=search,window=30d,} 0.500000",
    };
    EXPECT_EQ(lines(families), expected);
    // Its rest is over: it stays out until a request has probed it.
    families.clear();
    add_upstream_families(*snapshot_, now_ + 11s, families);
    EXPECT_EQ(lines(families).count("weir_upstream_ejected{pool=main,upstream=b,} 1.000000"), 1u);
}

TEST_F(StatusView, GivesMetricsOfTheConf) {
    std::vector<prometheus::MetricFamily> families;
    add_conf_families(*snapshot_, false, families);
    const auto all = lines(families);
    EXPECT_EQ(all.count("weir_conf_last_reload_successful{} 0.000000"), 1u);
    EXPECT_EQ(std::count_if(all.begin(), all.end(),
                            [&](const auto& l) {
                                return l.starts_with("weir_conf_info{hash=" + snapshot_->conf->hash + ",loaded_at=") && l.ends_with("Z,} 1.000000");
                            }),
              1);
    families.clear();
    add_conf_families(*snapshot_, true, families);
    EXPECT_EQ(lines(families).count("weir_conf_last_reload_successful{} 1.000000"), 1u);
}

}  // namespace
}  // namespace weir::admin
