// What requests made at their providers: who made it is known again after kill -9, and usage that comes late is charged once.
#include <gtest/gtest.h>

#include "ledger/ledger_support.hpp"
#include "ledger/object_index.hpp"
#include "ledger/spend.hpp"

using namespace weir;
using namespace weir::ledger_test;

namespace {

record::request_record making(std::string_view request_id, std::string_view object, bool owes) {
    auto r = record_of(request_id, 100, core::wall_clock::now());
    r.endpoint = "/v1/responses";
    r.object = object;
    r.owes = owes;
    r.estimated = true;
    return r;
}

void write(ledger::ledger& books, const record::request_record& what) {
    auto& journal = books.worker_journal(0);
    auto entry = journal.begin({what.time, what.request_id, what.key, what.route, what.model, what.endpoint, what.stream});
    ASSERT_TRUE(journal.settle(entry, what));
}

std::unique_ptr<ledger::ledger> opened(const folder& in) {
    std::string error;
    auto books = ledger::ledger::open(quiet_options(in), error);
    EXPECT_NE(books, nullptr) << error;
    return books;
}

ledger::row late_row(usage::nanousd cost) {
    ledger::row row;
    row.time_ms = 1;
    row.request_id = "maker";
    row.key = "dify";
    row.cost = cost;
    row.usage.output = 7;
    return row;
}

std::int64_t number(const std::string& path, const std::string& sql) {
    sqlite3* db = nullptr;
    sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr);
    std::int64_t out = -1;
    {
        ledger::statement ask(db, sql);
        if (ask.step() == SQLITE_ROW) out = ask.integer(0);
    }
    sqlite3_close_v2(db);
    return out;
}

}  // namespace

TEST(Objects, TheMakerIsKnownAfterARestart) {
    const folder in;
    {
        auto books = opened(in);
        write(*books, making("maker", "resp_1", true));
        ASSERT_TRUE(books->flush());
    }
    auto books = opened(in);
    const auto found = books->objects().find("resp_1");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->key, "dify");
    EXPECT_EQ(found->pool, "openai");
    EXPECT_EQ(found->upstream, "openai-main");
    EXPECT_EQ(found->endpoint, "/v1/responses");
    EXPECT_EQ(found->request_id, "maker");
    EXPECT_EQ(found->served_model, "gpt-4o-2024-11-20");
    EXPECT_TRUE(found->owes);
    EXPECT_EQ(found->booked_cost, 100);
    EXPECT_EQ(found->booked.input, 10);
    EXPECT_FALSE(books->objects().find("resp_2"));
}

// A stream that had named its object when weir died: it stands in the slot of the running request.
TEST(Objects, TheMakerIsKnownOfARequestThatWasNeverSettled) {
    const folder in;
    const std::string id = "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b";
    {
        auto books = opened(in);
        auto& journal = books->worker_journal(0);
        const auto what = making("maker", id, true);
        const auto entry = journal.begin({what.time, what.request_id, what.key, what.route, what.model, what.endpoint, true});
        ledger::progress_report so_far{what.pool, what.upstream, what.served_model, 200, 1, what.usage, 0, -1, 0};
        so_far.object = id;
        so_far.owes = true;
        journal.progress(entry, so_far);
    }
    auto books = opened(in);
    const auto found = books->objects().find(id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->key, "dify");
    EXPECT_TRUE(found->owes);
}

TEST(Objects, ALaterRequestTakesNoObjectOver) {
    const folder in;
    auto books = opened(in);
    write(*books, making("first", "resp_1", false));
    auto thief = making("second", "resp_1", false);
    thief.key = "thief";
    write(*books, thief);
    ASSERT_TRUE(books->flush());
    EXPECT_EQ(books->objects().find("resp_1")->key, "dify");
}

