// What a model is called elsewhere, by name and by pattern.
#include "policy/renaming.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace {

using weir::policy::fault_in_rename;
using weir::policy::made_names;
using weir::policy::renaming;

std::string renamed(const renaming& by, const std::string& model) {
    made_names made;
    return std::string{by.of(model, made)};
}

}  // namespace

TEST(Renaming, PutsWhatTheStarCaughtWhereTheOtherSideHasOne) {
    const renaming by{{{"anthropic/*", "*"}, {"gpt-4o", "gpt-4o-2024-11-20"}, {"fast-*", "gpt-*-mini"}, {"*-old", "legacy/*"}, {"any-*", "one"}}};
    EXPECT_EQ(renamed(by, "anthropic/claude-x"), "claude-x");
    EXPECT_EQ(renamed(by, "anthropic/a/b"), "a/b");
    EXPECT_EQ(renamed(by, "gpt-4o"), "gpt-4o-2024-11-20");
    EXPECT_EQ(renamed(by, "gpt-4o-mini"), "gpt-4o-mini");
    EXPECT_EQ(renamed(by, "fast-5"), "gpt-5-mini");
    EXPECT_EQ(renamed(by, "fast-"), "gpt--mini") << "a star may catch nothing";
    EXPECT_EQ(renamed(by, "x-old"), "legacy/x");
    EXPECT_EQ(renamed(by, "any-thing"), "one");
    EXPECT_EQ(renamed(by, "fast-*"), "gpt-*-mini") << "a star of a client's is a character like others";
}

TEST(Renaming, NeverLeavesNoName) {
    const renaming by{{{"anthropic/*", "*"}, {"*", "*"}}};
    EXPECT_EQ(renamed(by, "anthropic/"), "anthropic/");
    EXPECT_EQ(renamed(by, ""), "");
    EXPECT_EQ(renamed(renaming{{{"*", "one"}}}, ""), "") << "who names no model goes on naming none";
    EXPECT_EQ(renamed(renaming{{{"*", "one"}}}, "two"), "one");
}

TEST(Renaming, LetsExactNamesWinAndThenTheMostLiteralCharacters) {
    const renaming by{{{"*", "any"}, {"a*", "begins"}, {"*z", "ends"}, {"a*yz", "both"}, {"abyz", "exact"}}};
    EXPECT_EQ(renamed(by, "abyz"), "exact");
    EXPECT_EQ(renamed(by, "acyz"), "both");
    EXPECT_EQ(renamed(by, "az"), "begins") << "as many: who has more before the star";
    EXPECT_EQ(renamed(by, "bz"), "ends");
    EXPECT_EQ(renamed(by, "b"), "any");
    EXPECT_EQ(renamed(renaming{{{"aa*aa", "x"}}}, "aaa"), "aaa") << "the two ends do not overlap";
    EXPECT_EQ(renamed(renaming{{{"aa*aa", "x"}}}, "aaaa"), "x");
}

TEST(Renaming, KeepsAMadeNameOnceAndInItsPlace) {
    const renaming by{{{"fast-*", "gpt-*-mini"}}};
    made_names made;
    const auto first = by.of("fast-5", made), other = by.of("fast-6", made);
    EXPECT_EQ(first, "gpt-5-mini");
    EXPECT_EQ(other, "gpt-6-mini");
    EXPECT_EQ(by.of("fast-5", made).data(), first.data());
}

TEST(Renaming, KnowsOneStarOnEachSide) {
    const auto fault = [](std::string_view from, std::string_view to) {
        const auto found = fault_in_rename(from, to);
        return found.from + found.to;
    };
    EXPECT_EQ(fault("a", "b"), "");
    EXPECT_EQ(fault("a*", "b"), "");
    EXPECT_EQ(fault("a*", "*"), "");
    EXPECT_NE(fault("a*b*", "*"), "");
    EXPECT_NE(fault("a*", "**"), "");
    EXPECT_NE(fault("a?", "b"), "");
    EXPECT_NE(fault("a", "b*"), "");
    EXPECT_TRUE(renaming(std::map<std::string, std::string>{{"a", "b*"}}).empty());
}
