// Responses that clients may go on from: kept at once, for so long and no longer, also over a kill -9 and beside damage.
#include "ledger/responses_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "ledger/ledger_support.hpp"
#include "ledger/unix_time.hpp"

using namespace weir;
using namespace std::chrono_literals;
using ledger_test::folder;

namespace {

ledger::stored_response made(std::string id, std::string key = "ann") {
    ledger::stored_response out;
    out.id = std::move(id);
    out.key = std::move(key);
    out.model = "m";
    out.time_ms = ledger::unix_ms(core::wall_clock::now());
    out.input = R"({"role":"user","content":"q"})";
    out.document = R"({"id":"resp_1","output":[]})";
    return out;
}

struct told {
    std::vector<std::string> faults;
};

std::unique_ptr<ledger::responses_store> opened(const folder& in, told* into = nullptr, std::chrono::milliseconds ttl = 1h) {
    ledger::responses_store::options how;
    how.path = in.ledger();
    how.ttl = ttl;
    if (into) how.on_fault = [into](std::string_view what) { into->faults.emplace_back(what); };
    std::string error;
    auto store = ledger::responses_store::open(std::move(how), error);
    EXPECT_TRUE(store) << error;
    return store;
}

ledger::stored_ref find(ledger::responses_store& in, const std::string& id) {
    std::promise<ledger::stored_ref> answer;
    in.find(id, [&](ledger::stored_ref found) { answer.set_value(std::move(found)); });
    return answer.get_future().get();
}

bool remove(ledger::responses_store& in, const std::string& id) {
    std::promise<bool> answer;
    in.remove(id, [&](bool gone) { answer.set_value(gone); });
    return answer.get_future().get();
}

}  // namespace

TEST(ResponsesStore, WhatWasHandedOverIsFoundByWhoAsksNext) {
    const folder in;
    auto store = opened(in);
    EXPECT_FALSE(find(*store, "resp_1"));
    store->keep(made("resp_1"));
    const auto found = find(*store, "resp_1");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->key, "ann");
    EXPECT_EQ(found->model, "m");
    EXPECT_EQ(found->input, made("").input);
    EXPECT_EQ(found->document, made("").document);
    EXPECT_EQ(store->errors(), 0U);
}

TEST(ResponsesStore, IsThereAgainAfterARestartAndForTheOtherProcess) {
    const folder in;
    auto store = opened(in);
    store->keep(made("resp_1"));
    EXPECT_TRUE(find(*store, "resp_1"));
    const auto successor = opened(in);
    EXPECT_TRUE(find(*successor, "resp_1"));
    successor->keep(made("resp_2"));
    EXPECT_TRUE(find(*successor, "resp_2"));
    EXPECT_TRUE(find(*store, "resp_2"));
    store.reset();
    EXPECT_TRUE(find(*opened(in), "resp_2"));
}

TEST(ResponsesStore, WritesWhatWaitsAtItsEnd) {
    const folder in;
    for (int i = 0; i < 50; ++i) opened(in)->keep(made("resp_" + std::to_string(i)));
    auto store = opened(in);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(find(*store, "resp_" + std::to_string(i)));
}

