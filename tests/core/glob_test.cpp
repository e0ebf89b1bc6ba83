// Patterns of model names.
#include "core/glob.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

using weir::core::glob_match;
using weir::core::is_glob;

static_assert(glob_match("gpt-5*", "gpt-5-mini") && !glob_match("gpt-5*", "gpt-4o"));

TEST(Glob, TakesAPlainNameForItselfOnly) {
    EXPECT_TRUE(glob_match("gpt-4o", "gpt-4o"));
    EXPECT_FALSE(glob_match("gpt-4o", "gpt-4o-mini"));
    EXPECT_FALSE(glob_match("gpt-4o", "GPT-4O"));
    EXPECT_FALSE(glob_match("gpt-4o", ""));
    EXPECT_TRUE(glob_match("", ""));
    EXPECT_FALSE(glob_match("", "x"));
    EXPECT_FALSE(glob_match("a.c", "abc"));
    EXPECT_TRUE(glob_match("[a]", "[a]"));
}

TEST(Glob, TakesAStarForAnyRun) {
    EXPECT_TRUE(glob_match("*", ""));
    EXPECT_TRUE(glob_match("*", "anything/at-all"));
    EXPECT_TRUE(glob_match("gpt-5*", "gpt-5"));
    EXPECT_TRUE(glob_match("*-mini", "o4-mini"));
    EXPECT_FALSE(glob_match("*-mini", "o4-mini-high"));
    EXPECT_TRUE(glob_match("a*b*c", "axxbyybzzc"));
    EXPECT_FALSE(glob_match("a*b*c", "axxbyybzz"));
    EXPECT_TRUE(glob_match("**a**", "a"));
    EXPECT_TRUE(glob_match("*aab", "aaaaab"));
}

TEST(Glob, TakesAQuestionMarkForOneCharacter) {
    EXPECT_TRUE(glob_match("gpt-?o", "gpt-4o"));
    EXPECT_FALSE(glob_match("gpt-?o", "gpt-o"));
    EXPECT_TRUE(glob_match("?*", "x"));
    EXPECT_FALSE(glob_match("?*", ""));
}

TEST(Glob, TakesAWildcardInTheTextForACharacter) {
    EXPECT_TRUE(glob_match("a*", "a*b?"));
    EXPECT_FALSE(glob_match("ab", "*"));
    EXPECT_FALSE(glob_match("ab", "??"));
}

TEST(Glob, StaysFastOnHostileNames) {
    std::string pattern;
    for (int i = 0; i < 20; ++i) pattern += "a*";
    const std::string text(100'000, 'a');
    const auto began = std::chrono::steady_clock::now();
    EXPECT_FALSE(glob_match(pattern + "b", text));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{5});
}

TEST(Glob, KnowsItsWildcards) {
    EXPECT_TRUE(is_glob("gpt-*"));
    EXPECT_TRUE(is_glob("gpt-?"));
    EXPECT_FALSE(is_glob("gpt-4o"));
}
