// The ledger across restarts, faults and second processes.
#include "ledger/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "ledger/ledger_files.hpp"
#include "ledger/ledger_support.hpp"
#include "ledger/spend.hpp"

using namespace weir;
using ledger_test::folder;
using ledger_test::quiet_options;
using ledger_test::record_of;
using ledger_test::rows_of;

namespace {

std::unique_ptr<ledger::ledger> open_or_fail(ledger::options how) {
    std::string error;
    auto opened = ledger::ledger::open(std::move(how), error);
    EXPECT_TRUE(opened) << error;
    return opened;
}

void settle(ledger::ledger& into, std::string_view id, usage::nanousd cost, core::wall_time time = {}) {
    ledger::journal& journal = into.worker_journal(0);
    ledger::intent what;
    what.request_id = id;
    ledger::entry e = journal.begin(what);
    EXPECT_TRUE(journal.settle(e, record_of(id, cost, time)));
}

// The files of a ledger as a crash would leave them: copied away while it is open, and copied back.
struct snapshot {
    explicit snapshot(const std::string& path) {
        for (const std::string& file : ledger::journal_files(path)) files.emplace_back(file, ledger::read_file(file));
    }
    void restore() const {
        for (const auto& [name, bytes] : files) std::ofstream(name, std::ios::binary) << bytes;
    }
    std::vector<std::pair<std::string, std::string>> files;
};

}  // namespace

TEST(Ledger, KeepsEveryColumnOfARequest) {
    const folder in;
    {
        auto ledger = open_or_fail(quiet_options(in));
        record::request_record r = record_of("id-1", 1'500'001, core::wall_time(std::chrono::milliseconds(1'700'000'000'123)));
        r.code = core::code::budget_exceeded;
        r.usage = {1, 2, 3, 0, 5, 6, 7, 8, 9};
        r.estimated = true;
        r.stream = true;
        r.first_token_ms = -1;
        ledger::entry none;
        EXPECT_TRUE(ledger->worker_journal(0).settle(none, r));
    }
    sqlite3* db = nullptr;
    sqlite3_open(in.ledger().c_str(), &db);
    {
        ledger::statement all(db, "SELECT * FROM requests");
        ASSERT_EQ(all.step(), SQLITE_ROW);
        std::string line;
        for (int i = 1; i < 27; ++i) line += all.text(i) + "|";
        EXPECT_EQ(line,
                  "1700000000123|id-1|dify|gpt-*|gpt-4o|gpt-4o-2024-11-20|openai|openai-main|/v1/chat/completions|200|"
                  "budget_exceeded|1|1|1|2|3|5|6|7|8|9|1|0|1500001||1500|");
        EXPECT_EQ(all.step(), SQLITE_DONE);
    }
    sqlite3_close(db);
}

