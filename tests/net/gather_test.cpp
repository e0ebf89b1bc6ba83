// Pieces on their way out, however little each write takes.
#include "net/gather.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using weir::net::gather;

std::string rest(const gather& g) {
    std::string all;
    for (const auto& p : g.pieces()) all.append(static_cast<const char*>(p.iov_base), p.iov_len);
    return all;
}

}  // namespace

TEST(Gather, KeepsTheOrderAndSkipsWhatIsEmpty) {
    gather g;
    EXPECT_TRUE(g.done());
    g.add("ab");
    g.add("");
    g.add("cde");
    EXPECT_EQ(g.pieces().size(), 2u);
    EXPECT_EQ(g.left(), 5u);
    EXPECT_EQ(rest(g), "abcde");
}

TEST(Gather, ComesToTheSameEndHoweverItAdvances) {
    for (std::size_t step = 1; step <= 9; ++step) {
        gather g;
        for (const auto* piece : {"a", "bcd", "ef", "ghi"}) g.add(piece);
        const std::string all = "abcdefghi";
        for (std::size_t gone = 0; gone < all.size();) {
            const auto n = std::min(step, all.size() - gone);
            g.advance(n);
            gone += n;
            ASSERT_EQ(rest(g), all.substr(gone)) << step;
            ASSERT_EQ(g.left(), all.size() - gone);
        }
        EXPECT_TRUE(g.done());
        EXPECT_TRUE(g.pieces().empty());
    }
}

TEST(Gather, LetsTheFirstPieceMove) {
    gather g;
    g.add("abc");
    g.add("def");
    g.advance(1);
    const std::string moved = "bc";
    g.replace_front(moved);
    EXPECT_EQ(g.pieces().front().iov_base, moved.data());
    EXPECT_EQ(rest(g), "bcdef");
}

TEST(Gather, SaysWhenItIsFullAndCanBeUsedAgain) {
    gather g;
    for (std::size_t i = 0; i < gather::room; ++i) {
        EXPECT_FALSE(g.full());
        g.add("x");
    }
    EXPECT_TRUE(g.full());
    g.clear();
    EXPECT_TRUE(g.done());
    EXPECT_FALSE(g.full());
}
