#include "net/tls_memory.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <thread>

using namespace weir::net;

namespace {

// Of the mapping that holds `at`, as the kernel counts it.
std::size_t resident_kib(const void* at) {
    std::ifstream maps{"/proc/self/smaps"};
    std::string line;
    bool here = false;
    while (std::getline(maps, line)) {
        std::uintptr_t from = 0, to = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2) {
            const auto wanted = reinterpret_cast<std::uintptr_t>(at);
            here = from <= wanted && wanted < to;
        } else if (here && line.starts_with("Rss:")) {
            return static_cast<std::size_t>(std::stoul(line.substr(4)));
        }
    }
    return 0;
}

}  // namespace

TEST(TlsMemory, HandsOutEachBlockOnceAndKnowsItsOwn) {
    block_region region{100};
    block_list list{region};
    std::set<char*> seen;
    for (int i = 0; i < 100; ++i) {
        char* const block = list.take();
        ASSERT_NE(block, nullptr);
        std::memset(block, i, block_region::block_size);
        EXPECT_TRUE(seen.insert(block).second);
        EXPECT_TRUE(region.owns(block) && region.owns(block + block_region::block_size - 1));
    }
    EXPECT_EQ(list.take(), nullptr);
    for (char* const block : seen) list.give_back(block);
    const int elsewhere = 0;
    EXPECT_FALSE(region.owns(&elsewhere));
    EXPECT_FALSE(region.owns(nullptr));
    EXPECT_FALSE(region.owns(*seen.rbegin() + block_region::block_size));
}

TEST(TlsMemory, GivesTheBlockAgainThatWasUsedLast) {
    block_region region{100};
    block_list list{region};
    char* const first = list.take();
    char* const second = list.take();
    list.give_back(first);
    list.give_back(second);
    EXPECT_EQ(list.take(), second);
    EXPECT_EQ(list.take(), first);
}

TEST(TlsMemory, KeepsTheMemoryOfAFewBlocksAndReturnsTheRest) {
    block_region region{400};
    block_list list{region};
    std::vector<char*> taken;
    for (int i = 0; i < 400; ++i) {
        taken.push_back(list.take());
        std::memset(taken.back(), 1, block_region::block_size);
    }
    const std::size_t in_use = resident_kib(taken.front());
    for (char* const block : taken) list.give_back(block);
    const std::size_t left = resident_kib(taken.front());
    EXPECT_GE(in_use, 400 * block_region::block_size / 1024);
    EXPECT_LE(left, in_use - (400 - block_list::warm) * block_region::block_size / 1024);
    for (int i = 0; i < 400; ++i) EXPECT_NE(list.take(), nullptr);
}

TEST(TlsMemory, TakesOverTheBlocksOfAThreadThatEnded) {
    block_region region{10};
    std::thread{[&] {
        block_list list{region};
        std::vector<char*> taken;
        for (int i = 0; i < 10; ++i) taken.push_back(list.take());
        for (char* const block : taken) list.give_back(block);
    }}.join();
    block_list list{region};
    for (int i = 0; i < 10; ++i) EXPECT_NE(list.take(), nullptr);
    EXPECT_EQ(list.take(), nullptr);
}

TEST(TlsMemory, ServesManyThreadsAtOnce) {
    block_region region{64};
    std::atomic<int> mixed{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int round = 0; round < 300; ++round) {
                block_list list{region};
                std::vector<char*> taken;
                for (int i = 0; i < 16; ++i)
                    if (char* const block = list.take()) std::memset(block, t, 4096), taken.push_back(block);
                for (char* const block : taken)
                    for (std::size_t i = 0; i < 4096; i += 512)
                        if (block[i] != t) ++mixed;
                for (char* const block : taken) list.give_back(block);
            }
        });
    for (auto& one : threads) one.join();
    EXPECT_EQ(mixed.load(), 0);
}
