// From the journals to the database: a journal lets go of its rows only when the database has them, whatever is wrong with that.
#include "ledger/row_mover.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/ledger_support.hpp"

using namespace weir;
using ledger::verdict;
using ledger_test::folder;
using ledger_test::record_of;
using ledger_test::rows_of;

namespace {

// Another program that has the file open.
class other_user {
public:
    explicit other_user(const std::string& path) { sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE, nullptr); }
    ~other_user() { sqlite3_close_v2(db_); }
    other_user(const other_user&) = delete;
    other_user& operator=(const other_user&) = delete;
    void run(const char* sql) {
        char* why = nullptr;
        EXPECT_EQ(sqlite3_exec(db_, sql, nullptr, nullptr, &why), SQLITE_OK) << why;
    }

private:
    sqlite3* db_ = nullptr;
};

class RowMover : public testing::Test {
protected:
    void SetUp() override {
        std::string why;
        ASSERT_EQ(database_.lock()->open(in_.ledger(), why), verdict::fine) << why;
        numbers_.begin(1);
    }
    void settle(int worker, std::string_view id) {
        ledger::entry none;
        EXPECT_TRUE(journals_.at(static_cast<std::size_t>(worker), numbers_).settle(none, record_of(id, 1)));
    }

    folder in_;
    std::vector<std::string> told_;
    ledger::fault_reports faults_{[this](std::string_view what) { told_.emplace_back(what); }};
    ledger::slot_locks locks_{in_.ledger()};
    ledger::instances numbers_;
    ledger::worker_journals journals_{in_.ledger(), 4 << 20, locks_, faults_};
    ledger::shared_database database_;
    ledger::row_mover mover_{journals_, database_, numbers_, faults_};
};

}  // namespace

TEST_F(RowMover, MovesTheRowsOfEveryWorker) {
    for (const int worker : {0, 2}) settle(worker, "w" + std::to_string(worker));
    EXPECT_TRUE(mover_.move_all());
    EXPECT_EQ(rows_of(in_.ledger()).size(), 2U);
    for (auto* each : journals_.all()) EXPECT_TRUE(each->empty());
    EXPECT_EQ(in_.names_with(".journal").size(), 3U);
    journals_.remove_empty();
    EXPECT_TRUE(in_.names_with(".journal").empty());
}

TEST_F(RowMover, LeavesRowsWhereTheyAreWhileTheDatabaseRefusesThem) {
    settle(0, "waits");
    other_user other(in_.ledger());
    other.run("BEGIN IMMEDIATE");
    EXPECT_FALSE(mover_.move_all());
    EXPECT_TRUE(faults_.failing());
    EXPECT_FALSE(journals_.all().at(0)->empty());
    journals_.remove_empty();
    EXPECT_EQ(in_.names_with(".journal").size(), 1U) << "it holds a row";
    EXPECT_THAT(told_, testing::ElementsAre(testing::HasSubstr("settled requests stay in")));
    other.run("ROLLBACK");
    EXPECT_TRUE(mover_.move_all());
    EXPECT_FALSE(faults_.failing());
    EXPECT_TRUE(journals_.all().at(0)->empty());
    EXPECT_EQ(rows_of(in_.ledger()).at("waits").times, 1);
}

TEST_F(RowMover, BeginsANewDatabaseWhereThisOneIsDamagedAndLosesNoRow) {
    settle(0, "before");
    ASSERT_TRUE(mover_.move_all());
    settle(0, "meanwhile");
    {
        other_user other(in_.ledger());
        other.run("PRAGMA writable_schema=ON; UPDATE sqlite_master SET rootpage = 99999 WHERE name = 'requests'; PRAGMA schema_version=4711");
    }
    EXPECT_TRUE(mover_.move_all());
    EXPECT_FALSE(faults_.failing());
    EXPECT_THAT(told_, testing::ElementsAre(testing::HasSubstr("a new ledger is begun")));
    EXPECT_FALSE(in_.names_with(".corrupt-").empty());
    const auto rows = rows_of(in_.ledger());
    EXPECT_EQ(rows.size(), 1U);
    EXPECT_TRUE(rows.contains("meanwhile"));
    EXPECT_TRUE(journals_.all().at(0)->empty());
    std::int64_t next = 0;
    std::string why;
    EXPECT_EQ(database_.lock()->numbers.next_instance(0, next, why), verdict::fine);
    EXPECT_GT(next, numbers_.newest()) << "the new file gives no number twice";
}

TEST_F(RowMover, TellsOnceHowManyRowsWereLost) {
    ledger::worker_journals small{in_.ledger() + "-small", 1 << 18, locks_, faults_};
    ledger::row_mover mover{small, database_, numbers_, faults_};
    auto& journal = small.at(0, numbers_);
    for (int i = 0; i < 5000; ++i) {
        ledger::entry none;
        (void)journal.settle(none, record_of("r", 1));
    }
    const auto lost = small.lost();
    ASSERT_GT(lost, 0U);
    (void)mover.move_all();
    EXPECT_THAT(told_, testing::Contains(testing::HasSubstr(std::to_string(lost) + " requests found no room")));
    told_.clear();
    (void)mover.move_all();
    EXPECT_THAT(told_, testing::Not(testing::Contains(testing::HasSubstr("found no room"))));
    EXPECT_EQ(small.newly_lost(), 0U);
}

TEST_F(RowMover, HasAThreadFromStartToStop) {
    EXPECT_FALSE(mover_.stop()) << "it was never started";
    settle(0, "a");
    mover_.start(std::chrono::milliseconds{1});
    for (int i = 0; i < 500 && rows_of(in_.ledger()).empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    EXPECT_EQ(rows_of(in_.ledger()).size(), 1U);
    EXPECT_TRUE(mover_.stop());
    EXPECT_FALSE(mover_.stop());
}
