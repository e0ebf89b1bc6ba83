// A journal file, whole, cut and damaged: what was written comes out, and nothing that was not.
#include "ledger/journal.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "ledger/journal_format.hpp"
#include "ledger/ledger_files.hpp"
#include "ledger/ledger_support.hpp"

using namespace weir;

namespace {

struct contents {
    std::map<std::uint64_t, std::string> settled, open;  // seq -> request id and cost
    std::size_t damaged = 0;
    std::size_t repeated = 0;
};

std::string essence(const ledger::row& r) {
    return std::string(r.request_id) + "/" + std::to_string(r.cost) + "/" + std::to_string(r.usage.output) + "/" + std::string(r.model);
}

contents read(std::string_view file) {
    contents c;
    const ledger::scan_result found = ledger::scan(
        file, [&](const ledger::row& r) { c.repeated += !c.settled.emplace(r.seq, essence(r)).second; },
        [&](const ledger::row& r) { c.open.emplace(r.seq, essence(r)); });
    c.damaged = found.damaged;
    return c;
}

ledger::intent intent_of(std::string_view id) {
    ledger::intent i;
    i.request_id = id;
    i.key = "dify";
    i.model = "gpt-4o";
    return i;
}

// 40 settled requests and 3 in flight.
std::string sample_file(const std::string& path) {
    ledger::journal journal(path, 1000, 64 << 20);
    ledger::entry left[3];
    for (int i = 0; i < 40; ++i) {
        const std::string id = "settled-" + std::to_string(i);
        ledger::entry e = journal.begin(intent_of(id));
        EXPECT_TRUE(journal.settle(e, ledger_test::record_of(id, i * 7)));
    }
    for (int i = 0; i < 3; ++i) {
        left[i] = journal.begin(intent_of("open-" + std::to_string(i)));
        for (int step = 0; step < i; ++step) {
            ledger::progress_report so_far;
            so_far.cost = step + 1;
            so_far.usage.output = step + 1;
            journal.progress(left[i], so_far);
        }
    }
    return ledger::read_file(path);
}

}  // namespace

TEST(Journal, HoldsWhatWasSettledAndTheLastProgressOfWhatWasNot) {
    const ledger_test::folder in;
    const contents c = read(sample_file(in.ledger()));
    EXPECT_EQ(c.damaged, 0u);
    ASSERT_EQ(c.settled.size(), 40u);
    EXPECT_EQ(c.settled.at(1001), "settled-0/0/3/gpt-4o");
    EXPECT_EQ(c.settled.at(1040), "settled-39/273/3/gpt-4o");
    ASSERT_EQ(c.open.size(), 3u);
    EXPECT_EQ(c.open.at(1041), "open-0/0/0/gpt-4o");
    EXPECT_EQ(c.open.at(1042), "open-1/1/1/gpt-4o");
    EXPECT_EQ(c.open.at(1043), "open-2/2/2/gpt-4o");
}

