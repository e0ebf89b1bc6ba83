// A row's bytes: everything comes back, and nothing that is not a row is taken for one.
#include "ledger/row.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>

#include "ledger/ledger_support.hpp"

using namespace weir;

namespace {

std::string bytes_of(const ledger::row& r, std::size_t capacity = ledger::largest_encoded_row) {
    std::string bytes(capacity, '\0');
    bytes.resize(ledger::encode(r, bytes.data(), capacity));
    return bytes;
}

ledger::row full_row() {
    record::request_record r = ledger_test::record_of("req-1", -5, core::wall_time(std::chrono::milliseconds(1'700'000'000'123)));
    r.code = core::code::stream_interrupted;
    r.stream = true;
    r.estimated = true;
    r.usage = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    return ledger::row_of(r);
}

}  // namespace

// An id is whole or not there: it would name nothing else.
TEST(Row, AnObjectsIdIsNeverCut) {
    for (const std::size_t size : {0, 1, 55, 120, 256, 257, 600}) {
        for (const std::size_t capacity : {ledger::largest_encoded_row, ledger::smallest_capacity, std::size_t{288}}) {
            ledger::row before = full_row();
            const std::string id(size, 'i');
            before.object = id;
            before.owes = true;
            const std::string bytes = bytes_of(before, capacity);
            ledger::row after;
            ASSERT_TRUE(ledger::decode(bytes, after));
            EXPECT_TRUE(after.object.empty() || after.object == id) << size;
            EXPECT_TRUE(after.owes);
            if (size <= 55 || (size <= 256 && capacity == ledger::largest_encoded_row)) {
                EXPECT_EQ(after.object, id) << size << " in " << capacity;
            }
        }
    }
}

TEST(Row, ComesBackAsItWasEncoded) {
    const ledger::row before = full_row();
    const std::string bytes = bytes_of(before);
    ledger::row after;
    ASSERT_TRUE(ledger::decode(bytes, after));
    EXPECT_EQ(after.time_ms, 1'700'000'000'123);
    EXPECT_EQ(after.request_id, "req-1");
    EXPECT_EQ(after.key, "dify");
    EXPECT_EQ(after.route, "gpt-*");
    EXPECT_EQ(after.model, "gpt-4o");
    EXPECT_EQ(after.served_model, "gpt-4o-2024-11-20");
    EXPECT_EQ(after.pool, "openai");
    EXPECT_EQ(after.upstream, "openai-main");
    EXPECT_EQ(after.endpoint, "/v1/chat/completions");
    EXPECT_EQ(after.code, "stream_interrupted");
    EXPECT_EQ(after.status, 200);
    EXPECT_EQ(after.attempts, 1);
    EXPECT_TRUE(after.stream);
    EXPECT_TRUE(after.estimated);
    EXPECT_FALSE(after.recovered);
    EXPECT_EQ(after.usage, before.usage);
    EXPECT_EQ(after.cost, -5);
    EXPECT_EQ(after.first_token_ms, 12);
    EXPECT_EQ(after.duration_ms, 1500);
}

TEST(Row, IsRefusedWhenAnyByteIsMissingOrTooMuch) {
    const std::string bytes = bytes_of(full_row());
    ledger::row out;
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(ledger::decode(bytes.substr(0, size), out)) << size;
    EXPECT_FALSE(ledger::decode(bytes + '\0', out));
}

TEST(Row, CutsLongStringsToTheRoomThereIs) {
    const std::string longest(100'000, 'x');
    ledger::row r = full_row();
    r.model = r.request_id = r.key = r.route = r.served_model = r.pool = r.upstream = r.endpoint = longest;
    for (const std::size_t capacity : {ledger::smallest_capacity, std::size_t{512}, std::size_t{1000}, ledger::largest_encoded_row}) {
        const std::string bytes = bytes_of(r, capacity);
        EXPECT_LE(bytes.size(), capacity);
        ledger::row out;
        ASSERT_TRUE(ledger::decode(bytes, out));
        EXPECT_LE(out.model.size(), ledger::longest_string);
        EXPECT_TRUE(longest.starts_with(out.model));
        EXPECT_EQ(out.usage, r.usage);
    }
}

TEST(Row, CutsOnlyTheLongestString) {
    const std::string longest(1000, 'x');
    ledger::row r = full_row();
    r.model = longest;
    const std::string bytes = bytes_of(r, ledger::smallest_capacity);
    ledger::row out;
    ASSERT_TRUE(ledger::decode(bytes, out));
    EXPECT_EQ(out.request_id, r.request_id);
    EXPECT_EQ(out.served_model, r.served_model);
    EXPECT_GT(out.model.size(), 20u);
    EXPECT_GT(bytes.size(), ledger::smallest_capacity - 9) << "and no further than it must";
}

TEST(Row, KeepsTheLargestAndSmallestNumbers) {
    for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{63}, std::int64_t{64}, INT64_MAX, INT64_MIN}) {
        ledger::row r = full_row();
        r.cost = r.time_ms = r.usage.input = n;
        ledger::row out;
        const std::string bytes = bytes_of(r, ledger::largest_encoded_row);
        ASSERT_TRUE(ledger::decode(bytes, out));
        EXPECT_EQ(out.cost, n);
        EXPECT_EQ(out.time_ms, n);
        EXPECT_EQ(out.usage.input, n);
    }
}

TEST(Row, ChecksumNoticesEveryFlippedBit) {
    const std::string bytes = bytes_of(full_row());
    const std::uint64_t whole = ledger::checksum(bytes, 7);
    EXPECT_NE(whole, ledger::checksum(bytes, 8));
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        EXPECT_NE(whole, ledger::checksum(damaged, 7)) << bit;
    }
}

TEST(Row, ChecksumNoticesFlippedBitsInWordsThatFollowEachOther) {
    const std::string bytes = bytes_of(full_row());
    const std::uint64_t seed = 7, whole = ledger::checksum(bytes, seed);
    const auto word_with = [&](std::string& text, std::size_t at, std::uint64_t flips) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof word);
        word ^= flips;
        std::memcpy(text.data() + at, &word, sizeof word);
    };
    const auto bit = [](int n) { return std::uint64_t{1} << n; };
    for (int first = 0; first < 64; ++first)
        for (int second = 0; second < 64; ++second)
            for (int third = 0; third <= second; ++third) {
                const std::uint64_t flips = third == second ? bit(second) : bit(second) | bit(third);
                std::string damaged = bytes;
                word_with(damaged, 0, flips);
                ASSERT_NE(whole, ledger::checksum(damaged, seed ^ bit(first))) << first << " in the seed, " << second << ", " << third;
                word_with(damaged, 0, flips ^ bit(first));
                word_with(damaged, 8, flips);
                ASSERT_NE(whole, ledger::checksum(damaged, seed)) << first << ", then " << second << ", " << third;
            }
}
