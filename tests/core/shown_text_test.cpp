#include "core/shown_text.hpp"

#include <gtest/gtest.h>

#include <string>

using weir::core::shown;

TEST(ShownText, CutsAtTheLimitAndNeverInsideACharacter) {
    EXPECT_EQ(shown("gpt-4o"), "gpt-4o");
    EXPECT_EQ(shown(std::string(100, 'x')).size(), 100u);
    EXPECT_EQ(shown(std::string(101, 'x')).size(), 100u);
    EXPECT_EQ(shown("abc", 0), "");
    for (const std::string character : {"\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"})
        for (std::size_t before = 0; before <= 8; ++before) {
            const std::string text = std::string(before, 'a') + character + character + character;
            for (std::size_t most = 0; most <= text.size(); ++most) {
                const auto cut = shown(text, most);
                EXPECT_LE(cut.size(), most);
                EXPECT_GE(cut.size() + character.size(), most + 1);
                if (cut.size() > before) {
                    EXPECT_EQ((cut.size() - before) % character.size(), 0u);
                }
            }
        }
    EXPECT_EQ(shown(std::string(50, '\x80'), 20).size(), 17u) << "what is no UTF-8 is not searched to its start";
}
