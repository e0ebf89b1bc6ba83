// Read buffers: what they keep while they move and grow, and that slabs come back.
#include "net/buffer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>

namespace {

using weir::net::buffer;
using weir::net::free_unused_blocks;
using weir::net::padding;
using weir::net::slab_size;

void put(buffer& b, std::string_view text) {
    ASSERT_GE(b.free_size(), text.size());
    std::memcpy(b.free_begin(), text.data(), text.size());
    b.commit(text.size());
}

/// Resident memory of this process, in bytes.
std::size_t resident() {
    std::ifstream statm{"/proc/self/statm"};
    std::size_t all = 0, here = 0;
    statm >> all >> here;
    return here * 4096;
}

}  // namespace

TEST(Buffer, HasNoMemoryUntilItIsNeeded) {
    buffer b;
    EXPECT_FALSE(b.has_memory());
    EXPECT_EQ(b.view(), "");
    b.need_slab();
    EXPECT_EQ(b.capacity(), slab_size);
    EXPECT_EQ(b.free_size(), slab_size);
}

TEST(Buffer, KeepsItsBytesWhileItIsConsumedAndCompacted) {
    buffer b;
    b.need_slab();
    put(b, "hello world");
    b.consume(6);
    EXPECT_EQ(b.view(), "world");
    EXPECT_EQ(b.free_size(), slab_size - 11);
    b.compact();
    EXPECT_EQ(b.view(), "world");
    EXPECT_EQ(b.free_size(), slab_size - 5);
    b.drop_from(3);
    EXPECT_EQ(b.view(), "wor");
    b.consume(3);
    EXPECT_EQ(b.free_size(), slab_size);  // empty means: from the start again
}

TEST(Buffer, GrowsKeepingItsBytesAndThePadding) {
    buffer b;
    b.need_slab();
    put(b, "skip this");
    b.consume(5);
    b.reserve(3 * slab_size);
    EXPECT_EQ(b.view(), "this");
    EXPECT_EQ(b.capacity(), 3 * slab_size);
    put(b, std::string(3 * slab_size - 4, 'x'));
    EXPECT_EQ(b.free_size(), 0u);
    for (std::size_t i = 0; i < padding; ++i) EXPECT_EQ(b.data()[b.size() + i], '\0');
}

TEST(Buffer, DoesNotMoveToAnotherPlaceWhenThereIsRoom) {
    buffer b;
    b.reserve(100);
    const char* const where = b.data();
    put(b, "abc");
    b.reserve(slab_size);
    EXPECT_EQ(b.data(), where);
    EXPECT_EQ(b.view(), "abc");
}

TEST(Buffer, GivesItsSlabToTheNextThatNeedsOne) {
    buffer a, b;
    a.need_slab();
    const char* const where = a.data();
    a.release();
    EXPECT_FALSE(a.has_memory());
    b.need_slab();
    EXPECT_EQ(b.data(), where);
    put(b, "kept");
    b.release_if_empty();
    EXPECT_EQ(b.view(), "kept");
    b.clear();
    b.release_if_empty();
    EXPECT_FALSE(b.has_memory());
}

TEST(Buffer, GivesSlabsBackThatNobodyTookForAnInterval) {
    free_unused_blocks();
    free_unused_blocks();
    {
        buffer burst[3];
        for (buffer& each : burst) {
            each.need_slab();
            put(each, "used");
        }
    }
    free_unused_blocks();  // ends the interval in which all three were in use
    buffer one;
    one.need_slab();
    EXPECT_EQ((std::string_view{one.data(), 4}), "used") << "kept for the next";
    one.release();
    free_unused_blocks();  // two were not taken since
    buffer again[2];
    again[0].need_slab();
    EXPECT_EQ((std::string_view{again[0].data(), 4}), "used");
    again[1].need_slab();
    EXPECT_EQ(again[1].data()[0], '\0') << "fresh from the system";
}

TEST(Buffer, MovesItsMemoryAlong) {
    buffer a;
    a.need_slab();
    put(a, "abc");
    buffer b{std::move(a)};
    EXPECT_EQ(b.view(), "abc");
    buffer c;
    c.need_slab();
    put(c, "old");
    c = std::move(b);
    EXPECT_EQ(c.view(), "abc");
}

TEST(Buffer, KeepsALargeBlockForTheNextBodyUntilNobodyWantsIt) {
    buffer a;
    a.reserve(100'000);
    const char* const where = a.data();
    a.release();
    free_unused_blocks();
    buffer b;
    b.reserve(60'000);
    EXPECT_EQ(b.data(), where) << "a block of less than twice the size fits";
    EXPECT_EQ(b.capacity(), 100'000u);
    b.release();
    buffer tiny;
    tiny.reserve(slab_size + 1);
    EXPECT_NE(tiny.data(), where) << "a small body does not take a large block";
    free_unused_blocks();
    buffer c;
    c.reserve(60'000);
    EXPECT_EQ(c.data(), where);
    c.release();
    free_unused_blocks();
    free_unused_blocks();  // unused for a whole interval: given back (the address sanitizer sees a use)
    c.reserve(60'000);
    put(c, "fresh");
    EXPECT_EQ(c.view(), "fresh");
}

TEST(Buffer, GrowsFromTheHeapIntoAMappingAndOnWithoutLosingAByte) {
    buffer b;
    std::string wanted;
    std::uint32_t state = 1;
    for (std::size_t size = 200'000; size < (20u << 20); size = size * 2 + 13) {
        b.reserve(size);
        ASSERT_GE(b.capacity(), size);
        std::string more;
        while (wanted.size() + more.size() < size) more.push_back(static_cast<char>((state = state * 1664525u + 1013904223u) >> 24));
        put(b, more);
        wanted += more;
        ASSERT_TRUE(b.view() == wanted) << size;
        b.consume(7);
        wanted.erase(0, 7);
    }
}

TEST(Buffer, GivesALargeBodysMemoryBackAtOnce) {
    constexpr std::size_t size = 25u << 20;
    const auto before = resident();
    {
        std::array<buffer, 8> bodies;
        for (auto& b : bodies) {
            b.reserve(size);
            std::memset(b.free_begin(), 'x', size);
            b.commit(size);
        }
        EXPECT_GT(resident(), before + 7 * size);
    }
    EXPECT_LT(resident(), before + size);
}
