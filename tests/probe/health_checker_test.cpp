// Active health checks against real sockets: what is asked, when a verdict changes, what a reload keeps.
#include "probe/health_checker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/version.hpp"
#include "mock/certificates.hpp"
#include "mock/provider.hpp"
#include "pools/made_snapshot.hpp"
#include "support/temp_folder.hpp"

namespace weir::probe {
namespace {

using namespace std::chrono_literals;
using policy::health;
using test::made_snapshot;

bool within(std::chrono::milliseconds limit, const std::function<bool()>& true_now) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (!true_now()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

std::string pool_text(const std::string& url, const std::string& check, const std::string& more_of_upstream = {}) {
    return "pools:\n  main:\n    health_check: {" + check + "}\n    upstreams: [{name: a, url: '" + url + "'" + more_of_upstream + "}]\n";
}

constexpr const char* quick_check = "interval: 20ms, timeout: 8s, healthy_after: 2, unhealthy_after: 3";

policy::upstream_state& state_of(const pools::snapshot& s, std::size_t pool = 0) { return *s.pools[pool].upstreams[0].state; }

/// Everything written to the log while `work` ran.
std::string logged(const std::function<void()>& work) {
    testing::internal::CaptureStderr();
    work();
    return testing::internal::GetCapturedStderr();
}

class HealthChecker : public testing::Test {
protected:
    void SetUp() override { provider_.start(); }
    [[nodiscard]] std::string url() const { return provider_.url() + "/v1"; }

    net::resolver names_;
    mock::provider provider_;
};

TEST_F(HealthChecker, ChangesItsVerdictOnlyAfterSoManyResultsInARow) {
    const auto s = made_snapshot(pool_text(url(), quick_check), names_);
    auto& state = state_of(*s);
    // What the verdict was when the n-th check arrived: the result of that check cannot be in it.
    std::mutex m;
    std::vector<health> seen;
    provider_.on([&](const mock::call&) -> std::optional<mock::script> {
        const std::scoped_lock lock(m);
        seen.push_back(state.availability().verdict());
        mock::script how;
        how.status = seen.size() <= 3 ? 503 : 200;
        return how;
    });
    {
        health_checker checker;
        checker.use(s);
        ASSERT_TRUE(within(10s, [&] {
            const std::scoped_lock lock(m);
            return seen.size() >= 7;
        }));
    }
    const std::vector<health> expected = {health::unknown, health::unknown, health::unknown, health::down, health::down, health::up, health::up};
    EXPECT_EQ((std::vector<health>{seen.begin(), seen.begin() + 7}), expected);
}

TEST_F(HealthChecker, AsksWithTheUpstreamsPathHostCredentialAndHeaders) {
    const auto s = made_snapshot(pool_text(url(), "path: /models, interval: 1h", ", api_key: sk-of-the-check, headers: {X-Team: blue}"), names_);
    health_checker checker;
    checker.use(s);
    ASSERT_TRUE(provider_.wait_for([](const auto& calls) { return !calls.empty(); }));
    const auto call = provider_.calls().front();
    EXPECT_EQ(call.method, "GET");
    EXPECT_EQ(call.target, "/v1/models");
    EXPECT_EQ(call.header("host"), "127.0.0.1:" + std::to_string(provider_.port()));
    EXPECT_EQ(call.header("authorization"), "Bearer sk-of-the-check");
    EXPECT_EQ(call.header("x-team"), "blue");
    EXPECT_EQ(call.header("user-agent"), "weir/" + std::string{core::version} + " health-check");
    EXPECT_EQ(call.header("connection"), "close");
}

TEST_F(HealthChecker, PutsTheModelsEndpointWhereTheDialectHasItAndOtherPathsUnderTheBase) {
    const auto s = made_snapshot(
        "pools:\n"
        "  bare: {health_check: {interval: 1h}, upstreams: [{url: '" +
            provider_.url() +
            "'}]}\n"
            "  claude: {dialect: anthropic, health_check: {interval: 1h}, upstreams: [{url: '" +
            provider_.url() +
            "'}]}\n"
            "  gem: {dialect: gemini, health_check: {interval: 1h}, upstreams: [{url: '" +
            provider_.url() +
            "'}]}\n"
            "  own: {health_check: {interval: 1h, path: /health}, upstreams: [{url: '" +
            provider_.url() +
            "/deep'}]}\n"
            "routes: [{models: ['*'], pool: bare}]\n",
        names_);
    health_checker checker;
    checker.use(s);
    ASSERT_TRUE(provider_.wait_for([](const auto& calls) { return calls.size() >= 4; }));
    std::vector<std::string> targets;
    for (const auto& call : provider_.calls()) {
        targets.push_back(call.target);
        if (targets.back() != "/v1/models") continue;
        targets.back() += " " + call.header("anthropic-version");
    }
    std::sort(targets.begin(), targets.end());
    EXPECT_EQ(targets, (std::vector<std::string>{"/deep/health", "/v1/models ", "/v1/models 2023-06-01", "/v1beta/models"}));
}

TEST_F(HealthChecker, GoesByTheExpectedRangeOfStatuses) {
    provider_.always({.status = 404});
    const auto s = made_snapshot(pool_text(url(), "interval: 20ms, healthy_after: 1, expect: 200-404"), names_);
    health_checker checker;
    checker.use(s);
    EXPECT_TRUE(within(5s, [&] { return state_of(*s).availability().verdict() == health::up; }));
}

TEST_F(HealthChecker, ReadsPastInterimAnswers) {
    provider_.always({.informational = {103, 100}});
    const auto s = made_snapshot(pool_text(url(), "interval: 20ms, healthy_after: 1, unhealthy_after: 1"), names_);
    health_checker checker;
    checker.use(s);
    EXPECT_TRUE(within(5s, [&] { return state_of(*s).availability().verdict() == health::up; }));
}

TEST_F(HealthChecker, ReadsAnAnswerThatComesByteByByte) {
    provider_.always({.write = 1, .write_pause = 100us});
    const auto s = made_snapshot(pool_text(url(), "interval: 20ms, timeout: 10s, healthy_after: 1, unhealthy_after: 1"), names_);
    health_checker checker;
    checker.use(s);
    EXPECT_TRUE(within(8s, [&] { return state_of(*s).availability().verdict() == health::up; }));
}

TEST_F(HealthChecker, LetsTheUpstreamFinishItsAnswer) {
    provider_.always({.binary = 300'000});
    const auto s = made_snapshot(pool_text(url(), "interval: 1h"), names_);
    health_checker checker;
    checker.use(s);
    ASSERT_TRUE(provider_.wait_for([](const auto& calls) { return !calls.empty() && calls[0].outcome != mock::outcome::running; }));
    EXPECT_EQ(provider_.calls()[0].outcome, mock::outcome::finished);
}

/// Which failure, and what the log must say of it.
struct failure_case {
    const char* name;
    std::function<void(mock::provider&)> breaks;
    const char* said;
    const char* timeout = "8s";  // short only where it is what fails: a busy machine is slow
};

class HealthCheckerFailures : public testing::TestWithParam<failure_case> {};

TEST_P(HealthCheckerFailures, AreLoggedInWordsAndSoIsTheRecovery) {
    mock::provider provider;
    provider.start();
    GetParam().breaks(provider);
    net::resolver names;
    const auto s = made_snapshot(
        pool_text(provider.url() + "/v1", "interval: 20ms, timeout: " + std::string{GetParam().timeout} + ", healthy_after: 1, unhealthy_after: 2",
                  ", api_key: sk-hidden"),
        names);
    const std::string who = "upstream 'a' of pool 'main' (" + provider.url() + "/v1)";
    const auto log = logged([&] {
        health_checker checker;
        checker.use(s);
        EXPECT_TRUE(within(10s, [&] { return state_of(*s).availability().verdict() == health::down; }));
        EXPECT_EQ(state_of(*s).availability().standing_at(core::clock::now()), policy::standing::down);
        provider.set_door(mock::door::open);
        provider.always({});
        provider.start();
        EXPECT_TRUE(within(10s, [&] { return state_of(*s).availability().verdict() == health::up; }));
    });
    EXPECT_NE(log.find(" warn " + who + " is down after 2 failed health checks: " + GetParam().said), std::string::npos) << log;
    EXPECT_NE(log.find(" info " + who + " is up again\n"), std::string::npos) << log;
    EXPECT_EQ(log.find("sk-hidden"), std::string::npos) << log;
}

INSTANTIATE_TEST_SUITE_P(
    Each, HealthCheckerFailures,
    testing::Values(failure_case{"refused", [](mock::provider& p) { p.stop(); }, "cannot connect: Connection refused"},
                    failure_case{"status", [](mock::provider& p) { p.always({.status = 503}); }, "status 503"},
                    failure_case{"silent", [](mock::provider& p) { p.set_door(mock::door::silent); }, "timeout: no answer within 150 ms", "150ms"},
                    failure_case{"slow", [](mock::provider& p) { p.always({.before_head = 2s}); }, "timeout: no answer within 150 ms", "150ms"},
                    failure_case{"closed", [](mock::provider& p) { p.set_door(mock::door::close); }, "closed the connection"},
                    failure_case{"reset", [](mock::provider& p) { p.always({.ending = mock::ending::reset, .drop = true}); },
                                 "closed the connection"},
                    failure_case{"garbage", [](mock::provider& p) { p.always({.raw = "SSH-2.0-OpenSSH_9.2\r\n\r\n"}); }, "invalid answer: "}),
    [](const auto& param) { return param.param.name; });

TEST_F(HealthChecker, SaysWhenAStatusComesFromAskingWithoutACredential) {
    provider_.always({.status = 401});
    const auto s = made_snapshot(pool_text(url(), "interval: 20ms, unhealthy_after: 1"), names_);
    const auto log = logged([&] {
        health_checker checker;
        checker.use(s);
        EXPECT_TRUE(within(5s, [&] { return state_of(*s).availability().verdict() == health::down; }));
    });
    EXPECT_NE(log.find("after a failed health check: status 401 (it has no api_key"), std::string::npos) << log;
}

TEST_F(HealthChecker, ChecksOverTlsAndVerifiesAsTheUpstreamSays) {
    const mock::authority root;
    const auto leaf = root.issue();
    mock::provider secure{{.tls = mock::tls_options{leaf.pem, leaf.private_key, {}}}};
    secure.start();
    const test::temp_folder folder;
    const auto ca = folder.write("ca.pem", root.pem());
    const std::string target = "https://127.0.0.1:" + std::to_string(secure.port()) + "/v1";
    const auto pool = [&](const std::string& name, const std::string& tls) {
        return "  " + name + ": {health_check: {interval: 20ms, healthy_after: 1, unhealthy_after: 1}, upstreams: [{url: '" + target + "', tls: {" +
               tls + "}}]}\n";
    };
    const auto s = made_snapshot("pools:\n" + pool("verified", "ca: " + ca) + pool("unknown", "verify: true") +
                                     pool("other_name", "ca: " + ca + ", server_name: elsewhere.example") + pool("unverified", "verify: false") +
                                     "routes: [{models: ['*'], pool: verified}]\n",
                                 names_);
    const auto log = logged([&] {
        health_checker checker;
        checker.use(s);
        EXPECT_TRUE(within(10s, [&] { return state_of(*s, 0).availability().verdict() == health::up; }));
        EXPECT_TRUE(within(10s, [&] { return state_of(*s, 1).availability().verdict() == health::down; }));
        EXPECT_TRUE(within(10s, [&] { return state_of(*s, 2).availability().verdict() == health::down; }));
        EXPECT_TRUE(within(10s, [&] { return state_of(*s, 3).availability().verdict() == health::up; }));
    });
    EXPECT_NE(log.find("of pool 'unknown' (" + target + ") is down after a failed health check: TLS: "), std::string::npos) << log;
    EXPECT_NE(log.find("certificate verify failed"), std::string::npos) << log;
}

TEST_F(HealthChecker, KeepsTheVerdictOverAReload) {
    provider_.always({.status = 500});
    const auto first = made_snapshot(pool_text(url(), "interval: 20ms, healthy_after: 2, unhealthy_after: 2"), names_);
    const auto log = logged([&] {
        health_checker checker;
        checker.use(first);
        ASSERT_TRUE(within(5s, [&] { return state_of(*first).availability().verdict() == health::down; }));
        // Another count, so that the counter begins anew, and a further upstream.
        const auto second = made_snapshot(pool_text(url(), "interval: 20ms, healthy_after: 3, unhealthy_after: 1"), names_, first.get());
        checker.use(second);
        const auto calls = provider_.call_count();
        ASSERT_TRUE(within(5s, [&] { return provider_.call_count() >= calls + 3; }));
        EXPECT_EQ(state_of(*second).availability().verdict(), health::down);
        provider_.always({});
        EXPECT_TRUE(within(5s, [&] { return state_of(*second).availability().verdict() == health::up; }));
    });
    EXPECT_EQ(log.find("is down", log.find("is down") + 1), std::string::npos) << "one message for one change: " << log;
}

TEST_F(HealthChecker, AsksAtOnceWhenAReloadAsksSomethingElse) {
    const auto first = made_snapshot(pool_text(url(), "interval: 1h, path: /old"), names_);
    health_checker checker;
    checker.use(first);
    ASSERT_TRUE(provider_.wait_for([](const auto& calls) { return calls.size() == 1; }));
    const auto same = made_snapshot(pool_text(url(), "interval: 1h, path: /old"), names_, first.get());
    checker.use(same);
    const auto other = made_snapshot(pool_text(url(), "interval: 1h, path: /new"), names_, same.get());
    checker.use(other);
    ASSERT_TRUE(provider_.wait_for([](const auto& calls) { return calls.size() >= 2; }));
    std::this_thread::sleep_for(100ms);
    ASSERT_EQ(provider_.call_count(), 2u);
    EXPECT_EQ(provider_.calls()[0].target, "/v1/old");
    EXPECT_EQ(provider_.calls()[1].target, "/v1/new");
}

TEST_F(HealthChecker, StopsAskingWhatAReloadTookAway) {
    const auto first = made_snapshot(pool_text(url(), "interval: 20ms, healthy_after: 1"), names_);
    health_checker checker;
    checker.use(first);
    ASSERT_TRUE(within(5s, [&] { return state_of(*first).availability().verdict() == health::up; }));
    const auto unchecked = made_snapshot("pools: {main: {upstreams: [{name: a, url: '" + url() + "'}]}}\n", names_, first.get());
    // As if a check had ended just after the new snapshot was made.
    state_of(*unchecked).set_health(health::down, core::clock::now());
    checker.use(unchecked);
    EXPECT_TRUE(within(5s, [&] { return state_of(*unchecked).availability().verdict() == health::unknown; }));
    std::this_thread::sleep_for(100ms);
    const auto calls = provider_.call_count();
    std::this_thread::sleep_for(200ms);
    EXPECT_EQ(provider_.call_count(), calls);
}

TEST_F(HealthChecker, StopsAtOnceWhileChecksHang) {
    const mock::authority root;
    const auto leaf = root.issue();
    mock::provider secure{{.tls = mock::tls_options{leaf.pem, leaf.private_key, {}}}};
    secure.start();
    secure.set_door(mock::door::silent);
    provider_.set_door(mock::door::silent);
    const std::string check = "health_check: {interval: 1h, timeout: 1h, unhealthy_after: 1}";
    const auto s = made_snapshot("pools:\n  plain: {" + check + ", upstreams: [{url: '" + url() + "'}]}\n  tls: {" + check +
                                     ", upstreams: [{url: 'https://127.0.0.1:" + std::to_string(secure.port()) +
                                     "', tls: {verify: false}}]}\nroutes: [{models: ['*'], pool: plain}]\n",
                                 names_);
    health_checker checker;
    checker.use(s);
    ASSERT_TRUE(within(5s, [&] { return provider_.connections() == 1 && secure.connections() == 1; }));
    const auto began = std::chrono::steady_clock::now();
    checker.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
    EXPECT_EQ(state_of(*s, 0).availability().verdict(), health::unknown);
    EXPECT_EQ(state_of(*s, 1).availability().verdict(), health::unknown);
    checker.stop();
    checker.use(s);
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(provider_.connections(), 1u);
}

TEST_F(HealthChecker, TakesReloadsAndStopsFromAnyThread) {
    const auto s = made_snapshot(pool_text(url(), "interval: 10ms"), names_);
    for (int round = 0; round < 20; ++round) {
        health_checker checker;
        std::thread other([&] {
            for (int i = 0; i < 10; ++i) checker.use(s);
        });
        for (int i = 0; i < 10; ++i) checker.use(made_snapshot(pool_text(url(), "interval: 10ms, path: /p" + std::to_string(i)), names_, s.get()));
        other.join();
    }
    SUCCEED();
}

}  // namespace
}  // namespace weir::probe
