// What keys have spent is known once and to everybody who must know: to two weirs that share a store, over upgrades, reloads, lost stores and
// kill -9; to a budget that a reload adds; to who takes over while the other's streams still run.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include "support/gateway_process.hpp"
#include "support/store_server.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

constexpr double budget = 100, slice = 1, price = 1;  // USD; a request costs ten tokens

std::size_t count(const std::string& text, std::string_view what) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
}

/// A weir that goes on under other process numbers: it hands over, is killed, starts again, and its ledger stays.
class long_lived_weir {
public:
    long_lived_weir(std::string conf, temp_folder& ledgers, std::string name) : conf_(std::move(conf)) {
        const std::string here = "{ledger}";
        conf_.replace(conf_.find(here), here.size(), (ledgers.path() / (name + ".db")).string());
        start();
    }
    ~long_lived_weir() { end(); }
    long_lived_weir(const long_lived_weir&) = delete;
    long_lived_weir& operator=(const long_lived_weir&) = delete;

    void start() {
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY, conf_,
                                                  gateway_process::files{{"prices.yaml", "models:\n  \"*\": {input: 0, output: 100000.00}\n"}});
        pid_ = weir_->program().pid();
        handed_over_ = 0;
    }
    /// The new process serves; the old one drains, or has ended.
    void upgrade() {
        ASSERT_EQ(::kill(pid_, SIGUSR2), 0);
        const std::string said = "handed over to pid ";
        ASSERT_TRUE(weir_->program().wait_err([&](const std::string& err) { return count(err, said) > handed_over_; }, 20s))
            << weir_->program().err();
        ++handed_over_;
        const auto err = weir_->program().err();
        old_ = pid_;
        pid_ = static_cast<pid_t>(std::stol(err.substr(err.rfind(said) + said.size())));
    }
    void wait_for_old() const {
        for (int i = 0; i < 1000 && ::kill(old_, 0) == 0 && !is_zombie(old_); ++i) std::this_thread::sleep_for(10ms);
    }
    void kill_old() const { ::kill(old_, SIGKILL); }
    void kill() {
        ::kill(pid_, SIGKILL);
        end();
    }
    void stop() {
        ::kill(pid_, SIGTERM);
        end();
    }
    void reload(const std::string& from = {}, const std::string& to = {}) {
        if (!from.empty()) {
            ASSERT_NE(conf_.find(from), std::string::npos) << conf_;
            conf_.replace(conf_.find(from), from.size(), to);
            std::ofstream(weir_->folder().path() / "weir.yaml") << conf_;
        }
        const auto before = count(weir_->program().err(), "reloaded ");
        ASSERT_EQ(::kill(pid_, SIGHUP), 0);
        ASSERT_TRUE(weir_->program().wait_err([&](const std::string& err) { return count(err, "reloaded ") > before; })) << weir_->program().err();
    }
    [[nodiscard]] const gateway_process& served() const { return *weir_; }
    [[nodiscard]] std::string said() const { return weir_->program().err(); }
    [[nodiscard]] double left(const std::vector<std::string>& labels = {}) const {
        return metric(weir_->metrics(), "weir_budget_remaining_usd", labels);
    }
    bool wait_for_left(double from, double to, milliseconds limit, double* last = nullptr, const std::vector<std::string>& labels = {}) const {
        double now = -1;
        (void)weir_->metrics_when(
            [&](const std::string& m) {
                now = metric(m, "weir_budget_remaining_usd", labels);
                return now >= from - 1e-6 && now <= to + 1e-6;
            },
            limit);
        if (last) *last = now;
        return now >= from - 1e-6 && now <= to + 1e-6;
    }

