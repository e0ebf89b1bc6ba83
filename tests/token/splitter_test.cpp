// Where the pre-tokenisers cut. That they cut as the reference's expressions do is for differential.py to say; here
// stands what each rule means, and when a cut is sure.
#include "token/splitter.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "token/support.hpp"
#include "token/utf8.hpp"

namespace weir::token {
namespace {

using pieces = std::vector<std::string>;

template <pattern P>
pieces split(std::string_view text) {
    pieces all;
    while (!text.empty()) {
        const std::size_t length = split_first<P>(text).length;
        all.emplace_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return all;
}
pieces cl100k(std::string_view text) { return split<pattern::cl100k>(text); }
pieces o200k(std::string_view text) { return split<pattern::o200k>(text); }

TEST(Splitter, KeepsContractionsApartInCl100kAndWithTheirWordInO200k) {
    EXPECT_EQ(cl100k("don't WE'LL"), (pieces{"don", "'t", " WE", "'LL"}));
    EXPECT_EQ(o200k("don't WE'LL"), (pieces{"don't", " WE'LL"}));
    EXPECT_EQ(cl100k("'stuff 'x"), (pieces{"'s", "tuff", " '", "x"}));
    EXPECT_EQ(o200k("it'stuff"), (pieces{"it's", "tuff"}));
    EXPECT_EQ(o200k("a'rx"), (pieces{"a", "'rx"}));
}

TEST(Splitter, TakesTheLongSForAnS) {
    EXPECT_EQ(cl100k("a'\xC5\xBF"), (pieces{"a", "'\xC5\xBF"}));
    EXPECT_EQ(o200k("a'\xC5\xBF"
                    "b"),
              (pieces{"a'\xC5\xBF", "b"}));
}

TEST(Splitter, CutsO200kWordsByCase) {
    EXPECT_EQ(o200k("camelCaseHTTPServer"), (pieces{"camel", "Case", "HTTPServer"}));
    EXPECT_EQ(cl100k("camelCaseHTTPServer"), (pieces{"camelCaseHTTPServer"}));
    EXPECT_EQ(o200k("AB\xE3\x81\x82XY"), (pieces{"AB\xE3\x81\x82", "XY"}));
    EXPECT_EQ(o200k("AB\xE3\x81\x82XYz"), (pieces{"AB\xE3\x81\x82XYz"}));
    EXPECT_EQ(o200k("\xCC\x81XY"), (pieces{"\xCC\x81", "XY"}));
}

TEST(Splitter, CountsDigitsInThrees) {
    EXPECT_EQ(cl100k("12345 67"), (pieces{"123", "45", " ", "67"}));
    EXPECT_EQ(o200k("\xD9\xA3\xD9\xA4\xD9\xA5\xD9\xA6"), (pieces{"\xD9\xA3\xD9\xA4\xD9\xA5", "\xD9\xA6"}));
}

TEST(Splitter, GivesTheLastSpaceToWhatFollows) {
    EXPECT_EQ(cl100k("a   b"), (pieces{"a", "  ", " b"}));
    EXPECT_EQ(o200k("a   !"), (pieces{"a", "  ", " !"}));
    EXPECT_EQ(cl100k("a   1"), (pieces{"a", "  ", " ", "1"}));
    EXPECT_EQ(cl100k(" \t!"), (pieces{" ", "\t", "!"}));
}

TEST(Splitter, EndsWhiteSpaceAfterItsLastLineBreak) {
    EXPECT_EQ(cl100k(" \n \n  x"), (pieces{" \n \n", " ", " x"}));
    EXPECT_EQ(o200k(" \n \n  x"), (pieces{" \n \n", " ", " x"}));
    EXPECT_EQ(cl100k("\n  "), (pieces{"\n  "}));  // the end of the text comes first there
    EXPECT_EQ(o200k("\n  "), (pieces{"\n", "  "}));
}

TEST(Splitter, TakesLineBreaksAndInO200kSlashesAfterSymbols) {
    EXPECT_EQ(cl100k("};\n\n/x"), (pieces{"};\n\n", "/x"}));
    EXPECT_EQ(o200k("};\n/\n/x"), (pieces{"};\n/\n/", "x"}));
    EXPECT_EQ(o200k("a !!\r\n"), (pieces{"a", " !!\r\n"}));
}

TEST(Splitter, IsSureExactlyWhenNothingThatFollowsChangesTheCut) {
    const std::string_view tails[] = {"a", "A", "'", "'s", "s", "e", "1", " ", "\n", "!", "/", "\xCC\x81", "\xE3\x81\x82", " x", "  "};
    for (const std::string& text : test::awkward_texts()) {
        for (std::size_t start = 0; start < text.size(); ++start) {
            for (std::size_t size = 1; start + size <= text.size() && size < 12; ++size) {
                const std::string part = text.substr(start, size);
                if (valid_utf8_prefix(part) != part.size()) continue;
                const first_piece c = split_first<pattern::cl100k>(part);
                const first_piece o = split_first<pattern::o200k>(part);
                ASSERT_TRUE(c.length > 0 && c.length <= size && o.length > 0 && o.length <= size) << part;
                for (const std::string_view tail : tails) {
                    const std::string longer = part + std::string{tail};
                    if (c.sure) {
                        ASSERT_EQ(split_first<pattern::cl100k>(longer).length, c.length) << part << '|' << tail;
                    }
                    if (o.sure) {
                        ASSERT_EQ(split_first<pattern::o200k>(longer).length, o.length) << part << '|' << tail;
                    }
                }
            }
        }
    }
    EXPECT_FALSE(split_first<pattern::cl100k>("ab").sure);
    EXPECT_TRUE(split_first<pattern::cl100k>("ab ").sure);
    EXPECT_FALSE(split_first<pattern::o200k>("ab'").sure);
    EXPECT_TRUE(split_first<pattern::o200k>("ab'x").sure);
    EXPECT_TRUE(split_first<pattern::o200k>("123").sure);
}

}  // namespace
}  // namespace weir::token
