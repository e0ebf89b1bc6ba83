// kill -9 in the middle of everything: what the ledger says after the next start. It does not test a crash of the
// machine.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

struct ledger_row {
    std::int64_t prompt = 0;
    std::int64_t completion = 0;
    std::int64_t status = 0;
    std::int64_t cost = 0;
    bool estimated = false;
    bool recovered = false;
    std::string key, upstream;
};

class Recovery : public testing::Test {
protected:
    Recovery() : a_(quick_provider("a")) {}

    /// The ledger stands beside the gateways' own folders, so that the next one finds it.
    [[nodiscard]] std::unique_ptr<gateway_process> start(const std::string& state = {}) const {
        const std::string conf = "listeners: [{address: \"127.0.0.1:0\"}]\nprices: prices.yaml\npools:\n  main:\n    upstreams:\n" +
                                 upstream_of(*a_) +
                                 "keys: [{name: tester, secret: sk-tester, budgets: [{usd: 1000, every: 30d}]}]\n"
                                 "admin: {address: \"127.0.0.1:0\"}\nworkers: 2\nstate: {ledger: \"" +
                                 books_.file("ledger.db") + "\"" + state + "}\nlog: {access: off, level: info}\n";
        return std::make_unique<gateway_process>(WEIR_BINARY, conf,
                                                 gateway_process::files{{"prices.yaml", "models:\n  \"*\": {input: 2.50, output: 10.00}\n"}});
    }

    static std::string request(const std::string& id, bool stream, const std::string& script = {}) {
        headers with = {{"Authorization", "Bearer sk-tester"}, {"x-request-id", id}};
        if (!script.empty()) with.emplace_back("x-mock", script);
        return request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", stream), with);
    }

