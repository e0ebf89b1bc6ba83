// The tables of the ledger's file: a row counts once however often it comes, numbers only grow, and a file of a newer weir is left alone.
#include "ledger/database/database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/ledger_support.hpp"

using namespace weir;
using ledger::verdict;
using ledger_test::folder;

namespace {

ledger::row row_with(ledger::sequence seq, std::string_view object = {}) {
    ledger::row r;
    r.seq = seq;
    r.key = "dify";
    r.cost = 1;
    r.object = object;
    return r;
}

class Database : public testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(db_.open(in_.ledger(), why_), verdict::fine) << why_; }

    void insert(const std::vector<ledger::row>& rows) {
        ASSERT_EQ(db_.file.begin(why_), verdict::fine) << why_;
        ASSERT_EQ(db_.requests.insert(rows, why_), verdict::fine) << why_;
        ASSERT_EQ(db_.file.commit(why_), verdict::fine) << why_;
    }
    usage::nanousd spent() {
        usage::nanousd sum = 0;
        EXPECT_EQ(db_.requests.spent_since("dify", 0, sum, why_), verdict::fine) << why_;
        return sum;
    }
    bool knows(std::string_view object) {
        std::optional<ledger::made_object> found;
        EXPECT_EQ(db_.objects.find(object, found, why_), verdict::fine) << why_;
        return found.has_value();
    }

    folder in_;
    ledger::database db_;
    std::string why_;
};

}  // namespace

TEST_F(Database, CountsARowOnceHoweverOftenItComes) {
    insert({row_with(1), row_with(2), row_with(3, "resp_3")});
    insert({row_with(2), row_with(4, "resp_4"), row_with(3, "resp_other")});
    insert({row_with(4), row_with(4)});
    insert({row_with(5), row_with(5)});
    EXPECT_EQ(spent(), 5);
    EXPECT_TRUE(knows("resp_3"));
    EXPECT_TRUE(knows("resp_4"));
    EXPECT_FALSE(knows("resp_other")) << "what a row makes is of the row that was there first";
}

TEST_F(Database, TakesNothingOfATransactionThatIsRolledBack) {
    ASSERT_EQ(db_.file.begin(why_), verdict::fine);
    const auto one = row_with(1, "resp_1");
    EXPECT_EQ(db_.requests.insert({&one, 1}, why_), verdict::fine);
    db_.file.rollback();
    db_.file.rollback();  // there is none any more
    EXPECT_EQ(spent(), 0);
    EXPECT_FALSE(knows("resp_1"));
}

TEST_F(Database, GivesEachInstanceAGreaterNumber) {
    std::int64_t number = 0;
    ASSERT_EQ(db_.numbers.next_instance(7, number, why_), verdict::fine);
    EXPECT_EQ(number, 7);
    ASSERT_EQ(db_.numbers.next_instance(3, number, why_), verdict::fine);
    EXPECT_EQ(number, 8);
    ASSERT_EQ(db_.numbers.next_instance(20, number, why_), verdict::fine);
    EXPECT_EQ(number, 20);
}

TEST_F(Database, KeepsTheNumberThatWasFirstUntilAnotherIsKept) {
    std::int64_t number = 0;
    for (const std::int64_t first : {5, 6}) {
        ASSERT_EQ(db_.numbers.find("weirs", first, number, why_), verdict::fine);
        EXPECT_EQ(number, 5);
    }
    ASSERT_EQ(db_.numbers.keep("weirs", 9, why_), verdict::fine);
    ASSERT_EQ(db_.numbers.find("weirs", 5, number, why_), verdict::fine);
    EXPECT_EQ(number, 9);
}

TEST_F(Database, RemembersUpToWhenRowsWereDeletedAndNeverLess) {
    std::int64_t deleted = -1, before = -1;
    ASSERT_EQ(db_.requests.removed_before(before, why_), verdict::fine);
    EXPECT_EQ(before, 0);
    insert({row_with(1), row_with(2), row_with(3)});
    ASSERT_EQ(db_.requests.remove_before(1000, 2, deleted, why_), verdict::fine);
    EXPECT_EQ(deleted, 2) << "at most so many at once";
    ASSERT_EQ(db_.requests.remove_before(500, 2, deleted, why_), verdict::fine);
    EXPECT_EQ(deleted, 1);
    ASSERT_EQ(db_.requests.removed_before(before, why_), verdict::fine);
    EXPECT_EQ(before, 1000);
    EXPECT_EQ(spent(), 3) << "the sums outlive the rows";
}

TEST_F(Database, LeavesAFileOfANewerWeirAlone) {
    ASSERT_EQ(db_.file.run("PRAGMA user_version=99", why_), verdict::fine);
    db_.close();
    ledger::database earlier;
    EXPECT_EQ(earlier.open(in_.ledger(), why_), verdict::foreign);
    EXPECT_THAT(why_, testing::HasSubstr("newer weir (schema 99)"));
}

TEST_F(Database, CanBeOpenedAgain) {
    insert({row_with(1)});
    ASSERT_EQ(db_.open(in_.ledger(), why_), verdict::fine) << why_;
    insert({row_with(1), row_with(2)});
    EXPECT_EQ(spent(), 2);
}
