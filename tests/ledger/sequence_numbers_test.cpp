// Numbers of rows: no two workers share one, and SQLite can hold them.
#include "ledger/sequence_numbers.hpp"

#include <gtest/gtest.h>

#include <set>

using namespace weir;

TEST(Sequences, HoldInstanceWorkerAndCounterSideBySide) {
    constexpr std::int64_t greatest_instance = (std::int64_t{1} << 19) - 1;
    const auto first = ledger::first_sequence(greatest_instance, 254);
    EXPECT_GT(static_cast<std::int64_t>(first), 0) << "a row id is signed";
    EXPECT_EQ(ledger::instance_of(first), greatest_instance);
    EXPECT_EQ(ledger::instance_of(first + (ledger::sequence{1} << ledger::counter_bits) - 1), greatest_instance);
}

TEST(Sequences, AreOfOneWorkerHoweverManyThereAre) {
    ledger::instances numbers;
    numbers.begin(5);
    numbers.add(9);
    numbers.add(12);
    std::set<ledger::sequence> firsts{numbers.first_late()};
    constexpr std::size_t workers = 3 * ledger::workers_per_instance;
    for (std::size_t w = 0; w < workers; ++w) EXPECT_TRUE(firsts.insert(numbers.first_of(w)).second) << w;
    EXPECT_EQ(ledger::instance_of(numbers.first_of(0)), 5);
    EXPECT_EQ(ledger::instance_of(numbers.first_of(ledger::workers_per_instance)), 9);
    EXPECT_EQ(ledger::instance_of(numbers.first_of(workers - 1)), 12);
    EXPECT_EQ(ledger::instance_of(numbers.first_late()), 5);
}

TEST(Sequences, SayWhenMoreWorkersNeedAnotherInstance) {
    ledger::instances numbers;
    numbers.begin(5);
    EXPECT_EQ(numbers.newest(), 5);
    EXPECT_TRUE(numbers.has_room_for(ledger::workers_per_instance));
    EXPECT_FALSE(numbers.has_room_for(ledger::workers_per_instance + 1));
    numbers.add(7);
    EXPECT_TRUE(numbers.has_room_for(2 * ledger::workers_per_instance));
    EXPECT_EQ(numbers.newest(), 7);
    EXPECT_EQ(numbers.own(), 5);
}
