// What operators rely on over reloads and upgrades, and when the ledger fails: the admin token, what they said of upstreams, metrics that are there
// from the start.
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Upkeep : public testing::Test {
protected:
    Upkeep() : a_(quick_provider("a")), b_(quick_provider("b")) {}

    [[nodiscard]] std::string conf(const std::string& admin = "", const std::string& state = "ledger: ledger.db") const {
        return "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  main:\n    upstreams:\n" + upstream_of(*a_) + upstream_of(*b_) +
               "admin: {address: \"127.0.0.1:0\"" + admin + "}\nworkers: 1\nstate: {" + state + "}\nlog: {access: access.log, level: info}\n";
    }
    static int ask_admin(const gateway_process& weir, std::string_view method, std::string_view path, const std::string& token = {}) {
        std::vector<std::pair<std::string, std::string>> fields;
        if (!token.empty()) fields.emplace_back("Authorization", "Bearer " + token);
        return exchange_once(weir.admin(), request_text(method, path, "", fields)).status;
    }
    /// Whoever is the weir of `stem` now: the successor once it has taken over.
    static pid_t upgrade(gateway_process& weir) {
        weir.program().signal(SIGUSR2);
        const std::string said = "handed over to pid ";
        EXPECT_TRUE(weir.program().wait_err([&](const std::string& err) { return err.find(said) != std::string::npos; }, 20s))
            << weir.program().err();
        const auto err = weir.program().err();
        const auto at = err.rfind(said);
        return at == std::string::npos ? 0 : static_cast<pid_t>(std::stol(err.substr(at + said.size())));
    }

    std::unique_ptr<mock::provider> a_, b_;
};

struct ended_at_last {
    pid_t pid;
    ~ended_at_last() {
        if (pid > 0) ::kill(pid, SIGKILL);
    }
};

}  // namespace

TEST_F(Upkeep, ATokenThatAReloadSetsOrChangesHoldsAtOnce) {
    gateway_process weir{WEIR_BINARY, conf()};
    EXPECT_EQ(ask_admin(weir, "GET", "/api/keys"), 200);
    const auto reload_with = [&](const std::string& admin) {
        const auto before = weir.program().err().size();
        std::ofstream(weir.folder().path() / "weir.yaml") << conf(admin);
        weir.program().signal(SIGHUP);
        EXPECT_TRUE(weir.program().wait_err([&](const std::string& err) { return err.find("reloaded", before) != std::string::npos; }));
    };
    reload_with(", token: first");
    EXPECT_EQ(ask_admin(weir, "GET", "/api/keys"), 401);
    EXPECT_EQ(ask_admin(weir, "GET", "/api/keys", "first"), 200);
    reload_with(", token: second");
    EXPECT_EQ(ask_admin(weir, "GET", "/api/keys", "first"), 401);
    EXPECT_EQ(ask_admin(weir, "GET", "/api/keys", "second"), 200);
    reload_with("");
    EXPECT_EQ(ask_admin(weir, "GET", "/api/keys"), 200);
}

