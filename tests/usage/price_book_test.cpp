#include "usage/price_book.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace {

using namespace weir::usage;

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

model_price priced(std::string pattern, picousd input, std::string upstream = {}) {
    model_price row;
    row.pattern = std::move(pattern);
    row.price.input = input;
    row.upstream = std::move(upstream);
    return row;
}

/// Sonnet's rates: every part has its own.
model_price sonnet() {
    model_price row;
    row.price = {.input = 3'000'000,
                 .cached_input = 300'000,
                 .cache_write = 3'750'000,
                 .cache_write_1h = 6'000'000,
                 .output = 15'000'000,
                 .reasoning = 16'000'000,
                 .audio_input = 17'000'000,
                 .audio_output = 18'000'000,
                 .image_output = 19'000'000};
    return row;
}

}  // namespace

TEST(CostOf, IsTheSumOfItsParts) {
    const counts used{.input = 1,
                      .cached_input = 2,
                      .cache_write = 7,
                      .cache_write_1h = 3,
                      .output = 4,
                      .reasoning = 5,
                      .audio_input = 6,
                      .audio_output = 8,
                      .image_output = 9};
    // In nano-dollars: 3 + 0.6 + 4 * 3.75 + 3 * 6 + 60 + 80 + 102 + 144 + 171 = 593.6 thousand.
    EXPECT_EQ(cost_of(sonnet(), used), 593'600);
}

TEST(CostOf, MatchesAPublishedExample) {
    model_price gpt_4o;
    gpt_4o.price = {.input = 2'500'000, .cached_input = 1'250'000, .output = 10'000'000};
    const counts used{.input = 1000, .cached_input = 1024, .output = 500};
    EXPECT_EQ(cost_of(gpt_4o, used), 8'780'000);  // 0.0025 + 0.00128 + 0.005 USD
}

TEST(CostOf, RoundsHalfUpOnceAtTheEnd) {
    model_price row;
    row.price = {.input = 250, .output = 250};
    EXPECT_EQ(cost_of(row, {.input = 1}), 0);               // 0.25 nano-dollars
    EXPECT_EQ(cost_of(row, {.input = 1, .output = 1}), 1);  // 0.5: each part alone would round to 0
    EXPECT_EQ(cost_of(row, {.input = 5}), 1);               // 1.25
    EXPECT_EQ(cost_of(row, {.input = 6}), 2);               // 1.5
}

TEST(CostOf, AddsThePriceOfARequestAfterRounding) {
    model_price row = sonnet();
    row.per_request = 5;
    EXPECT_EQ(cost_of(row, {}), 5);
    EXPECT_EQ(cost_of(row, {.input = 1}), 3005);
}

TEST(CostOf, ChargesTheWholeRequestAtTheTierOfItsPrompt) {
    model_price row = sonnet();
    row.tiers = {{200'000, {.input = 6'000'000, .output = 22'500'000}}, {500'000, {.input = 9'000'000}}};
    EXPECT_EQ(cost_of(row, {.input = 200'000}), 200'000 * 3000ll);
    EXPECT_EQ(cost_of(row, {.input = 200'001, .output = 1}), 200'001 * 6000ll + 22'500);
    EXPECT_EQ(cost_of(row, {.input = 500'001}), 500'001 * 9000ll);
}

TEST(CostOf, CountsCachedAndAudioTokensIntoThePromptsTierButNotTheOutput) {
    model_price row;
    row.price = {.input = 1'000'000};
    row.tiers = {{100, {.input = 2'000'000}}};
    EXPECT_EQ(cost_of(row, {.input = 10, .cached_input = 30, .cache_write = 30, .output = 1000, .audio_input = 30}), 10'000);
    EXPECT_EQ(cost_of(row, {.input = 10, .cached_input = 31, .cache_write = 30, .audio_input = 30}), 20'000);
}

TEST(CostOf, NeverChargesMoreLongCacheWritesThanThereWereWrites) { EXPECT_EQ(cost_of(sonnet(), {.cache_write = 2, .cache_write_1h = 5}), 12'000); }

TEST(CostOf, SaturatesInsteadOfOverflowing) {
    model_price row = sonnet();
    row.price.input = row.price.output = row.price.reasoning = row.price.audio_output = most;
    EXPECT_EQ(cost_of(row, {.input = most, .output = most, .reasoning = most, .audio_output = most}), most);
    EXPECT_EQ(cost_of(row, {.input = -most, .output = -most, .reasoning = -most, .audio_output = -most}), std::numeric_limits<std::int64_t>::min());
}

TEST(PriceBook, PrefersTheUpstreamsOwnRow) {
    const price_book book{{priced("gpt-4o", 1), priced("gpt-4*", 2, "cheap")}};
    EXPECT_EQ(book.find("gpt-4o", "cheap")->price.input, 2);
    EXPECT_EQ(book.find("gpt-4o", "other")->price.input, 1);
    EXPECT_EQ(book.find("gpt-4o")->price.input, 1);
    EXPECT_EQ(book.find("gpt-4.1"), nullptr) << "another upstream's row must not leak";
}

TEST(PriceBook, FallsBackFromTheUpstreamsOwnToTheGeneral) {
    const price_book book{{priced("gpt-4o", 1), priced("o3", 2, "cheap")}};
    EXPECT_EQ(book.find("gpt-4o", "cheap")->price.input, 1);
}

TEST(PriceBook, PrefersANameToAnyGlob) {
    const price_book book{{priced("claude-sonnet-4-*", 1), priced("claude-sonnet-4-5", 2), priced("*", 3)}};
    EXPECT_EQ(book.find("claude-sonnet-4-5")->price.input, 2);
    EXPECT_EQ(book.find("claude-sonnet-4-6")->price.input, 1);
    EXPECT_EQ(book.find("x")->price.input, 3);
}

TEST(PriceBook, PrefersTheGlobWithTheMostLiteralCharacters) {
    const price_book book{{priced("gpt-*", 1), priced("gpt-4o-*", 2), priced("*-2024-11-20", 3), priced("gpt-????????", 4)}};
    EXPECT_EQ(book.find("gpt-4o-mini")->price.input, 2);
    EXPECT_EQ(book.find("gpt-4o-2024-11-20")->price.input, 3);
    EXPECT_EQ(book.find("gpt-5")->price.input, 1);
}

TEST(PriceBook, IsStillRightAfterBeingMoved) {
    price_book first{{priced("a", 1), priced("b*", 2)}};
    const price_book second = std::move(first);
    ASSERT_NE(second.find("bcd"), nullptr);
    EXPECT_EQ(second.find("bcd"), &second.rows()[1]);
    EXPECT_EQ(second.find("z"), nullptr);
    EXPECT_EQ(price_book{}.find("a"), nullptr);
}

// Providers and clients write `models/gemini-2.5-pro` and `mistralai/mistral-large` for what the price list calls by its last part.
TEST(PriceBook, LooksUpTheFullNameAndThenWhatStandsBehindTheLastSlash) {
    const price_book book{{priced("gemini-2.5-pro", 1), priced("models/special", 2), priced("special", 3), priced("vendor/*", 4),
                           priced("mine", 5, "reseller"), priced("mine", 6)}};
    const auto input = [&](std::string_view model, std::string_view upstream = {}) {
        const auto* found = book.find(model, upstream);
        return found ? found->price.input : -1;
    };
    EXPECT_EQ(input("models/gemini-2.5-pro"), 1);
    EXPECT_EQ(input("a/b/gemini-2.5-pro"), 1);
    EXPECT_EQ(input("models/special"), 2);
    EXPECT_EQ(input("other/special"), 3);
    EXPECT_EQ(input("vendor/special"), 4);
    EXPECT_EQ(input("x/mine", "reseller"), 5);
    EXPECT_EQ(input("x/mine", "another"), 6);
    EXPECT_EQ(input("models/unknown"), -1);
    EXPECT_EQ(input("gemini-2.5-pro/"), -1);
    EXPECT_EQ(input("/"), -1);
}

TEST(PriceBook, PricesWhatIsSentAndOnlyThenWhatWasAsked) {
    const price_book book{{priced("alias", 1), priced("real", 2), priced("real", 3, "reseller")}};
    EXPECT_EQ(book.find_sent("real", "alias", "any")->price.input, 2);
    EXPECT_EQ(book.find_sent("real", "alias", "reseller")->price.input, 3);
    EXPECT_EQ(book.find_sent("unknown", "alias", "any")->price.input, 1);
    EXPECT_EQ(book.find_sent("unknown", "unknown", "any"), nullptr);
    EXPECT_TRUE(book.has_own_prices());
    EXPECT_FALSE(price_book{{priced("a", 1)}}.has_own_prices());
}

TEST(CostOf, TakesThePriceOfARequestForEachOfItsAnswers) {
    model_price images = priced("image", 1'000'000);
    images.per_request = 40'000'000;
    EXPECT_EQ(cost_of(images, {.input = 10}), 40'000'000 + 10'000);
    EXPECT_EQ(cost_of(images, {.input = 10}, 3), 120'000'000 + 10'000);
    EXPECT_EQ(cost_of(images, {.input = 10}, 0), 40'000'000 + 10'000);
    images.per_request = most;
    EXPECT_EQ(cost_of(images, {}, most), most);
}

TEST(NeedsNoUsage, WhatIsPaidByTheRequestOrFree) {
    EXPECT_TRUE(needs_no_usage(priced("gratis", 0)));
    EXPECT_FALSE(needs_no_usage(priced("m", 1)));
    auto fee = priced("m", 1);
    fee.per_request = 1;
    EXPECT_TRUE(needs_no_usage(fee));
    auto dear_when_long = priced("m", 0);
    dear_when_long.tiers.push_back({100, {.input = 1}});
    EXPECT_FALSE(needs_no_usage(dear_when_long));
}
