#include "dialect/percent_encoding.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace weir::dialect;

TEST(PercentEncoding, DecodesEscapesOfEitherCase) {
    EXPECT_EQ(decode_percent("a%2Fb%2fc"), "a/b/c");
    EXPECT_EQ(decode_percent("%C3%a9"), "\xC3\xA9");
    EXPECT_EQ(decode_percent("%00"), std::string(1, '\0'));
    EXPECT_EQ(decode_percent("a+b"), "a+b") << "a plus is a space in forms only";
}

TEST(PercentEncoding, LeavesFaultyEscapes) {
    for (const char* faulty : {"%", "%4", "a%", "%zz", "%4g", "%g4", "%%"}) EXPECT_EQ(decode_percent(faulty), faulty);
    EXPECT_EQ(decode_percent("%%41"), "%A");
    EXPECT_EQ(decode_percent("%2541"), "%41") << "decoded once";
}

TEST(PercentEncoding, EscapesAllButUnreservedAndWhatIsKept) {
    EXPECT_EQ(encode_percent("aZ09-._~", ""), "aZ09-._~");
    EXPECT_EQ(encode_percent("a b/c%&\xC3\xA9", ""), "a%20b%2Fc%25%26%C3%A9");
    EXPECT_EQ(encode_percent("a/b:c", "/:"), "a/b:c");
}

TEST(PercentEncoding, ReadsBackWhatItWrote) {
    std::string every;
    for (int c = 0; c < 256; ++c) every.push_back(static_cast<char>(c));
    EXPECT_EQ(decode_percent(encode_percent(every, "")), every);
}

TEST(PercentEncoding, KnowsHexadecimalDigits) {
    EXPECT_EQ(hex_value('0'), 0);
    EXPECT_EQ(hex_value('a'), 10);
    EXPECT_EQ(hex_value('F'), 15);
    for (const char c : {'g', 'G', '/', ':', '@', '`', '\0', '\xFF'}) EXPECT_EQ(hex_value(c), -1);
}
