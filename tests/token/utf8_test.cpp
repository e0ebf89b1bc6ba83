// Validity and mending, under every slicing.
#include "token/utf8.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace weir::token {
namespace {

#define FFFD "\xEF\xBF\xBD"

std::string mend(std::string_view bytes, std::size_t slice) {
    utf8_mender mender;
    std::string out;
    const auto append = [&out](std::string_view valid) { out += valid; };
    for (std::size_t at = 0; at < bytes.size(); at += slice) mender.feed(bytes.substr(at, slice), append);
    mender.finish(append);
    return out;
}

TEST(Utf8, StopsAtTheFirstCharacterThatIsNotWholeAndValid) {
    EXPECT_EQ(valid_utf8_prefix(""), 0U);
    EXPECT_EQ(valid_utf8_prefix("plain text, longer than eight bytes"), 35U);
    EXPECT_EQ(valid_utf8_prefix("12345678\xE2\x82\xAC"), 11U);
    EXPECT_EQ(valid_utf8_prefix("12345678\xE2\x82"), 8U);
    EXPECT_EQ(valid_utf8_prefix("a\xC1\x80"), 1U);
    EXPECT_EQ(valid_utf8_prefix("\xF4\x90\x80\x80"), 0U);
    EXPECT_EQ(valid_utf8_prefix("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"), 10U);
}

TEST(Utf8, MendsTheSameHoweverTheBytesAreSliced) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"all good \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "all good \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
        // The example of the Unicode Standard, table 3-8.
        {"\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64", "a" FFFD FFFD FFFD "b" FFFD "c" FFFD FFFD "d"},
        {"\xE0\x80\xAF", FFFD FFFD FFFD},
        {"\xED\xBF\xBF.", FFFD FFFD FFFD "."},
        {"\xF0\x9F\x98", FFFD},
        {"\xF0\x9F\xF0\x9F\x98\x80", FFFD "\xF0\x9F\x98\x80"},
        {"\xF0\x80\xFE", FFFD FFFD FFFD},
    };
    for (const auto& [bytes, mended] : rows)
        for (std::size_t slice = 1; slice <= bytes.size(); ++slice) EXPECT_EQ(mend(bytes, slice), mended) << slice;
}

TEST(Utf8, HandsOnOnlyWholeCharacters) {
    const std::string_view text = "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        utf8_mender mender;
        const auto check = [](std::string_view valid) { EXPECT_EQ(valid_utf8_prefix(valid), valid.size()); };
        mender.feed(text.substr(0, cut), check);
        mender.feed(text.substr(cut), check);
    }
}

}  // namespace
}  // namespace weir::token