TEST(ResponsesStore, WhatWasFoundOnceSurvivesAKill) {
    const folder in;
    const pid_t child = ::fork();
    if (child == 0) {
        auto store = opened(in);
        store->keep(made("resp_1"));
        (void)find(*store, "resp_1");
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(find(*opened(in), "resp_1"));
}

TEST(ResponsesStore, AnIdStaysWithWhoGotItFirst) {
    const folder in;
    auto store = opened(in);
    store->keep(made("resp_1", "ann"));
    store->keep(made("resp_1", "bob"));
    EXPECT_EQ(find(*store, "resp_1")->key, "ann");
}

TEST(ResponsesStore, WhatIsDeletedIsGone) {
    const folder in;
    auto store = opened(in);
    store->keep(made("resp_1"));
    EXPECT_TRUE(remove(*store, "resp_1"));
    EXPECT_FALSE(find(*store, "resp_1"));
    EXPECT_TRUE(remove(*store, "resp_1"));
}

TEST(ResponsesStore, WhatIsTooOldIsNotFoundAndGoesAndItsRoomWithIt) {
    const folder in;
    auto store = opened(in, nullptr, 1h);
    constexpr int many = 500;
    for (int i = 0; i < many; ++i) {
        auto old = made("resp_" + std::to_string(i));
        old.time_ms -= 2 * 3'600'000;
        old.document = std::string(20'000, 'x');
        store->keep(std::move(old));
    }
    store->keep(made("resp_new"));
    EXPECT_FALSE(find(*store, "resp_1"));
    EXPECT_TRUE(find(*store, "resp_new"));
    struct stat full{};
    ASSERT_EQ(::stat(in.ledger().c_str(), &full), 0);
    store->expire();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(find(*store, "resp_new"));  // the steps come between
    store.reset();
    struct stat emptied{};
    ASSERT_EQ(::stat(in.ledger().c_str(), &emptied), 0);
    EXPECT_LT(emptied.st_size, full.st_size / 2 + 1'000'000);
}

TEST(ResponsesStore, NobodyElseMayReadItsFiles) {
    const folder in;
    {
        const std::ofstream before(in.ledger());
    }
    ASSERT_EQ(::chmod(in.ledger().c_str(), 0644), 0);
    auto store = opened(in);
    store->keep(made("resp_1"));
    EXPECT_TRUE(find(*store, "resp_1"));
    const auto files = in.names_with("ledger.db");
    EXPECT_GE(files.size(), 2U);
    for (const auto& each : files) {
        struct stat about{};
        ASSERT_EQ(::stat(each.c_str(), &about), 0);
        EXPECT_EQ(about.st_mode & 0777U, 0600U) << each;
    }
}

TEST(ResponsesStore, ADamagedFileIsSetAside) {
    const folder in;
    {
        std::ofstream file(in.ledger());
        file << std::string(5000, 'x');
    }
    told of;
    auto store = opened(in, &of);
    store->keep(made("resp_1"));
    EXPECT_TRUE(find(*store, "resp_1"));
    EXPECT_EQ(in.names_with(".corrupt-").size(), 1U);
    ASSERT_EQ(of.faults.size(), 1U);
    EXPECT_NE(of.faults[0].find("responses_store"), std::string::npos) << of.faults[0];
}

TEST(ResponsesStore, ALedgerIsNotWrittenInto) {
    const folder in;
    std::string error;
    {
        const auto books = ledger::ledger::open({.path = in.ledger()}, error);
        ASSERT_TRUE(books) << error;
    }
    EXPECT_FALSE(ledger::responses_store::open({.path = in.ledger()}, error));
    EXPECT_NE(error.find("responses_store.path"), std::string::npos) << error;
    EXPECT_FALSE(ledger::responses_store::open({.path = "/nowhere/at/all.db"}, error));
    EXPECT_NE(error.find("/nowhere/at/all.db"), std::string::npos) << error;
}

TEST(ResponsesStore, TakesNoMoreThanItCanHold) {
    const folder in;
    told of;
    ledger::responses_store::options how;
    how.path = in.ledger();
    how.most_waiting = 10;
    how.on_fault = [&of](std::string_view what) { of.faults.emplace_back(what); };
    std::string error;
    auto store = ledger::responses_store::open(std::move(how), error);
    ASSERT_TRUE(store) << error;
    store->keep(made("resp_1"));
    store->keep(made("resp_2"));
    EXPECT_EQ(store->errors(), 2U);
    EXPECT_EQ(of.faults.size(), 1U) << "a fault that stands is told once";
    EXPECT_FALSE(find(*store, "resp_1"));
}

TEST(ResponsesStore, AFileThatIsLockedForLongCostsTheResponseAlone) {
    const folder in;
    auto store = opened(in);
    EXPECT_FALSE(find(*store, "resp_1"));
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(in.ledger().c_str(), &other), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    store->keep(made("resp_1"));
    EXPECT_FALSE(find(*store, "resp_1"));
    EXPECT_EQ(store->errors(), 1U);
    ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(other);
    store->keep(made("resp_2"));
    EXPECT_TRUE(find(*store, "resp_2"));
}
