// Samples of every class; differential.py --code-points compares all 1,112,064 code points with the reference.
#include "token/char_class.hpp"

#include <gtest/gtest.h>

namespace weir::token {
namespace {

TEST(CharClass, KnowsEachClassInSeveralScripts) {
    const std::pair<std::uint32_t, std::uint8_t> rows[] = {
        {0xC9, char_class::upper},    {0x1C5, char_class::upper},   {0x416, char_class::upper},    {0x1D400, char_class::upper},
        {0xE9, char_class::lower},    {0x436, char_class::lower},   {0x17F, char_class::lower},    {0x2B0, char_class::letter},
        {0x4E2D, char_class::letter}, {0xAC00, char_class::letter}, {0x20000, char_class::letter}, {0x301, char_class::mark},
        {0xFE0F, char_class::mark},   {0xE0101, char_class::mark},  {0x663, char_class::number},   {0x2167, char_class::number},
        {0xBD, char_class::number},   {0xA0, char_class::space},    {0x3000, char_class::space},   {0x2028, char_class::space},
        {0x85, char_class::space},    {0x200B, char_class::other},  {0x1F600, char_class::other},  {0x20AC, char_class::other},
        {0x378, char_class::other},   {0x3FFFF, char_class::other}, {0x10FFFF, char_class::other},
    };
    for (const auto& [code_point, expected] : rows) EXPECT_EQ(class_of(code_point), expected) << std::hex << code_point;
}

TEST(CharClass, FollowsUnicode16) {
    EXPECT_EQ(class_of(0x1C89), char_class::upper);  // new in 16.0
    EXPECT_EQ(class_of(0xA7CE), char_class::other);  // assigned in 17.0
}

TEST(CharClass, ReadsCharactersOfEveryLength) {
    const std::pair<const char*, character> rows[] = {
        {"A", {char_class::upper, 1}},
        {"\n", {char_class::newline, 1}},
        {"\t", {char_class::space, 1}},
        {"7", {char_class::number, 1}},
        {"\xC3\xA9", {char_class::lower, 2}},
        {"\xE4\xB8\xAD", {char_class::letter, 3}},
        {"\xF0\x9F\x98\x80", {char_class::other, 4}},
    };
    for (const auto& [text, expected] : rows) {
        EXPECT_EQ(read_character(text).what, expected.what) << text;
        EXPECT_EQ(read_character(text).length, expected.length) << text;
    }
}

}  // namespace
}  // namespace weir::token
