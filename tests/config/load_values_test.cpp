// What a loaded conf holds: the contract's defaults, and every key of the contract's example.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "config/fixtures.hpp"

namespace {

using namespace weir;
using namespace weir::config;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;

const environment none = test::environment_of({});

std::shared_ptr<const conf> must_load(const std::string& text, const std::string& path = "/etc/weir/weir.yaml", const environment& env = none) {
    const loaded result = load_text(text, path, env);
    for (const fault& f : result.faults) ADD_FAILURE() << to_string(f);
    return result.value;
}

std::array<unsigned char, 32> sha256(std::string_view text) {
    std::array<unsigned char, 32> digest{};
    EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    return digest;
}

const std::string minimal =
    "listeners: [{address: 127.0.0.1:8080}]\n"
    "pools:\n"
    "  openai:\n"
    "    upstreams:\n"
    "      - url: https://api.openai.com/v1\n";

}  // namespace

TEST(LoadValues, OfFiveLinesAreTheContractsDefaults) {
    const auto conf = must_load(minimal);
    ASSERT_TRUE(conf);
    EXPECT_EQ(conf->file, "/etc/weir/weir.yaml");
    EXPECT_EQ(conf->hash.size(), 12u);
    EXPECT_EQ(conf->admin_address, "127.0.0.1:9464");
    EXPECT_EQ(conf->workers, 0);
    EXPECT_EQ(conf->limits.request_head, 32u * 1024);
    EXPECT_EQ(conf->limits.request_body, 64u << 20);
    EXPECT_EQ(conf->limits.buffered_bodies, 1u << 30);
    EXPECT_EQ(conf->limits.connections, 20000);
    EXPECT_EQ(conf->limits.event_loop_delay, 1s);
    EXPECT_EQ(conf->limits.head_timeout, 10s);
    EXPECT_EQ(conf->limits.body_timeout, 30s);
    EXPECT_EQ(conf->limits.keepalive_timeout, 75s);
    EXPECT_EQ(conf->limits.drain_timeout, 10min);
    EXPECT_TRUE(conf->limits.normalize_paths);
    EXPECT_TRUE(conf->routes.empty());
    EXPECT_TRUE(conf->keys.empty());
    EXPECT_TRUE(conf->prices.rows().empty());
    EXPECT_EQ(conf->state.ledger, "/etc/weir/weir-ledger.db");
    EXPECT_FALSE(conf->state.shared);
    EXPECT_EQ(conf->log.access, "stdout");
    EXPECT_EQ(conf->log.level, telemetry::level::info);
}

TEST(LoadValues, OfEjectionLeaveTheFailureRateAloneUnlessOnlyFailuresInARowAreSpokenOf) {
    const std::vector<std::pair<std::string, int>> ways = {{"{}", 50},
                                                           {"{base: 5s}", 50},
                                                           {"{consecutive_failures: 3}", 0},
                                                           {"{consecutive_failures: 3, base: 5s}", 0},
                                                           {"{consecutive_failures: 3, min_requests: 30}", 50},
                                                           {"{consecutive_failures: 3, window: 1m}", 50},
                                                           {"{consecutive_failures: 3, failure_rate: 20%}", 20},
                                                           {"{failure_rate: off}", 0},
                                                           {"{failure_rate: 0%}", 0}};
    for (const auto& [ejection, percent] : ways) {
        SCOPED_TRACE(ejection);
        const auto conf =
            must_load("listeners: [{address: '[::1]:1'}]\npools: {a: {upstreams: [{url: 'http://[::1]:99/'}], ejection: " + ejection + "}}\n");
        ASSERT_TRUE(conf);
        EXPECT_EQ(conf->pools[0].ejection.failure_rate_percent, percent);
    }
}