private:
    static bool is_zombie(pid_t pid) {
        std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
        std::string number, name, state;
        stat >> number >> name >> state;
        return !stat || state == "Z";
    }
    void end() {
        if (!weir_) return;
        const auto last = pid_;
        if (weir_->program().pid() == last) {
            ::kill(last, SIGTERM);
        } else {
            ::kill(last, SIGTERM);
            for (int i = 0; i < 500 && ::kill(last, 0) == 0 && !is_zombie(last); ++i) std::this_thread::sleep_for(10ms);
            ::kill(last, SIGKILL);
        }
        if (weir_->program().running() && ::kill(weir_->program().pid(), 0) == 0)
            (void)weir_->program().wait(weir_->program().pid() == last ? 20s : 1s);
        weir_->kill();
        weir_.reset();
    }

    std::string conf_;
    std::unique_ptr<gateway_process> weir_;
    pid_t pid_ = 0, old_ = 0;
    std::size_t handed_over_ = 0;
};

std::string question(bool stream = false, const std::string& how = "words=10", const std::string& key = "sk-team") {
    return request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", stream, R"("max_tokens":15)"),
                        {{"Authorization", "Bearer " + key}, {"x-mock", how}});
}

class SharedSpend : public testing::Test {
protected:
    SharedSpend() : provider_(quick_provider("a")) {}

    [[nodiscard]] std::string conf(const std::string& shared, const std::string& budgets = "{usd: 100, every: 30d}") const {
        return "listeners: [{address: \"127.0.0.1:0\"}]\nprices: prices.yaml\npools:\n  main:\n    upstreams:\n" + upstream_of(*provider_) +
               "keys: [{name: team, secret: sk-team, budgets: [" + budgets +
               "]}]\n"
               "admin: {address: \"127.0.0.1:0\"}\nworkers: 1\nstate: {ledger: \"{ledger}\"" +
               (shared.empty() ? "" : ", shared: " + shared) + "}\nlog: {access: access.log, level: info}\n";
    }
    static bool ask(const long_lived_weir& of) {
        for (int i = 0; i < 40; ++i) {
            const auto got = exchange_once(of.served().url(), question());
            if (got.status == 200) return true;
            if (got.status != 503) return ADD_FAILURE() << got.wire, false;
            std::this_thread::sleep_for(50ms);
        }
        return false;
    }

    temp_folder ledgers_;
    std::unique_ptr<mock::provider> provider_;
};

// ---- two weirs, one store

enum class step : std::uint8_t {
    a_spends,
    b_spends,
    a_upgrades,
    a_hands_over_while_it_streams,
    a_reloads,
    a_is_killed,
    a_restarts,
    b_upgrades,
    b_is_killed,
    store_down,
    store_up,
    store_forgets
};

struct story {
    const char* name;
    std::vector<step> steps;
};

std::ostream& operator<<(std::ostream& to, const story& s) { return to << s.name; }

using enum step;
const story stories[] = {
    {"Upgrades", {a_spends, a_upgrades, a_spends, a_upgrades, b_spends, a_upgrades, a_spends}},
    {"UpgradesOfBoth", {a_spends, b_spends, a_upgrades, b_upgrades, a_spends, b_spends, a_upgrades}},
    {"UpgradesWithRunningStreams", {a_spends, a_hands_over_while_it_streams, a_spends, a_hands_over_while_it_streams, b_spends}},
    {"UpgradeThenRestart", {a_spends, a_upgrades, a_spends, a_restarts, a_spends}},
    {"UpgradeThenKill", {a_spends, a_upgrades, a_spends, a_is_killed, a_spends, b_spends}},
    {"UpgradeWithoutTheStore", {a_spends, b_spends, store_down, a_upgrades, a_spends, store_up, b_spends}},
    {"UpgradeBeforeTheStoreForgets", {a_spends, a_upgrades, a_spends, store_forgets, b_spends, a_upgrades}},
    {"ReloadsAndUpgrades", {a_spends, a_reloads, a_spends, a_upgrades, a_reloads, a_spends}},
    {"ReloadWithoutTheStore", {a_spends, store_down, a_reloads, a_spends, store_up, b_spends}},
    {"KillsAndTheStore", {a_spends, b_spends, a_is_killed, store_down, b_is_killed, store_up, a_spends}},
};