TEST(Ledger, MovesRowsByItselfWithinItsInterval) {
    const folder in;
    ledger::options how = quiet_options(in);
    how.interval = std::chrono::milliseconds(10);
    auto ledger = open_or_fail(how);
    settle(*ledger, "a", 1);
    for (int i = 0; i < 300 && rows_of(in.ledger()).empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(rows_of(in.ledger()).size(), 1u);
}

TEST(Ledger, LeavesNoJournalBehindWhenItClosedWell) {
    const folder in;
    {
        auto ledger = open_or_fail(quiet_options(in));
        settle(*ledger, "a", 1);
        EXPECT_EQ(in.names_with(".journal").size(), 1u);
    }
    EXPECT_TRUE(in.names_with(".journal").empty());
    EXPECT_EQ(rows_of(in.ledger()).at("a").cost, 1);
}

TEST(Ledger, SettlesFromTheLastProgressWhatWasInFlight) {
    const folder in;
    {
        auto ledger = open_or_fail(quiet_options(in));
        ledger::intent what;
        what.request_id = "cut";
        const ledger::entry e = ledger->worker_journal(0).begin(what);
        ledger::progress_report so_far;
        so_far.usage.output = 41;
        so_far.cost = 99;
        ledger->worker_journal(0).progress(e, so_far);
        so_far.usage.output = 42;
        ledger->worker_journal(0).progress(e, so_far);
        EXPECT_TRUE(rows_of(in.ledger()).empty());
    }
    auto ledger = open_or_fail(quiet_options(in));
    EXPECT_EQ(ledger->recovered().recovered, 1u);
    const auto rows = rows_of(in.ledger());
    ASSERT_TRUE(rows.contains("cut"));
    EXPECT_TRUE(rows.at("cut").recovered);
    EXPECT_EQ(rows.at("cut").output, 42);
    EXPECT_EQ(rows.at("cut").cost, 99);
}

TEST(Ledger, ReplaysAJournalOnlyOnce) {
    const folder in;
    auto first = open_or_fail(quiet_options(in));
    for (int i = 0; i < 50; ++i) settle(*first, "r" + std::to_string(i), i);
    EXPECT_TRUE(first->flush());
    for (int i = 50; i < 60; ++i) settle(*first, "r" + std::to_string(i), i);
    const snapshot crash(in.ledger());
    first.reset();
    for (int round = 0; round < 3; ++round) {
        crash.restore();
        auto again = open_or_fail(quiet_options(in));
        EXPECT_EQ(again->recovered().settled, 60u);
        const auto rows = rows_of(in.ledger());
        EXPECT_EQ(rows.size(), 60u);
        for (const auto& [id, row] : rows) EXPECT_EQ(row.times, 1) << id;
    }
}

TEST(Ledger, NeverReusesASequenceAfterARestart) {
    const folder in;
    for (int round = 0; round < 5; ++round) {
        auto ledger = open_or_fail(quiet_options(in));
        settle(*ledger, "r" + std::to_string(round), 1);
    }
    EXPECT_EQ(rows_of(in.ledger()).size(), 5u);
}

TEST(Ledger, RefusesASecondProcessWithAClearError) {
    const folder in;
    auto first = open_or_fail(quiet_options(in));
    std::string error;
    EXPECT_FALSE(ledger::ledger::open(quiet_options(in), error));
    EXPECT_THAT(error, testing::HasSubstr("another process uses it"));
    EXPECT_THAT(error, testing::HasSubstr(std::to_string(::getpid())));
    first.reset();
    EXPECT_TRUE(ledger::ledger::open(quiet_options(in), error));
}

TEST(Ledger, IsSharedWithAPredecessorThatStillDrains) {
    const folder in;
    auto first = open_or_fail(quiet_options(in));
    auto running = first->worker_journal(0).begin({core::wall_clock::now(), "old", "dify", "", "gpt-4o", "/v1/chat/completions", true});
    auto beside = quiet_options(in);
    beside.beside_predecessor = true;
    auto second = open_or_fail(beside);
    EXPECT_EQ(second->recovered().recovered, 0u);  // what the predecessor still serves is its own business
    settle(*second, "new", 2);
    std::string error;
    EXPECT_FALSE(ledger::ledger::open(quiet_options(in), error));
    EXPECT_TRUE(first->worker_journal(0).settle(running, ledger_test::record_of("old", 1)));
    first.reset();
    // The slot of who has gone is free for the next one, and a plain start sees who is still there.
    EXPECT_FALSE(ledger::ledger::open(quiet_options(in), error));
    auto third = open_or_fail(beside);
    settle(*third, "newer", 3);
    second.reset();
    third.reset();
    EXPECT_EQ(rows_of(in.ledger()).size(), 3u);
    EXPECT_TRUE(in.names_with(".journal").empty());
}

TEST(Ledger, SettlesWhatASuccessorLeftWhenItDied) {
    const folder in;
    int go[2];
    ASSERT_EQ(::pipe(go), 0);
    const pid_t pid = ::fork();  // before there are threads
    if (pid == 0) {
        char told = 0;
        if (::read(go[0], &told, 1) != 1) ::_exit(1);
        auto how = quiet_options(in);
        how.beside_predecessor = true;
        std::string error;
        auto second = ledger::ledger::open(how, error);
        if (!second) ::_exit(1);
        (void)second->worker_journal(0).begin({core::wall_clock::now(), "lost", "dify", "", "gpt-4o", "/v1/chat/completions", true});
        ::kill(::getpid(), SIGKILL);
    }
    auto first = open_or_fail(quiet_options(in));
    ASSERT_EQ(::write(go[1], "!", 1), 1);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status));
    ::close(go[0]);
    ::close(go[1]);
    first.reset();
    const auto again = open_or_fail(quiet_options(in));
    EXPECT_EQ(again->recovered().recovered, 1u);
}

TEST(Ledger, SaysWhereItCannotWrite) {
    ledger::options how;
    how.path = "/nonexistent/folder/ledger.db";
    std::string error;
    EXPECT_FALSE(ledger::ledger::open(how, error));
    EXPECT_THAT(error, testing::HasSubstr("/nonexistent/folder/ledger.db"));
}