TEST(LoadValues, OfAPoolAreTheContractsDefaults) {
    const auto conf = must_load(minimal);
    ASSERT_TRUE(conf);
    const pool_conf& pool = conf->pools.at(0);
    EXPECT_EQ(pool.name, "openai");
    EXPECT_EQ(pool.dialect, dialect::kind::openai);
    EXPECT_EQ(pool.balance, policy::balance::peak_ewma);
    EXPECT_FALSE(pool.health_check);
    EXPECT_EQ(pool.ejection.consecutive_failures, 5);
    EXPECT_EQ(pool.ejection.failure_rate_percent, 50);
    EXPECT_EQ(pool.ejection.min_requests, 20);
    EXPECT_EQ(pool.ejection.window, 30s);
    EXPECT_EQ(pool.ejection.max_ejected_percent, 50);
    EXPECT_EQ(pool.retry.attempts, 3);
    EXPECT_THAT(pool.retry.on_status, ElementsAre(429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529));
    EXPECT_EQ(pool.retry.budget_percent, 20);
    EXPECT_EQ(pool.timeouts.first_token, 300s);
    EXPECT_EQ(pool.keepalive.idle, 256);
    EXPECT_EQ(pool.on_disconnect, on_disconnect::cancel);
    EXPECT_TRUE(pool.ask_usage);
    EXPECT_TRUE(pool.panic);
    EXPECT_FALSE(pool.heartbeat);
    EXPECT_FALSE(pool.collect);
    const upstream_conf& upstream = pool.upstreams.at(0);
    EXPECT_EQ(upstream.name, "api.openai.com");
    EXPECT_EQ(upstream.port, "443");
    EXPECT_EQ(upstream.base_path, "/v1");
    EXPECT_EQ(upstream.weight, 1);
    EXPECT_TRUE(upstream.api_key.empty());
    EXPECT_TRUE(upstream.tls.verify);
}

TEST(LoadValues, OfCorsAreOriginsAsBrowsersWriteThem) {
    EXPECT_FALSE(must_load(minimal)->cors);
    const auto conf = must_load(minimal + "cors: {origins: ['https://App.Example:443', 'http://localhost:3000', '*']}\n");
    ASSERT_TRUE(conf && conf->cors);
    EXPECT_THAT(conf->cors->origins, ElementsAre("https://app.example", "http://localhost:3000", "*"));
    EXPECT_THAT(conf->cors->headers, ElementsAre());
    EXPECT_EQ(conf->cors->max_age, 10min);
    const auto more = must_load(minimal + "cors: {origins: ['*'], headers: [Authorization], max_age: 1h}\n");
    ASSERT_TRUE(more && more->cors);
    EXPECT_THAT(more->cors->headers, ElementsAre("Authorization"));
    EXPECT_EQ(more->cors->max_age, 1h);
}

