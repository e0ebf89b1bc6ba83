// Each encoding's own special tokens and no others.
#include "token/special_tokens.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::token {
namespace {

TEST(SpecialTokens, BelongToTheirEncoding) {
    EXPECT_EQ(special_token_length(encoding::cl100k, "<|fim_middle|>x"), 14U);
    EXPECT_EQ(special_token_length(encoding::o200k, "<|fim_middle|>"), 0U);
    EXPECT_EQ(special_token_length(encoding::o200k, "<|endofprompt|>"), 15U);
    EXPECT_EQ(special_token_length(encoding::o200k, "<|start|>"), 0U);
    EXPECT_EQ(special_token_length(encoding::o200k_harmony, "<|start|>"), 9U);
    EXPECT_EQ(special_token_length(encoding::o200k_harmony, "<|start|"), 0U);
    EXPECT_EQ(special_token_length(encoding::o200k_harmony, ""), 0U);
}

TEST(SpecialTokens, HoldTheReservedNumbersOfHarmony) {
    const auto is_special = [](const std::string& number) {
        return special_token_length(encoding::o200k_harmony, "<|reserved_" + number + "|>") == 19;
    };
    int reserved = 0;
    for (int number = 199'990; number < 201'100; ++number) reserved += is_special(std::to_string(number)) ? 1 : 0;
    // 200000 to 201087, without the seven that have names of their own.
    EXPECT_EQ(reserved, 1088 - 7);
    EXPECT_TRUE(is_special("200018"));
    EXPECT_FALSE(is_special("200006"));
    EXPECT_FALSE(is_special("2000"));
    EXPECT_FALSE(is_special("20000x"));
    EXPECT_EQ(special_token_length(encoding::o200k_harmony, "<|reserved_200000|"), 0U);
    EXPECT_EQ(special_token_length(encoding::o200k, "<|reserved_200000|>"), 0U);
}

}  // namespace
}  // namespace weir::token
