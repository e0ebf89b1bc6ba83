// Whole-text counts against the reference's. The sample was counted by tiktoken (differential.py --sample).
#include "token/count.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "token/support.hpp"

namespace weir::token {
namespace {

struct document {
    std::string text;
    std::int64_t cl100k;
    std::int64_t o200k;
};

std::uint32_t read_u32(std::string_view bytes) {
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    return value;
}

std::vector<document> read_sample() {
    std::ifstream in(WEIR_SOURCE_DIR "/tests/token/sample.bin", std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>{in}, {}};
    std::vector<document> documents;
    for (std::string_view rest = all; rest.size() >= 12;) {
        const std::size_t size = read_u32(rest);
        documents.push_back({std::string{rest.substr(12, size)}, read_u32(rest.substr(4)), read_u32(rest.substr(8))});
        rest.remove_prefix(12 + size);
    }
    return documents;
}

TEST(Count, EqualsTheReferenceOnTheSample) {
    const auto documents = read_sample();
    ASSERT_GT(documents.size(), 2000U);
    for (const auto& [text, cl100k, o200k] : documents) {
        ASSERT_EQ(count(encoding::cl100k, text), cl100k) << text;
        ASSERT_EQ(count(encoding::o200k, text), o200k) << text;
        ASSERT_EQ(count(encoding::o200k_harmony, text), o200k) << text;
    }
}

TEST(Count, FindsNothingInNothing) {
    for (const encoding which : test::both) EXPECT_EQ(count(which, ""), 0);
}

TEST(Count, KnowsSomeWellKnownCounts) {
    EXPECT_EQ(count(encoding::cl100k, "tiktoken is great!"), 6);  // from OpenAI's own guide
    EXPECT_EQ(count(encoding::cl100k, "antidisestablishmentarianism"), 6);
    EXPECT_EQ(count(encoding::o200k, "antidisestablishmentarianism"), 6);
    EXPECT_EQ(count(encoding::cl100k, "2 + 2 = 4"), 7);
    EXPECT_EQ(count(encoding::o200k, "2 + 2 = 4"), 7);
    EXPECT_EQ(count(encoding::cl100k,
                    "\xE3\x81\x8A\xE8\xAA\x95\xE7\x94\x9F\xE6\x97\xA5\xE3\x81\x8A\xE3\x82\x81\xE3\x81\xA7\xE3\x81\xA8"
                    "\xE3\x81\x86"),
              9);
    EXPECT_EQ(count(encoding::o200k,
                    "\xE3\x81\x8A\xE8\xAA\x95\xE7\x94\x9F\xE6\x97\xA5\xE3\x81\x8A\xE3\x82\x81\xE3\x81\xA7\xE3\x81\xA8"
                    "\xE3\x81\x86"),
              8);
}

TEST(Count, CountsBrokenBytesAsReplacementCharacters) {
    const std::pair<std::string, std::string> pairs[] = {
        {"a\xFF"
         "b",
         "a\xEF\xBF\xBD"
         "b"},
        {"a\xE2\x82", "a\xEF\xBF\xBD"},
        {"\xE2\x82 x", "\xEF\xBF\xBD x"},
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xF0\x9F\x98\xE2\x82\xAC", "\xEF\xBF\xBD\xE2\x82\xAC"},
        {"\xC0\xAF\xF5\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    };
    for (const encoding which : test::both)
        for (const auto& [broken, mended] : pairs) EXPECT_EQ(count(which, broken), count(which, mended)) << mended;
}

TEST(Count, TakesSpecialTokensForTextUnlessAsked) {
    const std::string_view raw = "<|start|>assistant<|channel|>final<|message|>Hi!<|end|>";
    EXPECT_EQ(count_with_special_tokens(encoding::o200k_harmony, raw), 4 + 1 + 1 + 2);
    EXPECT_GT(count(encoding::o200k_harmony, raw), 20);
    EXPECT_EQ(count_with_special_tokens(encoding::o200k, raw), count(encoding::o200k, raw));
}

TEST(Count, CutsTextAtASpecialToken) {
    // "hel" and "lo" must not merge across it, nor may a run of spaces.
    const std::string text = "hel<|endoftext|>lo   <|endofprompt|>   <|<|endoftext|";
    for (const encoding which : {encoding::cl100k, encoding::o200k, encoding::o200k_harmony})
        EXPECT_EQ(count_with_special_tokens(which, text), count(which, "hel") + 1 + count(which, "lo   ") + 1 + count(which, "   <|<|endoftext|"));
}

// Quadratic work would take minutes here; the limit leaves room for sanitizers and busy machines.
TEST(Count, TakesLinearTimeForOneEndlessWord) {
    const auto started = std::chrono::steady_clock::now();
    for (const encoding which : test::both) {
        EXPECT_EQ(count(which, std::string(1 << 20, 'a')), 131072);
        EXPECT_EQ(count(which, std::string(1 << 20, ' ')), 8192);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds{20});
}

}  // namespace
}  // namespace weir::token