TEST(LoadValues, OfTheContractsExampleAreAllThere) {
    const test::folder folder;
    const std::string source = WEIR_SOURCE_DIR "/tests/config/contract/";
    folder.write("prices.yaml", test::file_text_of(source + "prices.yaml"));
    const test::identity identity = test::make_identity(-1, 365);
    folder.write("tls/cert.pem", identity.certificate);
    folder.write("tls/key.pem", identity.key);
    folder.write("tls/clients.pem", identity.certificate);
    folder.write("ca.pem", identity.certificate);
    // The example's routes lead to pools that it does not show.
    std::string text = test::file_text_of(source + "weir.yaml");
    const std::string more_pools =
        "  azure: {upstreams: [{name: aggregator-eu, url: 'https://azure.example/openai/v1'}]}\n"
        "  deepseek: {upstreams: [{url: 'https://api.deepseek.com/v1'}]}\n\n";
    text.insert(text.find("routes:"), more_pools);
    const std::string path = folder.write("weir.yaml", text);
    const loaded result = load(path, test::environment_of({{"OPENAI_API_KEY", " sk-1\n"}, {"WEIR_KEY_DIFY", "wk-1"}}));
    ASSERT_TRUE(result.value) << test::list_of(result.faults);
    for (const fault& f : result.faults) EXPECT_TRUE(f.warning) << to_string(f);

    const conf& conf = *result.value;
    ASSERT_EQ(conf.listeners.size(), 2u);
    EXPECT_EQ(conf.listeners[1].tls->certificate, folder.at("tls/cert.pem"));
    EXPECT_EQ(conf.listeners[1].tls->client_ca, folder.at("tls/clients.pem"));
    EXPECT_EQ(conf.listeners[1].tls->min_version, "1.2");
    const upstream_conf& upstream = conf.pools.at(0).upstreams.at(0);
    EXPECT_EQ(upstream.name, "openai-main");
    EXPECT_EQ(upstream.weight, 4);
    EXPECT_EQ(upstream.api_key.reveal(), "sk-1") << "trimmed";
    EXPECT_EQ(upstream.headers.at(0).first, "OpenAI-Organization");
    EXPECT_EQ(upstream.headers.at(0).second.reveal(), "org-1");
    EXPECT_EQ(upstream.max_requests, 500);
    EXPECT_EQ(upstream.tls.ca, folder.at("ca.pem"));
    EXPECT_EQ(upstream.tls.server_name, "api.openai.com");
    ASSERT_TRUE(conf.pools[0].health_check);
    EXPECT_EQ(conf.pools[0].health_check->expect_to, 299);
    EXPECT_THAT(conf.pools[0].retry.on_status, ElementsAre(429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529));
    EXPECT_TRUE(conf.pools[0].retry.on_connect && conf.pools[0].retry.on_reset && conf.pools[0].retry.on_timeout);
    EXPECT_EQ(conf.pools[0].timeouts.total, 60min);
    ASSERT_EQ(conf.routes.size(), 2u);
    EXPECT_THAT(conf.routes[0].models, ElementsAre("gpt-4o", "gpt-5*"));
    EXPECT_THAT(conf.routes[0].rename, ElementsAre(Pair("gpt-4o", "gpt-4o-2024-11-20")));
    EXPECT_EQ(conf.routes[0].fallbacks.at(1).pool, "deepseek");
    EXPECT_EQ(conf.routes[0].fallbacks.at(1).model, "deepseek-chat");
    const policy::key_settings& key = conf.keys.at(0);
    EXPECT_EQ(key.name, "dify-prod");
    EXPECT_EQ(key.sha256, sha256("wk-1"));
    EXPECT_THAT(key.allow, ElementsAre("10.0.0.0/8", "::1"));
    EXPECT_EQ(key.expires, std::chrono::sys_days{std::chrono::year{2027} / 1 / 1});
    EXPECT_EQ(key.requests_per_minute, 600);
    EXPECT_EQ(key.tokens_per_minute, 200000);
    EXPECT_EQ(key.concurrent, 50);
    ASSERT_EQ(key.budgets.size(), 2u);
    EXPECT_EQ(key.budgets[0].amount, 50'000'000'000);
    EXPECT_EQ(key.budgets[0].every, 30 * 24h);
    EXPECT_EQ(key.budgets[0].window, "30d");
    EXPECT_EQ(key.max_output_tokens, 4096);
    EXPECT_THAT(key.labels, ElementsAre(Pair("team", "search")));
    EXPECT_EQ(conf.state.ledger, "/var/lib/weir/ledger.db");
    ASSERT_TRUE(conf.state.shared);
    EXPECT_EQ(conf.state.shared->store.shown, "redis://127.0.0.1:6379/0");
    EXPECT_EQ(conf.state.shared->slice_percent, 1);
    EXPECT_EQ(conf.state.shared->on_failure, weir::policy::on_store_failure::local);
    EXPECT_EQ(conf.prices.find("gpt-4o", "aggregator-eu")->price.input, 1'200'000);
}

TEST(LoadValues, KeysSayTheirEndpointsAndWhatModelsWithoutAPriceAreToThem) {
    const auto conf = must_load(minimal +
                                "keys:\n"
                                "  - {name: a, secret: secret-1}\n"
                                "  - {name: b, secret: secret-2, endpoints: [chat, count_tokens, other], unpriced: serve}\n"
                                "  - {name: c, secret: secret-3, unpriced: refuse}\n");
    EXPECT_TRUE(conf->keys.at(0).endpoints.empty());
    EXPECT_FALSE(conf->keys.at(0).unpriced);
    EXPECT_THAT(conf->keys.at(1).endpoints, ElementsAre("chat", "count_tokens", "other"));
    EXPECT_EQ(conf->keys.at(1).unpriced, policy::unpriced::serve);
    EXPECT_EQ(conf->keys.at(2).unpriced, policy::unpriced::refuse);
}

TEST(LoadValues, AreTakenFromEveryKey) {
    const auto conf = must_load(
        "listeners: [{address: '[::1]:1'}, {address: 'unix:/run/weir.sock'}]\n"
        "admin: {address: '127.0.0.1:0'}\n"
        "workers: 3\n"
        "limits: {request_head: 1KiB, request_body: 2KiB, buffered_bodies: 3KiB, event: 4KiB, collected: 5KiB, connections: 5, "
        "event_loop_delay: 70ms, head_timeout: 6s,\n"
        "         body_timeout: off, keepalive_timeout: 0, drain_timeout: 250ms, normalize_paths: off}\n"
        "pools:\n"
        "  a:\n"
        "    dialect: gemini\n"
        "    balance: least_outstanding\n"
        "    upstreams: [{url: 'http://[::1]:99/x/'}]\n"
        "    health_check: {path: /h, interval: 1s, timeout: 2s, healthy_after: 3, unhealthy_after: 4, expect: 204}\n"
        "    ejection: {consecutive_failures: 1, failure_rate: 30%, min_requests: 7, window: 5s, base: 2s, max: 3s, max_ejected: 4%, slow_start: "
        "off}\n"
        "    retry: {attempts: 1, on: [529, timeout, 429, 429], backoff: 2s, max_backoff: 3s, budget: 4%}\n"
        "    timeouts: {connect: 1s, first_byte: 2s, first_token: 3s, idle: 4s, total: off}\n"
        "    queue: {size: 7, timeout: 250ms}\n"
        "    hold_tokens: 12\n"
        "    keepalive: {idle: 1, timeout: 2s}\n"
        "    on_disconnect: drain\n"
        "    drain: {tokens: 9, time: 2s, concurrent: 3}\n"
        "    ask_usage: no\n"
        "    panic: false\n"
        "    heartbeat: 15s\n"
        "    collect: on\n"
        "routes: [{models: ['*'], pool: a, fallback: [{pool: a, larger_context: true}]}]\n"
        "state: {ledger: off, shared: 'redis://r', keep: 30d}\n"
        "metrics: {otel_names: true}\n"
        "tracing: {otlp: 'https://collector:4318', sample: 5%, slow: 2s, service_name: gate, headers: {X-Token: t}, tls: {server_name: c.example}}\n"
        "log: {access: logs/../access.log, level: debug}\n",
        "/weir.yaml");
    ASSERT_TRUE(conf);
    EXPECT_EQ(conf->listeners[1].address, "unix:/run/weir.sock");
    EXPECT_EQ(conf->admin_address, "127.0.0.1:0");
    EXPECT_EQ(conf->workers, 3);
    EXPECT_EQ(conf->limits.event, 4096u);
    EXPECT_EQ(conf->limits.event_loop_delay, 70ms);
    EXPECT_EQ(conf->limits.collected, 5120u);
    EXPECT_EQ(conf->limits.body_timeout, 0ms);
    EXPECT_EQ(conf->limits.keepalive_timeout, 0ms);
    EXPECT_EQ(conf->limits.drain_timeout, 250ms);
    EXPECT_FALSE(conf->limits.normalize_paths);
    const pool_conf& pool = conf->pools[0];
    EXPECT_EQ(pool.dialect, dialect::kind::gemini);
    EXPECT_EQ(pool.balance, policy::balance::least_outstanding);
    EXPECT_EQ(pool.upstreams[0].name, "[::1]:99");
    EXPECT_EQ(pool.upstreams[0].host, "::1");
    EXPECT_EQ(pool.upstreams[0].base_path, "/x");
    EXPECT_EQ(pool.health_check->path, "/h");
    EXPECT_EQ(pool.health_check->unhealthy_after, 4);
    EXPECT_EQ(pool.health_check->expect_from, 204);
    EXPECT_EQ(pool.ejection.failure_rate_percent, 30);
    EXPECT_EQ(pool.ejection.min_requests, 7);
    EXPECT_EQ(pool.ejection.window, 5s);
    EXPECT_EQ(pool.ejection.max_ejected_percent, 4);
    EXPECT_EQ(pool.ejection.slow_start, 0ms);
    EXPECT_FALSE(pool.retry.on_connect || pool.retry.on_reset);
    EXPECT_TRUE(pool.retry.on_timeout);
    EXPECT_THAT(pool.retry.on_status, ElementsAre(429, 529));
    EXPECT_EQ(pool.queue.size, 7);
    EXPECT_EQ(pool.hold_tokens, 12);
    EXPECT_EQ(pool.queue.timeout, 250ms);
    EXPECT_EQ(pool.timeouts.idle, 4s);
    EXPECT_EQ(pool.timeouts.total, 0ms);
    EXPECT_EQ(pool.keepalive.timeout, 2s);
    EXPECT_EQ(pool.on_disconnect, on_disconnect::drain);
    EXPECT_EQ(pool.drain.tokens, 9);
    EXPECT_EQ(pool.drain.time, 2s);
    EXPECT_EQ(pool.drain.concurrent, 3);
    EXPECT_FALSE(pool.ask_usage || pool.panic);
    EXPECT_EQ(pool.heartbeat, 15s);
    EXPECT_TRUE(pool.collect);
    EXPECT_TRUE(conf->routes[0].fallbacks[0].larger_context);
    EXPECT_EQ(conf->state.ledger, "");
    EXPECT_EQ(conf->state.keep, 30 * 24h);
    EXPECT_TRUE(conf->metrics.otel_names);
    ASSERT_TRUE(conf->tracing);
    EXPECT_EQ(conf->tracing->collector.host, "collector");
    EXPECT_EQ(conf->tracing->collector.port, "4318");
    EXPECT_EQ(conf->tracing->collector.base_path, "");
    EXPECT_EQ(conf->tracing->collector.tls.server_name, "c.example");
    EXPECT_EQ(conf->tracing->collector.headers.at(0).second.reveal(), "t");
    EXPECT_EQ(conf->tracing->sample_percent, 5);
    EXPECT_EQ(conf->tracing->slow, 2s);
    EXPECT_EQ(conf->tracing->service_name, "gate");
    EXPECT_EQ(conf->log.access, "/access.log");
    EXPECT_EQ(conf->log.level, telemetry::level::debug);
}

TEST(LoadValues, SayWhatRoutesAndUpstreamsChangeInRequests) {
    const auto conf = must_load(
        "listeners: [{address: 127.0.0.1:8080}]\n"
        "pools: {p: {upstreams: [{url: 'http://u', rename: {fast: gpt-4o-mini, 'big-*': '*'}, drop: [seed]}]}}\n"
        "routes:\n  - models: ['*']\n    pool: p\n    rename: {'vendor/*': '*'}\n    drop: [temperature, generationConfig.topK]\n"
        "    set:\n      reasoning.effort: low\n      n: 1\n      t: 1.50e0\n      s: \"1\"\n      b: true\n      z: null\n      e:\n"
        "      l: [a, 'off', {x: -2}]\n      m: {\"k\\\"\": []}\n      i: |\n        one\n        two\n      d: 2024-11-20\n");
    weir::policy::made_names made;
    const auto& upstream = conf->pools[0].upstreams[0];
    EXPECT_EQ(upstream.rename.of("fast", made), "gpt-4o-mini");
    EXPECT_EQ(upstream.rename.of("big-x", made), "x");
    EXPECT_THAT(upstream.rules.drop, ElementsAre(ElementsAre("seed")));
    const auto& route = conf->routes[0];
    EXPECT_THAT(route.rename, ElementsAre(Pair("vendor/*", "*")));
    EXPECT_THAT(route.rules.drop, ElementsAre(ElementsAre("temperature"), ElementsAre("generationConfig", "topK")));
    std::string written;
    for (const auto& one : route.rules.set) written += one.at.front() + (one.at.size() > 1 ? "." + one.at[1] : "") + "=" + one.json + ";";
    EXPECT_EQ(written,
              "reasoning.effort=\"low\";n=1;t=1.50e0;s=\"1\";b=true;z=null;e=null;l=[\"a\",\"off\",{\"x\":-2}];m={\"k\\\"\":[]};"
              "i=\"one\\ntwo\\n\";d=\"2024-11-20\";");
}

TEST(LoadValues, TurnHealthChecksOnWithAnEmptyMap) {
    const auto with_check = [](const std::string& check) { return must_load(minimal + "    health_check: " + check + "\n"); };
    ASSERT_TRUE(with_check("{}")->pools[0].health_check);
    EXPECT_EQ(with_check("{}")->pools[0].health_check->path, "/models");
    EXPECT_EQ(with_check("{}")->pools[0].health_check->interval, 10s);
    EXPECT_FALSE(with_check("off")->pools[0].health_check);
}

TEST(LoadValues, LetRequestsQueueUnlessTheQueueIsOff) {
    const auto queue_of = [](const std::string& queue) { return must_load(minimal + queue)->pools[0].queue; };
    EXPECT_GT(queue_of("").size, 0);
    EXPECT_GT(queue_of("").timeout, 0ms);
    EXPECT_EQ(queue_of("    queue: off\n").size, 0);
    EXPECT_EQ(queue_of("    queue: {size: 3}\n").timeout, queue_of("").timeout);
    EXPECT_EQ(queue_of("    queue: {timeout: off}\n").timeout, 0ms);
}

TEST(LoadValues, MakeSecondAttemptsOnlyWhereTheyAreAskedFor) {
    const auto hedge_of = [](const std::string& hedge) {
        return must_load(minimal + "      - url: https://other.example/v1\n" + hedge)->pools[0].hedge;
    };
    EXPECT_FALSE(hedge_of(""));
    EXPECT_FALSE(hedge_of("    hedge: off\n"));
    ASSERT_TRUE(hedge_of("    hedge: {}\n"));
    EXPECT_EQ(hedge_of("    hedge: on\n")->quantile_percent, 95);
    EXPECT_EQ(hedge_of("    hedge: on\n")->budget_percent, 5);
    EXPECT_EQ(hedge_of("    hedge: {after: p99}\n")->quantile_percent, 99);
    const auto fixed = hedge_of("    hedge: {after: 2s, budget: 10%}\n");
    ASSERT_TRUE(fixed);
    EXPECT_EQ(fixed->after, 2s);
    EXPECT_EQ(fixed->quantile_percent, 0);
    EXPECT_EQ(fixed->budget_percent, 10);
}

TEST(LoadValues, NameTheHostsThatWeirMayBeCalledBy) {
    const auto conf = must_load(
        "listeners: [{address: 127.0.0.1:8080, hosts: [Weir.LAN, 'a.example.', '[::2]', '::3', 10.0.0.7]}]\npools: {p: {upstreams: [{url: "
        "'http://u/v1'}]}}\n"
        "admin: {hosts: [Admin.lan]}\n");
    ASSERT_TRUE(conf);
    EXPECT_EQ(conf->listeners[0].hosts, (std::vector<std::string>{"weir.lan", "a.example", "::2", "::3", "10.0.0.7"}));
    EXPECT_EQ(conf->admin_hosts, std::vector<std::string>{"admin.lan"});
}

TEST(LoadValues, TakeEmptySectionsForAbsentOnes) {
    const auto conf = must_load(minimal + "routes: []\nlimits:\nadmin: {}\n");
    ASSERT_TRUE(conf);
    EXPECT_TRUE(conf->keys.empty());
    EXPECT_EQ(conf->limits.connections, 20000);
}

TEST(LoadValues, KeepBudgetsExactToTheNanoDollar) {
    const std::pair<const char*, usage::nanousd> rows[] = {
        {"0.1", 100'000'000}, {"0.3", 300'000'000}, {"50", 50'000'000'000}, {"0.000000001", 1}, {"9000000000", 9'000'000'000'000'000'000}};
    for (const auto& [text, amount] : rows) {
        SCOPED_TRACE(text);
        const auto conf = must_load(minimal + "keys: [{name: k, secret: a-secret, budgets: [{usd: " + text + ", every: 1d}]}]\n");
        EXPECT_EQ(conf->keys[0].budgets[0].amount, amount);
    }
}

TEST(LoadValues, TakeAHashInPlaceOfASecret) {
    const auto conf = must_load(minimal + "keys: [{name: k, sha256: 2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824}]\n");
    EXPECT_EQ(conf->keys[0].sha256, sha256("hello"));
}

TEST(LoadValues, ExpandReferencesOnceAndInPlace) {
    const environment env = test::environment_of({{"HOST", "api.example"}, {"NESTED", "${HOST}"}, {"DOLLAR", "a$"}});
    const auto conf = must_load(
        "listeners: [{address: 'a:1'}]\npools: {p: {upstreams: [{name: '$${HOST}', url: 'https://${HOST}/v1', api_key: "
        "'x${NESTED}y', headers: {A: '${DOLLAR}${HOST}'}}]}}\n",
        "/w.yaml", env);
    ASSERT_TRUE(conf);
    const upstream_conf& upstream = conf->pools[0].upstreams[0];
    EXPECT_EQ(upstream.name, "${HOST}");
    EXPECT_EQ(upstream.host, "api.example");
    EXPECT_EQ(upstream.api_key.reveal(), "x${HOST}y");
    EXPECT_EQ(upstream.headers[0].second.reveal(), "a$api.example");
}

TEST(LoadValues, FollowAliases) {
    const auto conf = must_load(
        "listeners: [{address: 'a:1'}]\npools:\n  a: {timeouts: &t {idle: 7s}, upstreams: [{url: 'http://u'}]}\n"
        "  b: {timeouts: *t, upstreams: [{url: 'http://u'}]}\nroutes: [{models: [x], pool: a}, {models: [y], pool: "
        "b}]\n");
    ASSERT_TRUE(conf);
    EXPECT_EQ(conf->pools[1].timeouts.idle, 7s);
}

TEST(LoadValues, HaveAHashOfTheFilesBytes) {
    const auto one = must_load(minimal), same = must_load(minimal), other = must_load(minimal + "# more\n");
    EXPECT_EQ(one->hash, same->hash);
    EXPECT_NE(one->hash, other->hash);
}