TEST(Ledger, SetsACorruptDatabaseAsideAndGoesOn) {
    const folder in;
    const std::string garbage(100'000, 'x');
    std::ofstream(in.ledger(), std::ios::binary) << garbage;
    std::vector<std::string> faults;
    auto ledger = open_or_fail(quiet_options(in, &faults));
    settle(*ledger, "a", 1);
    EXPECT_TRUE(ledger->flush());
    EXPECT_EQ(rows_of(in.ledger()).size(), 1u);
    const auto kept = in.names_with(".corrupt-");
    ASSERT_EQ(kept.size(), 1u);
    EXPECT_EQ(ledger::read_file(kept[0]), garbage);
    ASSERT_EQ(faults.size(), 1u);
    EXPECT_THAT(faults[0], testing::HasSubstr(kept[0]));
}

TEST(Ledger, FindsDamageInsideADatabaseAtTheStart) {
    const folder in;
    {
        auto ledger = open_or_fail(quiet_options(in));
        for (int i = 0; i < 2000; ++i) settle(*ledger, "r" + std::to_string(i), i);
    }
    std::fstream file(in.ledger(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(3 * 4096);
    file << std::string(8 * 4096, '\x5a');
    file.close();
    std::vector<std::string> faults;
    auto ledger = open_or_fail(quiet_options(in, &faults));
    EXPECT_EQ(faults.size(), 1u);
    EXPECT_FALSE(in.names_with(".corrupt-").empty());
    settle(*ledger, "after", 1);
    EXPECT_TRUE(ledger->flush());
    EXPECT_EQ(rows_of(in.ledger()).size(), 1u);
}

TEST(Ledger, RefusesTheDatabaseOfAnotherProgram) {
    const folder in;
    sqlite3* db = nullptr;
    sqlite3_open(in.ledger().c_str(), &db);
    sqlite3_exec(db, "CREATE TABLE customers(name TEXT); INSERT INTO customers VALUES('x')", nullptr, nullptr, nullptr);
    sqlite3_close(db);
    const std::string before = ledger::read_file(in.ledger());
    std::string error;
    EXPECT_FALSE(ledger::ledger::open(quiet_options(in), error));
    EXPECT_THAT(error, testing::HasSubstr("another program"));
    EXPECT_EQ(ledger::read_file(in.ledger()), before);
}

TEST(Ledger, KeepsRowsInTheJournalWhileTheDatabaseIsBusyAndSaysSoOnce) {
    const folder in;
    std::vector<std::string> faults;
    auto ledger = open_or_fail(quiet_options(in, &faults));
    sqlite3* other = nullptr;
    sqlite3_open(in.ledger().c_str(), &other);
    ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    settle(*ledger, "a", 1);
    EXPECT_FALSE(ledger->flush());
    EXPECT_EQ(faults.size(), 1u);
    EXPECT_EQ(ledger::spend(in.ledger(), {}).rows.at(0).requests, 1);
    sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    EXPECT_TRUE(ledger->flush());
    EXPECT_EQ(rows_of(in.ledger()).size(), 1u);
    EXPECT_EQ(faults.size(), 1u);
}

TEST(Ledger, ReportsAFullJournalAndTakesRowsAgainOnceThereIsRoom) {
    const folder in;
    std::vector<std::string> faults;
    ledger::options how = quiet_options(in, &faults);
    how.max_journal_bytes = 3 << 18;
    auto ledger = open_or_fail(how);
    ledger::journal& journal = ledger->worker_journal(0);
    int kept = 0;
    for (int i = 0; i < 10'000; ++i) {
        ledger::entry none;
        kept += journal.settle(none, record_of("r" + std::to_string(i), 1));
    }
    EXPECT_GT(ledger->journals().lost(), 0u);
    EXPECT_EQ(ledger->journals().lost(), 10'000u - static_cast<unsigned>(kept));
    ledger->flush();
    EXPECT_THAT(faults, testing::Contains(testing::HasSubstr("found no room")));
    EXPECT_EQ(rows_of(in.ledger()).size(), static_cast<std::size_t>(kept));
    settle(*ledger, "after", 1);
    ledger->flush();
    EXPECT_TRUE(rows_of(in.ledger()).contains("after"));
}

TEST(Ledger, SetsADamagedJournalAsideAndSettlesWhatCanBeRead) {
    const folder in;
    auto first = open_or_fail(quiet_options(in));
    for (int i = 0; i < 10; ++i) settle(*first, "r" + std::to_string(i), i);
    snapshot crash(in.ledger());
    first.reset();
    std::filesystem::remove(in.ledger());
    const auto at = crash.files.at(0).second.find("r4");
    crash.files[0].second[at] = 'X';
    crash.restore();
    std::vector<std::string> faults;
    auto ledger = open_or_fail(quiet_options(in, &faults));
    EXPECT_EQ(rows_of(in.ledger()).size(), 9u);
    EXPECT_EQ(ledger->recovered().damaged, 1u);
    EXPECT_EQ(in.names_with(".damaged-").size(), 1u);
    EXPECT_EQ(faults.size(), 1u);
}

TEST(Ledger, SumsWhatAKeySpentSinceThen) {
    const folder in;
    const core::wall_time start{std::chrono::hours(1'000)};
    auto ledger = open_or_fail(quiet_options(in));
    settle(*ledger, "old", 1, start - std::chrono::seconds(1));
    settle(*ledger, "at", 10, start);
    settle(*ledger, "new", 100, start + std::chrono::hours(1));
    EXPECT_EQ(ledger->spent_since("dify", start), 110);
    EXPECT_EQ(ledger->spent_since("dify", {}), 111);
    EXPECT_EQ(ledger->spent_since("nobody", {}), 0);
}

TEST(Ledger, SumsSpendFromTheMiddleOfAnHour) {
    const folder in;
    const core::wall_time hour{std::chrono::hours(2'000)};
    auto ledger = open_or_fail(quiet_options(in));
    for (int minute = 0; minute < 180; ++minute) settle(*ledger, "m" + std::to_string(minute), 1, hour + std::chrono::minutes(minute));
    for (const int since : {0, 1, 59, 60, 61, 100, 179, 180})
        EXPECT_EQ(ledger->spent_since("dify", hour + std::chrono::minutes(since)), 180 - since) << since;
    EXPECT_EQ(ledger->spent_since("dify", hour + std::chrono::minutes(59) + std::chrono::milliseconds(1)), 120);
}

TEST(Ledger, KeepsTheSumsOfRowsThatAJournalHasTwice) {
    const folder in;
    auto first = open_or_fail(quiet_options(in));
    for (int i = 0; i < 700; ++i) settle(*first, "r" + std::to_string(i), 1);
    EXPECT_TRUE(first->flush());
    for (int i = 700; i < 720; ++i) settle(*first, "r" + std::to_string(i), 1);
    const snapshot crash(in.ledger());
    first.reset();
    crash.restore();
    auto again = open_or_fail(quiet_options(in));
    EXPECT_EQ(again->recovered().settled, 720u);
    EXPECT_EQ(again->spent_since("dify", {}), 720);
}

TEST(Ledger, KeepsSpendThatIsOlderThanItsRows) {
    const folder in;
    const core::wall_time now{std::chrono::hours(10'000)};
    auto ledger = open_or_fail(quiet_options(in));
    for (int i = 0; i < 10; ++i) settle(*ledger, "old" + std::to_string(i), 1, now - std::chrono::hours(30));
    EXPECT_TRUE(ledger->flush());
    EXPECT_EQ(ledger->retain(std::chrono::hours(24), now), 10);
    EXPECT_EQ(ledger->spent_since("dify", now - std::chrono::hours(720)), 10) << "a budget's window may be longer than `keep`";
}

TEST(Ledger, CountsSpendOnceWhenRowsWereDeletedThatAJournalStillHad) {
    // What a crash leaves of a journal, and what retention deleted before it or deletes after it.
    const core::wall_time now{std::chrono::hours(10'000)};
    const struct {
        const char* name;
        bool moved, retained_before;
        std::size_t rows;
    } cases[] = {
        {"moved, deleted, killed", true, true, 5},
        {"moved, killed, deleted", true, false, 5},
        {"killed before anything was moved", false, false, 5},
        {"deleted by an earlier life, new rows as old", false, true, 5},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.name);
        const folder in;
        auto first = open_or_fail(quiet_options(in));
        if (c.retained_before && !c.moved) {
            EXPECT_EQ(first->retain(std::chrono::hours(24), now), 0);
        }
        for (int i = 0; i < 10; ++i) settle(*first, "old" + std::to_string(i), 1, now - std::chrono::hours(30));
        for (int i = 0; i < 5; ++i) settle(*first, "new" + std::to_string(i), 1, now);
        if (c.moved) {
            EXPECT_TRUE(first->flush());
        }
        if (c.moved && c.retained_before) {
            EXPECT_EQ(first->retain(std::chrono::hours(24), now), 10);
        }
        const snapshot crash(in.ledger());
        first.reset();
        crash.restore();
        const auto again = open_or_fail(quiet_options(in));
        (void)again->retain(std::chrono::hours(24), now);
        EXPECT_EQ(again->spent_since("dify", {}), 15);
        EXPECT_EQ(rows_of(in.ledger()).size(), c.rows);
    }
}

TEST(Ledger, KeepsTheRowsOfMoreWorkersThanOneNumberHasRoomFor) {
    const folder in;
    constexpr int workers = 300;
    {
        auto ledger = open_or_fail(quiet_options(in));
        for (int w = 0; w < workers; ++w) {
            ledger::journal& journal = ledger->worker_journal(w);
            for (int i = 0; i < 2; ++i) {
                ledger::entry e = journal.begin({});
                EXPECT_TRUE(journal.settle(e, record_of("w" + std::to_string(w) + "." + std::to_string(i), 1)));
            }
        }
    }
    EXPECT_EQ(rows_of(in.ledger()).size(), 2U * workers);
    auto again = open_or_fail(quiet_options(in));
    for (const int w : {0, 256}) {
        ledger::entry e = again->worker_journal(w).begin({});
        EXPECT_TRUE(again->worker_journal(w).settle(e, record_of("again" + std::to_string(w), 1)));
    }
    EXPECT_TRUE(again->flush());
    EXPECT_EQ(rows_of(in.ledger()).size(), 2U * workers + 2) << "a number was used twice";
}

TEST(Ledger, AddsUpForManyAtOnce) {
    const folder in;
    const core::wall_time hour{std::chrono::hours(2'000)};
    auto ledger = open_or_fail(quiet_options(in));
    for (int i = 0; i < 10; ++i) settle(*ledger, "r" + std::to_string(i), 1, hour + std::chrono::hours(i));
    std::vector<ledger::ledger::spent> sums(200, {"dify", hour + std::chrono::hours(4), 0});
    sums.push_back({"nobody", {}, 0});
    sums.push_back({"dify", {}, 0});
    EXPECT_TRUE(ledger->add_up(sums));
    EXPECT_EQ(sums[0].sum, 6);
    EXPECT_EQ(sums[199].sum, 6);
    EXPECT_EQ(sums[200].sum, 0);
    EXPECT_EQ(sums[201].sum, 10);
}

TEST(Ledger, KnowsWhetherItIsAloneAndSettlesWhatADeadProcessLeft) {
    const folder in;
    int go[2];
    ASSERT_EQ(::pipe(go), 0);
    const pid_t pid = ::fork();  // before there are threads
    if (pid == 0) {
        char told = 0;
        if (::read(go[0], &told, 1) != 1) ::_exit(1);
        auto how = quiet_options(in);
        how.beside_predecessor = true;
        std::string error;
        auto second = ledger::ledger::open(how, error);
        if (!second) ::_exit(1);
        ledger::entry e = second->worker_journal(0).begin({core::wall_clock::now(), "lost", "dify", "", "gpt-4o", "/v1/chat/completions", true});
        ledger::progress_report so_far;
        so_far.cost = 7;
        second->worker_journal(0).progress(e, so_far);
        ::raise(SIGSTOP);
        ::_exit(1);
    }
    auto first = open_or_fail(quiet_options(in));
    EXPECT_TRUE(first->alone());
    ASSERT_EQ(::write(go[1], "!", 1), 1);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, WUNTRACED), pid);
    ASSERT_TRUE(WIFSTOPPED(status));
    EXPECT_FALSE(first->alone());
    EXPECT_EQ(first->spent_since("dify", {}), 0) << "what a living one serves is its own business";
    ::kill(pid, SIGKILL);
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ::close(go[0]);
    ::close(go[1]);
    EXPECT_TRUE(first->alone());
    EXPECT_EQ(first->spent_since("dify", {}), 7);
    EXPECT_TRUE(first->alone());
    EXPECT_EQ(first->spent_since("dify", {}), 7);
}

TEST(Ledger, TakesOverALedgerOfTheFirstSchema) {
    const folder in;
    {
        auto ledger = open_or_fail(quiet_options(in));
        for (int i = 0; i < 5; ++i) settle(*ledger, "r" + std::to_string(i), 100, core::wall_time{std::chrono::hours(i)});
    }
    {
        sqlite3* db = nullptr;
        ASSERT_EQ(sqlite3_open(in.ledger().c_str(), &db), SQLITE_OK);
        ASSERT_EQ(sqlite3_exec(db,
                               "DROP TABLE key_hours; CREATE INDEX requests_by_key ON requests(key, time, cost_nanousd); "
                               "PRAGMA user_version=1;",
                               nullptr, nullptr, nullptr),
                  SQLITE_OK);
        sqlite3_close(db);
    }
    auto ledger = open_or_fail(quiet_options(in));
    EXPECT_EQ(rows_of(in.ledger()).size(), 5u);
    EXPECT_EQ(ledger->spent_since("dify", {}), 500);
    EXPECT_EQ(ledger->spent_since("dify", core::wall_time{std::chrono::hours(3)}), 200);
    settle(*ledger, "more", 1, core::wall_time{std::chrono::hours(4)});
    EXPECT_EQ(ledger->spent_since("dify", {}), 501);
}

TEST(Ledger, DeletesRowsThatAreTooOld) {
    const folder in;
    const core::wall_time now{std::chrono::hours(10'000)};
    auto ledger = open_or_fail(quiet_options(in));
    for (int i = 0; i < 12'000; ++i) settle(*ledger, "old" + std::to_string(i), 1, now - std::chrono::hours(25));
    settle(*ledger, "young", 1, now - std::chrono::hours(23));
    EXPECT_TRUE(ledger->flush());
    EXPECT_EQ(ledger->retain(std::chrono::hours(24), now), 12'000);
    EXPECT_EQ(rows_of(in.ledger()).size(), 1u);
    EXPECT_EQ(ledger->retain(std::chrono::hours(24), now), 0);
}

TEST(Ledger, KeepsItsNameAndWhatWasLearnedOverARestart) {
    const folder in;
    std::int64_t name = 0;
    {
        auto ledger = open_or_fail(quiet_options(in));
        EXPECT_TRUE(ledger->kept().models().empty());
        name = ledger->kept().identity(4711);
        EXPECT_EQ(name, 4711);
        EXPECT_TRUE(ledger->kept().keep_models({{"claude-*", {1, 2, 3, 4, 5, 6}}, {"other", {7, 8, 9, 10, 11, 12}}}));
        EXPECT_TRUE(ledger->kept().keep_models({{"other", {0, 0, 0, 0, 0, -1}}}));
    }
    auto ledger = open_or_fail(quiet_options(in));
    EXPECT_EQ(ledger->kept().identity(1), name);
    const auto models = ledger->kept().models();
    ASSERT_EQ(models.size(), 2u);
    for (const auto& each : models) EXPECT_EQ(each.numbers[5], each.name == "other" ? -1 : 6) << each.name;
}

TEST(Ledger, GivesTheSpaceOfDeletedRowsBackToTheDisk) {
    const folder in;
    auto ledger = open_or_fail(quiet_options(in));
    const auto old = core::wall_time(std::chrono::hours(1000));
    for (int i = 0; i < 20000; ++i) settle(*ledger, "a-request-id-that-takes-some-room-" + std::to_string(i), 1, old);
    ASSERT_TRUE(ledger->flush());
    ledger->compact();
    const auto full = std::filesystem::file_size(in.ledger());
    EXPECT_EQ(ledger->retain(std::chrono::hours(1), core::wall_time(std::chrono::hours(2000))), 20000);
    ledger->compact();
    EXPECT_LT(std::filesystem::file_size(in.ledger()), full / 2);
    settle(*ledger, "after", 5);
    EXPECT_TRUE(ledger->flush());
    EXPECT_EQ(rows_of(in.ledger()).size(), 1u);
}

TEST(Ledger, SaysThatItFailsWhileNothingCanBeMovedAndThatItIsWellAgain) {
    const folder in;
    auto ledger = open_or_fail(quiet_options(in));
    EXPECT_FALSE(ledger->failing());
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open_v2(in.ledger().c_str(), &other, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    const auto began = std::chrono::steady_clock::now();
    EXPECT_FALSE(ledger->flush()) << "also while there is nothing to move";
    EXPECT_TRUE(ledger->failing());
    settle(*ledger, "waits", 1);
    EXPECT_FALSE(ledger->flush());
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(3500)) << "a lock held for a second is a refusal";
    sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
    sqlite3_close_v2(other);
    EXPECT_TRUE(ledger->flush());
    EXPECT_FALSE(ledger->failing());
}
