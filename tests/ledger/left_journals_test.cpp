// What is read of journals whose process is gone: each request once, with what is known of it, and nothing that was deleted since.
#include "ledger/left_journals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "ledger/journal.hpp"
#include "ledger/ledger_files.hpp"
#include "ledger/ledger_support.hpp"
#include "ledger/sequence_numbers.hpp"

using namespace weir;
using ledger_test::folder;
using ledger_test::record_of;

namespace {

constexpr std::size_t journal_bytes = 4 << 20;

core::wall_time at_ms(std::int64_t ms) { return core::wall_time{std::chrono::milliseconds{ms}}; }

// A journal of instance 7 with a settled row for each time, of which the first `moved` are in the database already.
std::string journal_with(const folder& in, const std::vector<std::int64_t>& times_ms, std::size_t moved = 0) {
    const auto path = ledger::journal_path(in.ledger(), 0, 0);
    ledger::journal journal(path, ledger::first_sequence(7, 0), journal_bytes);
    for (const auto time : times_ms) {
        ledger::entry none;
        EXPECT_TRUE(journal.settle(none, record_of("at-" + std::to_string(time), 1, at_ms(time))));
    }
    ledger::journal::taken marks;
    EXPECT_EQ(journal.take(moved, marks, [](const ledger::row&) {}), moved);
    if (moved > 0) journal.release(marks);
    return path;
}

std::set<std::string> ids_of(const std::vector<ledger::row>& rows) {
    std::set<std::string> ids;
    for (const auto& r : rows) EXPECT_TRUE(ids.emplace(r.request_id).second) << r.request_id;
    return ids;
}

}  // namespace

TEST(LeftJournals, HoldEachRequestOnceWithItsLastProgress) {
    const folder in;
    const auto path = ledger::journal_path(in.ledger(), 0, 0);
    {
        ledger::journal journal(path, ledger::first_sequence(7, 0), journal_bytes);
        auto settled = journal.begin({at_ms(1), "settled", "dify", "", "gpt-4o", "", false});
        const auto counted = journal.begin({at_ms(1), "counted", "dify", "", "gpt-4o", "", true});
        const auto begun = journal.begin({at_ms(1), "begun", "dify", "", "gpt-4o", "", true});
        ledger::progress_report so_far;
        so_far.usage.output = 42;
        journal.progress(counted, so_far);
        EXPECT_TRUE(journal.settle(settled, record_of("settled", 5)));
        EXPECT_NE(begun.slot, nullptr);
    }
    const ledger::left_journals left({path, path});  // as if two files had the same rows
    EXPECT_EQ(left.found().settled, 1U);
    EXPECT_EQ(left.found().recovered, 2U);
    EXPECT_EQ(left.found().damaged, 0U);
    EXPECT_EQ(left.newest_instance(), 7);
    const auto rows = left.rows(0);
    EXPECT_THAT(ids_of(rows), testing::ElementsAre("begun", "counted", "settled"));
    for (const auto& r : rows) {
        EXPECT_EQ(r.recovered, r.request_id != "settled") << r.request_id;
        EXPECT_EQ(r.estimated, r.request_id == "counted") << r.request_id;
    }
}

TEST(LeftJournals, SayAgainWhatWasMovedUnlessItWasDeletedSince) {
    const folder in;
    const ledger::left_journals left({journal_with(in, {100, 200, 300, 50}, 3)});
    EXPECT_EQ(left.found().settled, 4U);
    EXPECT_THAT(ids_of(left.rows(0)), testing::ElementsAre("at-100", "at-200", "at-300", "at-50"));
    EXPECT_THAT(ids_of(left.rows(200)), testing::ElementsAre("at-200", "at-300", "at-50")) << "what was never moved is new, however old";
}

TEST(LeftJournals, AreDeletedOnceTheirRowsAreKept) {
    const folder in;
    const auto path = journal_with(in, {1, 2});
    std::vector<std::string> told;
    const ledger::fault_reports faults{[&](std::string_view what) { told.emplace_back(what); }};
    const ledger::left_journals left({path});
    EXPECT_FALSE(left.none());
    EXPECT_EQ(in.names_with(".journal").size(), 1U) << "reading alone deletes nothing";
    left.put_away(in.ledger(), faults);
    EXPECT_TRUE(in.names_with(".journal").empty());
    EXPECT_TRUE(told.empty());
}

TEST(LeftJournals, AreKeptUnderAnotherNameWhereTheyAreDamaged) {
    const folder in;
    const auto path = journal_with(in, {1, 2, 3});
    auto bytes = ledger::read_file(path);
    bytes[bytes.find("at-2")] = 'X';
    std::ofstream(path, std::ios::binary) << bytes;
    std::vector<std::string> told;
    const ledger::fault_reports faults{[&](std::string_view what) { told.emplace_back(what); }};
    const ledger::left_journals left({path});
    EXPECT_EQ(left.found().damaged, 1U);
    EXPECT_THAT(ids_of(left.rows(0)), testing::ElementsAre("at-1", "at-3"));
    left.put_away(in.ledger(), faults);
    const auto kept = in.names_with(".damaged-");
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(ledger::read_file(kept[0]), bytes);
    EXPECT_THAT(told, testing::ElementsAre(testing::HasSubstr(kept[0])));
}

TEST(LeftJournals, MayBeNone) {
    const ledger::left_journals left({});
    EXPECT_TRUE(left.none());
    EXPECT_TRUE(left.rows(0).empty());
    EXPECT_EQ(left.newest_instance(), 0);
}