class SharedSpendStories : public SharedSpend, public testing::WithParamInterface<story> {};

}  // namespace

TEST_P(SharedSpendStories, CountsEveryDollarOnceAndToldToBoth) {
    store_server store;
    const auto shared = "{url: \"" + store.url() + "\", weirs: 2}";
    long_lived_weir a{conf(shared), ledgers_, "a"}, b{conf(shared), ledgers_, "b"};
    const auto both_connected = [&] {
        for (const auto* each : {&a, &b})
            (void)each->served().metrics_when(
                [](const std::string& m) { return metric(m, "weir_shared_connected") == 1 && metric(m, "weir_shared_weirs") == 2; }, 8s);
    };
    both_connected();
    double spent = 0;
    const auto spend = [&](const long_lived_weir& by) {
        for (int i = 0; i < 6; ++i) {
            ASSERT_TRUE(ask(by)) << i;
            spent += price;
        }
    };
    for (const auto next : GetParam().steps) {
        SCOPED_TRACE(static_cast<int>(next));
        switch (next) {
            case a_spends: spend(a); break;
            case b_spends: spend(b); break;
            case a_upgrades:
                a.upgrade();
                a.wait_for_old();
                break;
            case b_upgrades:
                b.upgrade();
                b.wait_for_old();
                break;
            case a_reloads: a.reload(); break;
            case a_is_killed:
                a.kill();
                a.start();
                break;
            case b_is_killed:
                b.kill();
                b.start();
                break;
            case a_restarts:
                a.stop();
                a.start();
                break;
            case store_down:
                store.kill();
                for (const auto* each : {&a, &b})
                    (void)each->served().metrics_when([](const std::string& m) { return metric(m, "weir_shared_connected") == 0; }, 8s);
                break;
            case store_up:
                store.start();
                both_connected();
                break;
            case store_forgets: EXPECT_EQ(store.say("FLUSHALL"), "OK"); break;
            case a_hands_over_while_it_streams: {
                raw_client running{a.served().url()};
                ASSERT_TRUE(running.send(question(true, "words=10,stall_after=3,stall=900")));
                auto got = running.read_head();
                ASSERT_EQ(got.status, 200);
                a.upgrade();
                spend(a);
                running.read_body(got);
                EXPECT_TRUE(got.clean());
                spent += price;
                a.wait_for_old();
                break;
            }
        }
        if (HasFatalFailure()) return;
    }
    // What is leased ahead is a slice, or what one request reserves, for each.
    const double ahead = 2 * (slice + 1.5 * price);
    // Claims of who was killed are taken out within a refresh or two, and meanwhile too little is left rather than too much. Then it stays so.
    double left_of_a = 0, left_of_b = 0;
    int steady = 0;
    for (int i = 0; i < 75 && steady < 10; ++i) {
        const bool a_is_right = a.wait_for_left(budget - spent - ahead, budget - spent, 0s, &left_of_a);
        const bool b_is_right = b.wait_for_left(budget - spent - ahead, budget - spent, 0s, &left_of_b);
        const bool right = a_is_right && b_is_right;
        steady = right ? steady + 1 : 0;
        EXPECT_LE(std::max(left_of_a, left_of_b), budget) << "never more than there is";
        std::this_thread::sleep_for(200ms);
    }
    EXPECT_EQ(steady, 10) << "a says " << left_of_a << " and b " << left_of_b << " of " << budget << ", and " << spent << " was spent";
}

INSTANTIATE_TEST_SUITE_P(All, SharedSpendStories, testing::ValuesIn(stories), [](const auto& one) { return std::string{one.param.name}; });

// ---- one weir, its ledger