TEST(Objects, LateUsageIsChargedOnceAndIsNoRequest) {
    const folder in;
    auto books = opened(in);
    write(*books, making("maker", "resp_1", true));  // not moved yet: charging does that
    EXPECT_EQ(books->objects().charge_late(late_row(400), {"resp_1", 100, 500, false}), ledger::late_charge::charged);
    EXPECT_EQ(books->objects().charge_late(late_row(400), {"resp_1", 100, 500, false}), ledger::late_charge::not_due);
    EXPECT_EQ(books->objects().charge_late(late_row(400), {"resp_1", 500, 900, false}), ledger::late_charge::not_due) << "it is paid";
    EXPECT_EQ(books->objects().charge_late(late_row(400), {"resp_2", 0, 400, false}), ledger::late_charge::not_due) << "nobody made it";
    EXPECT_FALSE(books->objects().find("resp_1")->owes);
    EXPECT_TRUE(books->objects().owed({}, 10).empty());
    EXPECT_EQ(books->spent_since("dify", {}), 500);
    EXPECT_EQ(number(in.ledger(), "SELECT count(*) FROM requests WHERE late"), 1);
    EXPECT_EQ(number(in.ledger(), "SELECT count(*) FROM requests WHERE NOT late"), 1);
    const auto spent = ledger::spend(in.ledger(), {.by = {"late"}});
    ASSERT_EQ(spent.error, "");
    ASSERT_EQ(spent.rows.size(), 2U);
    EXPECT_EQ(spent.rows[0].requests, 1);
    EXPECT_EQ(spent.rows[0].cost, 100);
    EXPECT_EQ(spent.rows[1].requests, 0);
    EXPECT_EQ(spent.rows[1].cost, 400);
}

TEST(Objects, WhatIsReportedInPartsIsChargedInParts) {
    const folder in;
    auto books = opened(in);
    write(*books, making("maker", "batch_1", true));
    EXPECT_EQ(books->objects().charge_late(late_row(50), {"batch_1", 100, 150, true}), ledger::late_charge::charged);
    EXPECT_TRUE(books->objects().find("batch_1")->owes);
    EXPECT_EQ(books->objects().charge_late(late_row(-30), {"batch_1", 150, 120, false}), ledger::late_charge::charged);
    EXPECT_EQ(books->spent_since("dify", {}), 120);
}

TEST(Objects, RowsOfAnEarlierWeirAreReadAndItsStatementsGoOn) {
    const folder in;
    {
        auto books = opened(in);
    }
    // What a predecessor's prepared statement does: it knows the columns of its own time only.
    ASSERT_EQ(number(in.ledger(), "INSERT INTO requests VALUES(1,2,'r','k','','','','','','',200,'',1,0,1,0,0,0,0,0,0,0,0,0,5,NULL,0) RETURNING seq"),
              1);
    auto books = opened(in);
    const auto spent = ledger::spend(in.ledger(), {.by = {"late"}});
    ASSERT_EQ(spent.rows.size(), 1U) << spent.error;
    EXPECT_EQ(spent.rows[0].cost, 5);
}

TEST(Objects, OldOnesAreForgotten) {
    const folder in;
    auto books = opened(in);
    auto old = making("old", "resp_old", true);
    old.time -= std::chrono::hours{24 * 40};
    write(*books, old);
    write(*books, making("new", "resp_new", true));
    ASSERT_TRUE(books->flush());
    books->objects().forget(std::chrono::hours{24 * 30}, core::wall_clock::now());
    EXPECT_FALSE(books->objects().find("resp_old"));
    EXPECT_TRUE(books->objects().find("resp_new"));
}

TEST(ObjectIndex, KeepsTheFirstMakerAndNoMoreThanItMay) {
    ledger::object_index index{1000};
    ledger::made_object one;
    one.id = "resp_1";
    one.key = "a";
    (void)index.add(one);
    one.key = "b";
    EXPECT_EQ(index.add(one)->made.key, "a");
    EXPECT_EQ(index.find("resp_1")->made.key, "a");
    EXPECT_EQ(index.find("resp_2"), nullptr);
    for (int i = 0; i < 20'000; ++i) {
        one.id = "x" + std::to_string(i);
        one.time_ms = i;
        (void)index.add(one);
    }
    EXPECT_LE(index.size(), 1100U);
    EXPECT_EQ(index.find("resp_1"), nullptr);
    EXPECT_NE(index.find("x19999"), nullptr);
    index.forget_before(30'000);
    EXPECT_EQ(index.size(), 0U);
}