TEST(Journal, GivesReleasedSpaceBackAndStaysSmall) {
    const ledger_test::folder in;
    ledger::journal journal(in.ledger(), 0, 64 << 20);
    std::size_t moved = 0;
    for (int i = 0; i < 20'000; ++i) {
        ledger::entry e = journal.begin(intent_of("r"));
        ASSERT_TRUE(journal.settle(e, ledger_test::record_of("r", i)));
        if (i % 100 != 99) continue;
        ledger::journal::taken marks;
        moved += journal.take(1000, marks, [](const ledger::row&) {});
        journal.release(marks);
    }
    EXPECT_EQ(moved, 20'000u);
    EXPECT_TRUE(journal.empty());
    EXPECT_LE(ledger::read_file(in.ledger()).size(), 5 * ledger::block_size);
}

TEST(Journal, KeepsTheFinalStateInTheSlotWhenThereIsNoRoomForMore) {
    const ledger_test::folder in;
    ledger::journal journal(in.ledger(), 0, 2 * ledger::block_size);  // one block for slots, one for rows
    int settled = 0;
    while (journal.delayed() == 0 && settled < 100'000) {
        ledger::entry e = journal.begin(intent_of("r" + std::to_string(settled)));
        EXPECT_TRUE(journal.settle(e, ledger_test::record_of("r" + std::to_string(settled), 1)));
        ++settled;
    }
    EXPECT_EQ(journal.lost(), 0u);
    ledger::entry never_begun;
    EXPECT_FALSE(journal.settle(never_begun, ledger_test::record_of("late", 1)));
    EXPECT_EQ(journal.lost(), 1u);
    const contents c = read(ledger::read_file(in.ledger()));
    EXPECT_EQ(c.settled.size() + c.open.size(), static_cast<std::size_t>(settled));
    EXPECT_EQ(c.open.begin()->second, "r" + std::to_string(settled - 1) + "/1/3/gpt-4o");
}

TEST(Journal, CutAnywhereYieldsOnlyWhatWasWritten) {
    const ledger_test::folder in;
    const std::string file = sample_file(in.ledger());
    const contents whole = read(file);
    for (std::size_t size = 0; size < file.size(); size += size < 20'000 ? 61 : 7919) {
        const contents c = read(std::string_view(file).substr(0, size));
        for (const auto& [seq, what] : c.settled) ASSERT_EQ(whole.settled.at(seq), what) << size;
        for (const auto& [seq, what] : c.open) ASSERT_EQ(whole.open.at(seq), what) << size;
    }
}

// A process may die between any two stores of a frame: its size comes last, so that all of it may be there but the size.
TEST(Journal, DoesNotTakeAFrameThatAKilledProcessWasWritingForDamage) {
    ledger_test::folder in;
    const std::string whole = sample_file(in.ledger() + ".w0.journal");
    std::vector<std::size_t> frames;
    for (std::size_t block = 0; block < whole.size(); block += ledger::block_size) {
        if (ledger::read_block_header(std::string_view{whole}.substr(block)) != ledger::block_kind::settled) continue;
        ledger::row r;
        std::size_t at = block + ledger::block_header_size;
        while (const auto size = ledger::read_frame(std::string_view{whole}.substr(at), r)) {
            frames.push_back(at);
            at += size;
        }
    }
    ASSERT_EQ(frames.size(), 40u);
    const auto without_size = [&](std::size_t frame) {
        std::string file = whole;
        file.replace(frames[frame], 4, 4, '\0');
        return read(file);
    };
    const auto last = without_size(39);
    EXPECT_EQ(last.settled.size(), 39u);
    EXPECT_EQ(last.damaged, 0u);
    const auto inside = without_size(20);
    EXPECT_EQ(inside.settled.size(), 39u);
    EXPECT_EQ(inside.damaged, 1u) << "no process writes behind a frame that it has not finished";
}

TEST(Journal, DoesNotTakeABlockWithHalfAHeaderForDamage) {
    ledger_test::folder in;
    std::string whole = sample_file(in.ledger() + ".w0.journal");
    const auto blocks = read(whole);
    std::string header(ledger::block_header_size, '\0');
    ledger::write_block_header(header.data(), ledger::block_kind::settled);
    for (const std::size_t written : {1u, 8u, 12u, 16u}) {
        std::string begun(ledger::block_size, '\0');
        begun.replace(0, written, header, 0, written);
        const auto c = read(whole + begun);
        EXPECT_EQ(c.damaged, 0u) << written;
        EXPECT_EQ(c.settled, blocks.settled);
    }
}

TEST(Journal, LosesAtMostOneRequestToAFlippedBit) {
    const ledger_test::folder in;
    std::string file = sample_file(in.ledger());
    const contents whole = read(file);
    std::vector<std::size_t> interesting;  // where content is
    for (std::size_t i = 0; i < file.size(); ++i)
        if (file[i] != 0) interesting.push_back(i);
    std::mt19937 random(4711);
    for (int round = 0; round < 4000; ++round) {
        const std::size_t at = interesting[random() % interesting.size()];
        const char before = file[at];
        file[at] = static_cast<char>(before ^ (1 << random() % 8));
        const contents c = read(file);
        file[at] = before;
        for (const auto& [seq, what] : c.settled) ASSERT_EQ(whole.settled.at(seq), what) << at;
        ASSERT_GE(c.settled.size() + 1, whole.settled.size()) << at;
        ASSERT_GE(c.open.size() + 1, whole.open.size()) << at;
        for (const auto& [seq, what] : c.open) {
            // A damaged newest image uncovers the one before it: older progress of the same request.
            ASSERT_TRUE(whole.open.contains(seq)) << at;
            ASSERT_EQ(what.substr(0, 7), whole.open.at(seq).substr(0, 7)) << at;
        }
    }
}

TEST(Journal, SurvivesRandomBytes) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 30; ++round) {
        std::string noise(ledger::block_size + 12345, '\0');
        for (char& c : noise) c = static_cast<char>(random());
        if (round % 2 == 0) ledger::write_block_header(noise.data(), round % 4 == 0 ? ledger::block_kind::settled : ledger::block_kind::open);
        const contents c = read(noise);
        EXPECT_TRUE(c.settled.empty());
        EXPECT_TRUE(c.open.empty());
        EXPECT_GT(c.damaged, 0u);
    }
}
