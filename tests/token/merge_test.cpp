// Merging by neighbour tests against merging by the definition. Does not split text.
#include "token/merge.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "token/support.hpp"

namespace weir::token {
namespace {

using test::both;

// Strings in which merges compete: pieces of tokens, put together.
std::vector<std::string> contested(const vocabulary& words, std::size_t many) {
    const auto tokens = test::all_tokens(words);
    std::mt19937 random(11);
    std::vector<std::string> texts;
    while (texts.size() < many) {
        std::string text;
        for (std::size_t parts = 1 + random() % 5; parts > 0; --parts) {
            const std::string& token = tokens[random() % 8 == 0 ? random() % tokens.size() : random() % 5000];
            text += token.substr(random() % token.size());
        }
        texts.push_back(text);
    }
    return texts;
}

TEST(Merge, CountsEveryTokenOfTheVocabularyAsOne) {
    for (const encoding which : both) {
        const vocabulary words = vocabulary::of(which);
        for (const std::string& token : test::all_tokens(words)) ASSERT_EQ(count_piece(words, token), 1) << token;
    }
}

TEST(Merge, ReachesEveryTokenByMergingToo) {
    // count_piece looks a piece up first; the prefix counter has no such shortcut.
    for (const encoding which : both) {
        const vocabulary words = vocabulary::of(which);
        const auto tokens = test::all_tokens(words);
        for (std::size_t token = 0; token < tokens.size(); token += 7) {
            prefix_counter counter;
            counter.push(words, tokens[token]);
            ASSERT_EQ(counter.count(), 1) << tokens[token];
        }
    }
}

TEST(Merge, CountsAsTheDefinitionDoes) {
    for (const encoding which : both) {
        const vocabulary words = vocabulary::of(which);
        const test::plain_merger plain(words);
        for (const std::string& text : contested(words, 3000))
            ASSERT_EQ(count_piece(words, text), static_cast<std::int64_t>(plain.encode(text).size())) << text;
    }
}

TEST(Merge, CountsEveryPrefixAsTheDefinitionDoes) {
    for (const encoding which : both) {
        const vocabulary words = vocabulary::of(which);
        const test::plain_merger plain(words);
        for (const std::string& text : contested(words, 500)) {
            prefix_counter counter;
            for (std::size_t size = 1; size <= text.size(); ++size) {
                counter.push(words, std::string_view{text}.substr(size - 1, 1));
                ASSERT_EQ(counter.count(), static_cast<std::int64_t>(plain.encode(text.substr(0, size)).size())) << text;
            }
        }
    }
}

TEST(Merge, CallsNeighboursWhatMergingLeavesAlone) {
    for (const encoding which : both) {
        const vocabulary words = vocabulary::of(which);
        const test::plain_merger plain(words);
        const auto tokens = test::all_tokens(words);
        std::mt19937 random(5);
        int neighbours = 0;
        for (int i = 0; i < 5000; ++i) {
            const auto left = static_cast<token_id>(random() % 3000);
            const auto right = static_cast<token_id>(random() % 3000);
            const bool left_alone = plain.encode(tokens[left] + tokens[right]) == std::vector<token_id>{left, right};
            ASSERT_EQ(may_be_neighbours(words, left, right), left_alone) << tokens[left] << '|' << tokens[right];
            neighbours += left_alone ? 1 : 0;
        }
        EXPECT_GT(neighbours, 100);
        EXPECT_LT(neighbours, 4900);
    }
}

TEST(Merge, CountsLongPiecesAsItCountsTheirPrefixes) {
    // Around the size where working memory moves from the stack to the heap, and far above it.
    for (const encoding which : both) {
        const vocabulary words = vocabulary::of(which);
        for (const std::string& unit : contested(words, 40)) {
            std::string text;
            while (text.size() < 700) text += unit;
            prefix_counter counter;
            for (std::size_t size = 1; size <= text.size(); ++size) {
                counter.push(words, std::string_view{text}.substr(size - 1, 1));
                if (size < 250 || (size > 260 && size % 50 != 0)) continue;
                ASSERT_EQ(count_piece(words, text.substr(0, size)), counter.count()) << unit << ' ' << size;
            }
        }
    }
}

}  // namespace
}  // namespace weir::token