TEST_F(Upkeep, ADrainByHandSurvivesAnUpgrade) {
    gateway_process weir{WEIR_BINARY, conf()};
    ASSERT_EQ(ask_admin(weir, "POST", "/api/pools/main/upstreams/a/drain"), 200);
    const ended_at_last successor{upgrade(weir)};
    EXPECT_NE(weir.ask_admin("/api/status").body.find("drained by an operator"), std::string::npos);
    a_->forget();
    for (int i = 0; i < 8; ++i) EXPECT_EQ(exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", chat_body("m", false))).status, 200);
    EXPECT_TRUE(a_->calls().empty());
    EXPECT_EQ(ask_admin(weir, "POST", "/api/pools/main/upstreams/a/undrain"), 200) << "and can be taken back there";
}

// A connection that the old process took in its last turn is served too, also where it had nothing else to wait for.
TEST_F(Upkeep, NoRequestIsLostThatComesWhileAnIdleWeirHandsOver) {
    for (int round = 0; round < 60; ++round) {
        gateway_process weir{WEIR_BINARY, conf()};
        std::atomic<bool> over{false};
        std::atomic<int> lost{0}, served{0};
        std::thread client{[&] {
            while (!over) {
                const auto got = exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", chat_body("m", false)));
                ++(got.status == 200 ? served : lost);
                std::this_thread::sleep_for(500us);  // the weir has nothing to do between two
            }
        }};
        const ended_at_last successor{upgrade(weir)};
        std::this_thread::sleep_for(20ms);
        over = true;
        client.join();
        EXPECT_EQ(lost, 0) << "of " << served + lost << " in round " << round;
    }
}

TEST_F(Upkeep, ALedgerThatSomebodyKeepsLockedIsSaidEverywhereWithinTwoSeconds) {
    for (const char* on_failure : {"serve", "refuse"}) {
        SCOPED_TRACE(on_failure);
        const bool refuses = std::string_view{on_failure} == "refuse";
        gateway_process weir{WEIR_BINARY, conf("", "ledger: ledger.db, on_failure: " + std::string{on_failure})};
        auto shown = weir.metrics();
        EXPECT_EQ(metric(shown, "weir_ledger_writable"), 1);
        EXPECT_NE(shown.find("\nweir_ledger_lost_rows_total 0\n"), std::string::npos);
        EXPECT_GT(metric(shown, "weir_ledger_journal_bytes"), 0);
        EXPECT_EQ(weir.ask_admin("/readyz").status, 200);
        sqlite3* other = nullptr;
        ASSERT_EQ(sqlite3_open((weir.folder().path() / "ledger.db").c_str(), &other), SQLITE_OK);
        sqlite3_busy_timeout(other, 2000);
        ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
        shown = weir.metrics_when([](const std::string& m) { return metric(m, "weir_ledger_writable") == 0; }, sanitized ? 6s : 2s);
        EXPECT_EQ(metric(shown, "weir_ledger_writable"), 0) << "nothing waits to be written, and yet";
        EXPECT_NE(weir.ask_admin("/api/status").body.find("\"writable\":false"), std::string::npos);
        EXPECT_EQ(weir.ask_admin("/readyz").status, refuses ? 503 : 200);
        const auto got = exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", chat_body("m", false)));
        EXPECT_EQ(got.status, refuses ? 503 : 200);
        sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
        sqlite3_close(other);
        shown = weir.metrics_when([](const std::string& m) { return metric(m, "weir_ledger_writable") == 1; }, sanitized ? 6s : 2s);
        EXPECT_EQ(metric(shown, "weir_ledger_writable"), 1);
        EXPECT_EQ(weir.ask_admin("/readyz").status, 200);
    }
    const gateway_process without{WEIR_BINARY, conf("", "ledger: off")};
    EXPECT_EQ(without.metrics().find("\nweir_ledger_writable "), std::string::npos);
}

TEST_F(Upkeep, GaugesAndCountersHaveASampleBeforeTheFirstRequest) {
    const gateway_process weir{WEIR_BINARY, conf()};
    const auto shown = weir.metrics_when([](const std::string& m) { return m.find("\nweir_buffered_body_bytes{") != std::string::npos; });
    for (const char* name :
         {"weir_connections{", "weir_active_streams{", "weir_buffered_body_bytes{", "weir_client_timeouts_total{", "weir_gateway_timeouts_total{",
          "weir_streams_interrupted_total{", "weir_client_disconnects_total{", "weir_tunnels_unread_total{", "weir_queue_waiting{",
          "weir_upstream_in_flight{", "weir_upstream_connections{", "weir_ledger_lost_rows_total ", "weir_log_dropped_total "})
        EXPECT_NE(shown.find("\n" + std::string{name}), std::string::npos) << name;
    EXPECT_EQ(metric(shown, "weir_buffered_body_bytes"), 0);
    EXPECT_EQ(metric(shown, "weir_streams_interrupted_total"), 0);
}