TEST_F(SharedSpend, ABudgetThatAReloadAddsStartsAtWhatWasSpentInItsWindow) {
    const struct {
        const char* name;
        const char* every;
        double limit;
    } windows[] = {{"1h", "1h", 50}, {"1d", "1d", 60}, {"30d", "30d", 100}};
    for (const auto& first : windows)
        for (const auto& added : windows) {
            SCOPED_TRACE(std::string{first.name} + " then " + added.name);
            temp_folder place;
            const auto budget_text = [](const auto& w) { return "{usd: " + std::to_string(static_cast<int>(w.limit)) + ", every: " + w.every + "}"; };
            long_lived_weir weir{conf("", budget_text(first)), place, "x"};
            for (int i = 0; i < 4; ++i) ASSERT_TRUE(ask(weir));
            // One that was admitted before the reload, and ends after it.
            raw_client running{weir.served().url()};
            ASSERT_TRUE(running.send(question(true, "words=10,stall_after=3,stall=400")));
            auto got = running.read_head();
            weir.reload(budget_text(first), budget_text(added));
            if (HasFatalFailure()) return;
            running.read_body(got);
            EXPECT_TRUE(got.clean());
            double left = 0;
            EXPECT_TRUE(weir.wait_for_left(added.limit - 5 * price, added.limit - 5 * price, 2s, &left)) << left;
            ASSERT_TRUE(ask(weir));
            EXPECT_TRUE(weir.wait_for_left(added.limit - 6 * price, added.limit - 6 * price, 2s, &left)) << left;
        }
}

TEST_F(SharedSpend, AKeyThatLeftAndCameBackHasSpentWhatItSpent) {
    long_lived_weir weir{conf(""), ledgers_, "x"};
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(ask(weir));
    weir.reload("name: team", "name: other");
    EXPECT_TRUE(weir.wait_for_left(budget, budget, 2s));
    weir.reload("name: other", "name: team");
    double left = 0;
    EXPECT_TRUE(weir.wait_for_left(budget - 3 * price, budget - 3 * price, 2s, &left)) << left;
}

TEST_F(SharedSpend, ASuccessorLearnsSoonWhatTheOldProcessesStreamsCost) {
    long_lived_weir weir{conf(""), ledgers_, "x"};
    ASSERT_TRUE(ask(weir));
    raw_client running{weir.served().url()};
    ASSERT_TRUE(running.send(question(true, "words=10,stall_after=3,stall=1500")));
    auto got = running.read_head();
    weir.upgrade();
    if (HasFatalFailure()) return;
    EXPECT_TRUE(weir.wait_for_left(budget - price, budget - price, 1s));
    running.read_body(got);
    EXPECT_TRUE(got.clean());
    double left = 0;
    EXPECT_TRUE(weir.wait_for_left(budget - 2 * price, budget - 2 * price, 2s, &left)) << left;
    weir.wait_for_old();
    std::this_thread::sleep_for(1200ms);
    EXPECT_DOUBLE_EQ(weir.left(), budget - 2 * price) << "counted again when the old process had gone";
}

TEST_F(SharedSpend, ASuccessorSettlesWhatAKilledPredecessorWasServing) {
    long_lived_weir weir{conf(""), ledgers_, "x"};
    ASSERT_TRUE(ask(weir));
    raw_client running{weir.served().url()};
    ASSERT_TRUE(running.send(question(true, "words=60,between=100")));
    auto got = running.read_head();
    std::this_thread::sleep_for(1500ms);  // its progress is noted once a second
    weir.upgrade();
    if (HasFatalFailure()) return;
    weir.kill_old();
    double left = 0;
    EXPECT_TRUE(weir.wait_for_left(budget - price - 4, budget - price - 0.5, 3s, &left)) << left;
}

// ---- leases

