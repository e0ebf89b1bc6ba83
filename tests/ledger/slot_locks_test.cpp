// Who uses a ledger: one process, or one that takes over beside the one before it. Locks are of an open file, so one process can play several.
#include "ledger/slot_locks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "ledger/ledger_files.hpp"
#include "ledger/ledger_support.hpp"

using namespace weir;
using ledger_test::folder;

namespace {

std::unique_ptr<ledger::slot_locks> taken(const folder& in, bool beside) {
    auto locks = std::make_unique<ledger::slot_locks>(in.ledger());
    std::string error;
    return locks->take(beside, error) ? std::move(locks) : nullptr;
}

bool nothing_to_adopt(std::size_t) { return true; }

}  // namespace

TEST(SlotLocks, AreOfOneProcessUnlessItTakesOver) {
    const folder in;
    auto first = taken(in, false);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->own(), 0U);
    ledger::slot_locks other{in.ledger()};
    std::string error;
    EXPECT_FALSE(other.take(false, error));
    EXPECT_THAT(error, testing::HasSubstr("another process uses it (pid " + std::to_string(::getpid()) + ")"));
    auto beside = taken(in, true);
    ASSERT_TRUE(beside);
    EXPECT_EQ(beside->own(), 1U);
    EXPECT_TRUE(beside->is_anothers(0));
    EXPECT_FALSE(beside->is_anothers(1));
    first.reset();
    EXPECT_FALSE(taken(in, false)) << "the successor is there still";
    beside.reset();
    EXPECT_TRUE(taken(in, false));
}

TEST(SlotLocks, LetNobodyBeginBeforeTheOthersAreGivenBack) {
    const folder in;
    auto first = taken(in, false);
    auto second = taken(in, true);
    ASSERT_TRUE(first && second);
    first->give_others_back();
    second.reset();
    first.reset();
    // Slot 1 exists now: who begins holds it until its journals are replayed.
    auto third = taken(in, false);
    ASSERT_TRUE(third);
    const auto fourth = taken(in, true);
    ASSERT_TRUE(fourth);
    EXPECT_EQ(fourth->own(), 2U);
    third->give_others_back();
    const auto fifth = taken(in, true);
    ASSERT_TRUE(fifth);
    EXPECT_EQ(fifth->own(), 1U);
}

TEST(SlotLocks, EndWithTheSlotsThatThereAre) {
    const folder in;
    std::vector<std::unique_ptr<ledger::slot_locks>> all;
    all.push_back(taken(in, false));
    for (std::size_t i = 1; i < ledger::slots; ++i) {
        all.push_back(taken(in, true));
        ASSERT_TRUE(all.back()) << i;
        EXPECT_EQ(all.back()->own(), i);
    }
    EXPECT_FALSE(taken(in, true));
}

TEST(SlotLocks, AreAloneOnceWhatOthersLeftIsAdopted) {
    const folder in;
    auto first = taken(in, false);
    EXPECT_TRUE(first->alone([](std::size_t) { return false; })) << "nobody ever had another slot";
    auto second = taken(in, true);
    second->give_others_back();
    EXPECT_FALSE(first->alone(nothing_to_adopt));
    second.reset();
    std::vector<std::size_t> left;
    EXPECT_FALSE(first->alone([&](std::size_t slot) {
        left.push_back(slot);
        return false;
    })) << "what it left could not be settled";
    EXPECT_THAT(left, testing::ElementsAre(1U));
    bool held = true;
    EXPECT_TRUE(first->alone([&](std::size_t slot) {
        const auto meanwhile = taken(in, true);
        held = held && meanwhile && meanwhile->own() != slot;
        return true;
    }));
    EXPECT_TRUE(held) << "nobody begins in a slot that is being adopted";
}

TEST(LedgerFiles, NameTheSlotOfAJournal) {
    for (const std::size_t slot : {0U, 1U, 15U}) {
        EXPECT_EQ(ledger::slot_of(ledger::journal_path("/x/ledger.db", 3, slot)), slot);
        EXPECT_EQ(ledger::slot_of(ledger::journal_path("/x/a.7/ledger", 12, slot)), slot);
    }
    EXPECT_NE(ledger::lock_path("/x/l", 0), ledger::lock_path("/x/l", 1));
}
