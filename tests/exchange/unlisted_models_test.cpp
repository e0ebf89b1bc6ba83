// Models without an entry are named once, and however many there are, that takes no more room.
#include "exchange/translation/unlisted_models.hpp"

#include <gtest/gtest.h>

using weir::exchange::names_once;

TEST(UnlistedModels, AreNamedOnceEach) {
    names_once said;
    EXPECT_TRUE(said.is_first("a"));
    EXPECT_TRUE(said.is_first("b"));
    EXPECT_FALSE(said.is_first("a"));
    EXPECT_FALSE(said.is_first("b"));
}

TEST(UnlistedModels, AreNotNamedAnyMoreOnceTheRoomIsFull) {
    names_once said;
    std::size_t named = 0;
    for (std::size_t i = 0; i < 10 * names_once::room; ++i) named += said.is_first("m" + std::to_string(i)) ? 1 : 0;
    EXPECT_EQ(named, names_once::room);
    EXPECT_FALSE(said.is_first("m0"));
}

TEST(UnlistedModels, AreShownWithWhatToWriteAndNotWholeWhereTheyAreLong) {
    const auto words = weir::exchange::words_about_unlisted("my-model");
    EXPECT_NE(words.find("models: {\"my-model\": {reasoning: none"), std::string::npos) << words;
    EXPECT_LT(weir::exchange::words_about_unlisted(std::string(5000, 'x')).size(), 700u);
}