TEST_F(SharedSpend, RequestsThatReserveMoreThanASliceAreServedOneAfterTheOtherAndAtOnce) {
    const store_server store;
    long_lived_weir weir{conf("\"" + store.url() + "\"", "{usd: 40, every: 30d}"), ledgers_, "x"};  // a slice is 0.40, a request reserves 1.50
    (void)weir.served().metrics_when([](const std::string& m) { return metric(m, "weir_shared_connected") == 1; });
    for (int i = 0; i < 12; ++i) {
        const auto got = exchange_once(weir.served().url(), question());
        EXPECT_EQ(got.status, 200) << i << ": " << got.wire;
    }
    std::vector<std::thread> clients;
    std::atomic<int> served{0};
    for (int i = 0; i < 12; ++i)
        clients.emplace_back([&] { served += exchange_once(weir.served().url(), question(false, "words=10,before_head=300")).status == 200; });
    for (auto& each : clients) each.join();
    EXPECT_EQ(served, 12);
    EXPECT_NE(weir.served().log_line("\"queued_ms\":"), "") << "nobody waited for a lease, or it was not said";
}

TEST_F(SharedSpend, ARequestWaitsAQuarterOfASecondForALeaseAndNoLonger) {
    store_server store;
    long_lived_weir weir{conf("{url: \"" + store.url() + "\", on_failure: refuse}"), ledgers_, "x"};
    (void)weir.served().metrics_when([](const std::string& m) { return metric(m, "weir_shared_connected") == 1; });
    store.freeze();
    std::vector<std::thread> clients;
    std::atomic<int> refused{0};
    std::atomic<long> longest{0};
    for (int i = 0; i < 8; ++i)
        clients.emplace_back([&] {
            const auto began = std::chrono::steady_clock::now();
            const auto got = exchange_once(weir.served().url(), question(false, "words=10,before_head=1000"));
            if (got.status != 503) return;
            ++refused;
            longest = std::max<long>(longest, std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began).count());
            EXPECT_EQ(got.header("retry-after"), "1");
        });
    for (auto& each : clients) each.join();
    store.thaw();
    EXPECT_GT(refused, 0);
    EXPECT_LT(longest, sanitized ? 2000 : 900);
}

// ---- a store that was never reached

TEST_F(SharedSpend, ThreeWeirsThatNeverReachedTheStoreStayWithinOneBudget) {
    const struct {
        const char* name;
        const char* weirs;
        double least, most;
    } cases[] = {
        {"three may be there", ", weirs: 3", 24, 30 + 3 * 1.5},
        {"nobody says how many", "", 1, 3 * (0.3 + 1.5)},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.name);
        const auto url = "redis://127.0.0.1:" + std::to_string(refusing_port());
        double spent = 0;
        for (int i = 0; i < 3; ++i) {
            temp_folder place;
            const long_lived_weir weir{conf("{url: \"" + url + "\"" + c.weirs + "}", "{usd: 30, every: 30d}"), place, "x"};
            while (spent <= c.most + 10 && exchange_once(weir.served().url(), question()).status == 200) spent += price;
            if (c.weirs[0] == 0) {
                EXPECT_NE(weir.said().find("state.shared.weirs"), std::string::npos) << weir.said();
            }
        }
        EXPECT_GE(spent, c.least);
        EXPECT_LE(spent, c.most);
    }
}

TEST_F(SharedSpend, RemembersHowManySharedTheBudgetWhenItLastHeardOfThem) {
    store_server store;
    const auto shared = "\"" + store.url() + "\"";
    long_lived_weir a{conf(shared, "{usd: 30, every: 30d}"), ledgers_, "a"};
    {
        const long_lived_weir b{conf(shared, "{usd: 30, every: 30d}"), ledgers_, "b"};
        (void)a.served().metrics_when([](const std::string& m) { return metric(m, "weir_shared_weirs") == 2; }, 8s);
    }
    a.stop();
    store.kill();
    a.start();
    double spent = 0;
    while (spent < 40 && exchange_once(a.served().url(), question()).status == 200) spent += price;
    EXPECT_GE(spent, 13);
    EXPECT_LE(spent, 15 + 1.5);
}
