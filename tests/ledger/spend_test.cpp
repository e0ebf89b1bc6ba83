// Reading the ledger: sums, filters, formats, times, and reading while others write.
#include "ledger/spend.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "ledger/ledger_support.hpp"

using namespace weir;
using ledger_test::folder;
using ledger_test::quiet_options;
using ledger_test::record_of;

namespace {

const core::wall_time noon = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + std::chrono::hours(12);

std::unique_ptr<ledger::ledger> filled(const folder& in) {
    std::string error;
    auto opened = ledger::ledger::open(quiet_options(in), error);
    EXPECT_TRUE(opened) << error;
    const auto settle = [&](std::string_view key, std::string_view model, usage::nanousd cost, core::wall_time time) {
        record::request_record r = record_of("id", cost, time);
        r.key = key;
        r.model = model;
        r.usage.cached_input = 5;
        ledger::entry none;
        EXPECT_TRUE(opened->worker_journal(0).settle(none, r));
    };
    settle("a", "gpt-4o", 1'500'000, noon);
    settle("a", "gpt-4o", 500'000, noon + std::chrono::hours(1));
    EXPECT_TRUE(opened->flush());
    settle("b", "o,\"3\xff", 2'000'000'000, noon + std::chrono::hours(24));  // still in the journal
    return opened;
}

}  // namespace

TEST(Spend, SumsEverythingWithoutFields) {
    const folder in;
    const auto open = filled(in);
    const ledger::spend_result r = ledger::spend(in.ledger(), {});
    EXPECT_EQ(r.error, "");
    ASSERT_EQ(r.rows.size(), 1u);
    EXPECT_EQ(r.rows[0].requests, 3);
    EXPECT_EQ(r.rows[0].usage.input, 30);
    EXPECT_EQ(r.rows[0].usage.prompt(), 45);
    EXPECT_EQ(r.rows[0].cost, 2'002'000'000);
}

TEST(Spend, GroupsByTheFieldsAskedForAndCountsJournalRowsOnce) {
    const folder in;
    const auto open = filled(in);
    for (int round = 0; round < 2; ++round) {  // before and after the journal's row was moved
        const ledger::spend_result r = ledger::spend(in.ledger(), {{"key", "day"}, {}, {}, {}});
        ASSERT_EQ(r.rows.size(), 2u);
        EXPECT_THAT(r.rows[0].by, testing::ElementsAre("a", "2026-03-01"));
        EXPECT_EQ(r.rows[0].requests, 2);
        EXPECT_EQ(r.rows[0].cost, 2'000'000);
        EXPECT_THAT(r.rows[1].by, testing::ElementsAre("b", "2026-03-02"));
        EXPECT_EQ(r.rows[1].requests, 1);
        EXPECT_TRUE(open->flush());
    }
}

TEST(Spend, KeepsToTheTimesAndFilters) {
    const folder in;
    const auto open = filled(in);
    ledger::spend_query what;
    what.since = noon + std::chrono::hours(1);
    EXPECT_EQ(ledger::spend(in.ledger(), what).rows[0].requests, 2);
    what.until = noon + std::chrono::hours(24);
    EXPECT_EQ(ledger::spend(in.ledger(), what).rows[0].requests, 1);
    what = {};
    what.filters = {{"key", "a"}, {"status", "200"}};
    EXPECT_EQ(ledger::spend(in.ledger(), what).rows[0].requests, 2);
    what.filters = {{"key", "x' OR '1'='1"}};
    EXPECT_EQ(ledger::spend(in.ledger(), what).rows[0].requests, 0);
    what = {{"key"}, {}, {}, {{"key", "nobody"}}};
    EXPECT_TRUE(ledger::spend(in.ledger(), what).rows.empty());
}

TEST(Spend, AnswersEveryFieldItOffers) {
    const folder in;
    const auto open = filled(in);
    for (const std::string& field : ledger::spend_fields()) {
        const ledger::spend_result r = ledger::spend(in.ledger(), {{field}, {}, {}, {}});
        EXPECT_EQ(r.error, "") << field;
        std::int64_t requests = 0;
        for (const ledger::spend_row& row : r.rows) requests += row.requests;
        EXPECT_EQ(requests, 3) << field;
    }
}

TEST(Spend, SaysWhatIsWrong) {
    const folder in;
    const auto open = filled(in);
    EXPECT_THAT(ledger::spend(in.ledger(), {{"modle"}, {}, {}, {}}).error, testing::AllOf(testing::HasSubstr("modle"), testing::HasSubstr("model")));
    EXPECT_THAT(ledger::spend(in.ledger() + "x", {}).error, testing::HasSubstr("no such file"));
    std::FILE* const text = std::fopen((in.ledger() + ".txt").c_str(), "w");
    std::fputs(
        "this is no database, and it is long enough to be read as one, with more than a hundred bytes in it, which "
        "is the size of the header that SQLite looks at",
        text);
    std::fclose(text);
    EXPECT_NE(ledger::spend(in.ledger() + ".txt", {}).error, "");
}

TEST(Spend, WritesJsonAsTheContractSays) {
    const folder in;
    const auto open = filled(in);
    const ledger::spend_result r = ledger::spend(in.ledger(), {{"key", "model", "status", "stream"}, {}, {}, {}});
    EXPECT_EQ(ledger::format(r, ledger::spend_format::json),
              "[\n"
              "  {\"key\": \"a\", \"model\": \"gpt-4o\", \"status\": 200, \"stream\": false, \"requests\": 2, \"input_tokens\": 20, "
              "\"cached_input_tokens\": 10, \"cache_write_tokens\": 0, \"output_tokens\": 6, \"reasoning_tokens\": 0, "
              "\"audio_input_tokens\": 0, \"audio_output_tokens\": 0, \"image_output_tokens\": 0, \"prompt_tokens\": 30, "
              "\"completion_tokens\": 6, \"cost_usd\": \"0.002\", \"cost_nanousd\": 2000000},\n"
              "  {\"key\": \"b\", \"model\": \"o,\\\"3\xef\xbf\xbd\", \"status\": 200, \"stream\": false, \"requests\": 1, "
              "\"input_tokens\": 10, \"cached_input_tokens\": 5, \"cache_write_tokens\": 0, \"output_tokens\": 3, "
              "\"reasoning_tokens\": 0, \"audio_input_tokens\": 0, \"audio_output_tokens\": 0, \"image_output_tokens\": 0, "
              "\"prompt_tokens\": 15, \"completion_tokens\": 3, \"cost_usd\": \"2\", \"cost_nanousd\": 2000000000}\n"
              "]\n");
    EXPECT_EQ(ledger::format({}, ledger::spend_format::json), "[]\n");
}

TEST(Spend, QuotesCsvWhereNeeded) {
    const folder in;
    const auto open = filled(in);
    EXPECT_EQ(ledger::format(ledger::spend(in.ledger(), {{"model"}, {}, {}, {}}), ledger::spend_format::csv),
              "model,requests,input_tokens,cached_input_tokens,cache_write_tokens,output_tokens,reasoning_tokens,"
              "audio_input_tokens,audio_output_tokens,image_output_tokens,prompt_tokens,completion_tokens,cost_usd,cost_nanousd\r\n"
              "gpt-4o,2,20,10,0,6,0,0,0,0,30,6,0.002,2000000\r\n"
              "\"o,\"\"3\xff\",1,10,5,0,3,0,0,0,0,15,3,2,2000000000\r\n");
}

TEST(Spend, AlignsTheTableAndLetsNothingSteerTheTerminal) {
    const folder in;
    const auto open = filled(in);
    record::request_record r = record_of("id", 0, noon);
    r.key = "";
    r.model = "\x1b[31mred";
    ledger::entry none;
    EXPECT_TRUE(open->worker_journal(0).settle(none, r));
    EXPECT_EQ(ledger::format(ledger::spend(in.ledger(), {{"key", "model"}, {}, {}, {}}), ledger::spend_format::table),
              "key  model     requests  prompt_tokens  cached_input_tokens  completion_tokens  cost_usd\n"
              "-    ?[31mred         1             10                    0                  3     0.000\n"
              "a    gpt-4o           2             30                   10                  6     0.002\n"
              "b    o,\"3?            1             15                    5                  3     2.000\n");
}

TEST(Spend, SeesARequestAtOnceAndOnceWhileOthersWrite) {
    const folder in;
    ledger::options how = quiet_options(in);
    how.interval = std::chrono::milliseconds(1);
    std::string error;
    auto open = ledger::ledger::open(how, error);
    ASSERT_TRUE(open) << error;
    std::atomic<std::int64_t> settled{0};
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        ledger::journal& journal = open->worker_journal(0);
        while (!stop) {
            ledger::entry none;
            ASSERT_TRUE(journal.settle(none, record_of("r", 1)));
            ++settled;
            if (settled % 8 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
    });
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
    while (std::chrono::steady_clock::now() < until) {
        const std::int64_t before = settled;
        const ledger::spend_result r = ledger::spend(in.ledger(), {});
        const std::int64_t after = settled;
        ASSERT_EQ(r.error, "");
        ASSERT_GE(r.rows.at(0).requests, before);
        ASSERT_LE(r.rows.at(0).requests, after + 1);
        ASSERT_EQ(r.rows.at(0).cost, r.rows.at(0).requests);
    }
    stop = true;
    writer.join();
    EXPECT_GT(settled, 100);
}

TEST(Spend, UnderstandsTimesAndDurationsBack) {
    const core::wall_time now = noon;
    const auto day = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31);
    EXPECT_EQ(ledger::parse_when("2026-01-31", now), day);
    EXPECT_EQ(ledger::parse_when("2026-01-31T12:30", now), day + std::chrono::minutes(750));
    EXPECT_EQ(ledger::parse_when("2026-01-31 12:30:05Z", now), day + std::chrono::seconds(45005));
    EXPECT_EQ(ledger::parse_when("2026-01-31T12:30:05.25Z", now), day + std::chrono::milliseconds(45005250));
    EXPECT_EQ(ledger::parse_when("2026-01-31T12:30:00+02:00", now), day + std::chrono::minutes(630));
    EXPECT_EQ(ledger::parse_when("90m", now), now - std::chrono::minutes(90));
    EXPECT_EQ(ledger::parse_when("7d", now), now - std::chrono::hours(168));
    for (const char* wrong : {"", "d", "7", "7x", "-7d", "2026-02-30", "2026-1-1", "2026-01-31T", "2026-01-31T24:00", "2026-01-31T12:30:",
                              "2026-01-31T12:30:00.", "2026-01-31T12:30:00+2", "2026-01-31x", "99999999999999999999d", "999999999999d"})
        EXPECT_FALSE(ledger::parse_when(wrong, now)) << wrong;
}