    /// By request id; twice the same id shows as two rows.
    [[nodiscard]] std::multimap<std::string, ledger_row> rows() const {
        std::multimap<std::string, ledger_row> out;
        sqlite3* db = nullptr;
        EXPECT_EQ(sqlite3_open_v2(books_.file("ledger.db").c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
        sqlite3_busy_timeout(db, 2000);
        sqlite3_stmt* all = nullptr;
        EXPECT_EQ(sqlite3_prepare_v2(db,
                                     "SELECT request_id, input_tokens + cached_input_tokens + cache_write_tokens, "
                                     "output_tokens + reasoning_tokens, status, cost_nanousd, estimated, recovered, key, "
                                     "upstream FROM requests",
                                     -1, &all, nullptr),
                  SQLITE_OK)
            << sqlite3_errmsg(db);
        const auto text = [&](int column) {
            const auto* found = sqlite3_column_text(all, column);
            return found == nullptr ? std::string{} : std::string{reinterpret_cast<const char*>(found)};
        };
        while (sqlite3_step(all) == SQLITE_ROW)
            out.emplace(text(0), ledger_row{sqlite3_column_int64(all, 1), sqlite3_column_int64(all, 2), sqlite3_column_int64(all, 3),
                                            sqlite3_column_int64(all, 4), sqlite3_column_int64(all, 5) != 0, sqlite3_column_int64(all, 6) != 0,
                                            text(7), text(8)});
        sqlite3_finalize(all);
        sqlite3_close(db);
        return out;
    }

    temp_folder books_;
    std::unique_ptr<mock::provider> a_;
};

/// Clients that ask one request after the other until nobody answers any more, and note what they got whole.
class crowd {
public:
    crowd(const std::string& address, const std::string& prefix, std::function<std::string(const std::string&, int)> make) : make_(std::move(make)) {
        for (int who = 0; who < 4; ++who) threads_.emplace_back([this, address, who, prefix] { run(address, prefix + std::to_string(who) + "-"); });
    }
    ~crowd() { join(); }
    void join() {
        for (auto& each : threads_) each.join();
        threads_.clear();
    }
    std::set<std::string> whole;  ///< after join()

private:
    void run(const std::string& address, const std::string& prefix) {
        raw_client client{address};
        for (int n = 0;; ++n) {
            const auto id = prefix + std::to_string(n);
            if (!client.send(make_(id, n))) return;
            const auto got = client.read_response(5s);
            if (!got.clean() || got.status != 200) return;
            const std::lock_guard lock{mutex_};
            whole.insert(id);
        }
    }

    std::function<std::string(const std::string&, int)> make_;
    std::mutex mutex_;
    std::vector<std::thread> threads_;
};

}  // namespace

TEST_F(Recovery, CountsEveryRequestOnceWhateverWasKilledWhen) {
    const char* const asked = std::getenv("WEIR_KILLS");
    const int kills = asked ? std::atoi(asked) : 20;
    std::mt19937 random{std::random_device{}()};
    std::set<std::string> whole;
    const auto began = std::chrono::steady_clock::now();
    for (int round = 0; round < kills; ++round) {
        auto weir = start();
        crowd clients{weir->url(), "r" + std::to_string(round) + "-",
                      [](const std::string& id, int n) { return request(id, n % 3 != 0, "words=12,between=" + std::to_string(n % 5)); }};
        std::this_thread::sleep_for(std::chrono::microseconds{20'000 + random() % 180'000});
        weir->kill();
        clients.join();
        whole.merge(clients.whole);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - began, kills * 750ms);
    ASSERT_GT(whole.size(), static_cast<std::size_t>(kills));

    auto last = start();
    last->program().signal(SIGTERM);
    ASSERT_EQ(last->program().wait(5s), 0);
    const auto books = rows();
    std::map<std::string, mock::usage> said;
    for (const auto& call : a_->calls()) said[call.header("x-request-id")] = call.usage;
    for (const auto& id : whole) {
        ASSERT_EQ(books.count(id), 1u) << id;
        EXPECT_FALSE(books.find(id)->second.recovered) << id;
        EXPECT_FALSE(books.find(id)->second.estimated) << id;
    }
    std::size_t recovered = 0, compared = 0, differing = 0;
    for (const auto& [id, usage] : said) {
        SCOPED_TRACE(id);
        ASSERT_EQ(books.count(id), 1u) << "the provider was asked";
        const auto& row = books.find(id)->second;
        EXPECT_EQ(row.key, "tester");
        recovered += row.recovered ? 1 : 0;
        if (row.recovered || row.estimated) continue;
        ++compared;
        differing += row.prompt != usage.prompt || row.completion != usage.completion || row.cost != usage.prompt * 2500 + usage.completion * 10000;
        EXPECT_EQ(row.prompt, usage.prompt);
        EXPECT_EQ(row.completion, usage.completion);
        EXPECT_EQ(row.cost, usage.prompt * 2500 + usage.completion * 10000);
    }
    EXPECT_GE(recovered, static_cast<std::size_t>(kills) / 2);
    std::printf("kill -9: %d kills, %zu requests in the provider's books, %zu compared, %zu differences, %zu recovered, %zu whole at the client\n",
                kills, said.size(), compared, differing, recovered, whole.size());
    for (const auto& [id, row] : books) EXPECT_EQ(books.count(id), 1u) << id;
}

TEST_F(Recovery, SettlesWhatWasInFlightFromItsLastProgress) {
    auto weir = start();
    raw_client client{weir->url()};
    ASSERT_TRUE(client.send(request("long", true, "words=400,between=20")));
    auto got = client.read_head();
    ASSERT_EQ(got.status, 200);
    raw_client silent{weir->url()};
    ASSERT_TRUE(silent.send(request("unanswered", false, "before_head=60000")));
    std::this_thread::sleep_for(2500ms);
    weir->kill();
    client.read_body(got);
    EXPECT_FALSE(got.clean());
    weir = start();
    const auto books = rows();
    ASSERT_EQ(books.count("long"), 1u);
    ASSERT_EQ(books.count("unanswered"), 1u);
    const auto& row = books.find("long")->second;
    EXPECT_TRUE(row.recovered);
    EXPECT_TRUE(row.estimated);
    EXPECT_EQ(row.upstream, "a");
    EXPECT_GT(row.prompt, 0);
    EXPECT_GT(row.completion, 20) << "progress is noted every second";
    EXPECT_LE(row.completion, static_cast<std::int64_t>(4 * split_events(got.body).size()));
    EXPECT_EQ(row.cost, row.prompt * 2500 + row.completion * 10000);
    EXPECT_TRUE(books.find("unanswered")->second.recovered);
    EXPECT_EQ(books.find("unanswered")->second.completion, 0);
    const auto left = metric(weir->metrics(), "weir_budget_remaining_usd", {"key=\"tester\""});
    EXPECT_NEAR(left, 1000 - static_cast<double>(row.cost + books.find("unanswered")->second.cost) / 1e9, 1e-9);
}

TEST_F(Recovery, ServesOrRefusesAsToldWhileTheLedgerCannotBeWritten) {
    for (const bool refuses : {false, true}) {
        SCOPED_TRACE(refuses);
        const auto weir = start(refuses ? ", on_failure: refuse" : "");
        ASSERT_EQ(exchange_once(weir->url(), request("well", false)).status, 200);
        sqlite3* other = nullptr;
        ASSERT_EQ(sqlite3_open_v2(books_.file("ledger.db").c_str(), &other, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
        sqlite3_busy_timeout(other, 2000);
        ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
        EXPECT_EQ(exchange_once(weir->url(), request("kept", false)).status, 200) << "nobody knows yet";
        ASSERT_TRUE(weir->program().wait_err([](const std::string& err) { return err.find("stay in") != std::string::npos; })) << "not said loudly";
        const auto got = exchange_once(weir->url(), request("then", false));
        EXPECT_EQ(got.status, refuses ? 503 : 200) << got.wire;
        EXPECT_EQ(got.body.find("state.on_failure") != std::string::npos, refuses) << got.body;
        sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
        sqlite3_close_v2(other);
        const auto until = std::chrono::steady_clock::now() + 5s;
        int status = 0;
        while (status != 200 && std::chrono::steady_clock::now() < until) status = exchange_once(weir->url(), request("again", false)).status;
        EXPECT_EQ(status, 200);
    }
    EXPECT_EQ(rows().count("kept"), 2u) << "nothing written before is lost";
}

TEST_F(Recovery, ShowsInSpendAfterAKill) {
    auto weir = start();
    for (int i = 0; i < 5; ++i) ASSERT_EQ(exchange_once(weir->url(), request("s" + std::to_string(i), i % 2 == 0)).status, 200);
    weir->kill();  // before the journal was moved
    std::int64_t prompt = 0, completion = 0;
    for (const auto& call : a_->calls()) {
        prompt += call.usage.prompt;
        completion += call.usage.completion;
    }
    weir = start();
    process spend{{WEIR_BINARY, "spend", "-c", weir->folder().file("weir.yaml"), "--by", "key", "--format", "json"}, weir->folder().path().string()};
    ASSERT_EQ(spend.wait(), 0) << spend.err();
    std::this_thread::sleep_for(20ms);
    const auto said = spend.out();
    EXPECT_NE(said.find("\"requests\": 5"), std::string::npos) << said;
    EXPECT_NE(said.find("\"cost_nanousd\": " + std::to_string(prompt * 2500 + completion * 10000)), std::string::npos) << said;
}
