#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/fixtures.hpp"

namespace {

using namespace weir;
using namespace weir::config;
using testing::HasSubstr;

usage::model_price one_price(const std::string& body) {
    const loaded_prices result = load_prices_text("models:\n  m: " + body + "\n", "prices.yaml");
    EXPECT_TRUE(result.faults.empty()) << test::list_of(result.faults);
    return result.rows.empty() ? usage::model_price{} : result.rows[0];
}

}  // namespace

TEST(PricesFile, FillsWhatIsNotNamedFromItsKind) {
    EXPECT_EQ(one_price("{input: 2.50, output: 10}").price, (usage::rates{.input = 2'500'000,
                                                                          .cached_input = 2'500'000,
                                                                          .cache_write = 2'500'000,
                                                                          .cache_write_1h = 2'500'000,
                                                                          .output = 10'000'000,
                                                                          .reasoning = 10'000'000,
                                                                          .audio_input = 2'500'000,
                                                                          .audio_output = 10'000'000,
                                                                          .image_output = 10'000'000}));
    EXPECT_EQ(one_price("{input: 3, cache_write: 3.75}").price.cache_write_1h, 3'750'000);
    EXPECT_EQ(one_price("{input: 3, output: 1, reasoning: 0}").price.reasoning, 0);
    EXPECT_EQ(one_price("{input: 0.02}").price.output, 0);
}

TEST(PricesFile, FillsATierFromItselfAndThenFromTheBase) {
    const auto price = one_price(
        "{input: 3, cached_input: 0.3, cache_write: 3.75, cache_write_1h: 6, output: 15, tiers: "
        "[{above: 500000, output: 30}, {above: 200000, input: 6, cache_write: 7.5}]}");
    ASSERT_EQ(price.tiers.size(), 2u);
    EXPECT_EQ(price.tiers[0].above, 200'000) << "sorted";
    EXPECT_EQ(price.tiers[0].price.cached_input, 6'000'000) << "the tier's own input";
    EXPECT_EQ(price.tiers[0].price.cache_write_1h, 7'500'000) << "the tier's own cache_write";
    EXPECT_EQ(price.tiers[0].price.output, 15'000'000) << "the base's";
    EXPECT_EQ(price.tiers[1].price.cached_input, 300'000) << "the base's, as the tier names no input";
    EXPECT_EQ(price.tiers[1].price.reasoning, 30'000'000);
}

TEST(PricesFile, IsExactToTheLastDigit) {
    EXPECT_EQ(one_price("{input: 0.003625}").price.input, 3625);
    EXPECT_EQ(one_price("{input: 0.1}").price.input, 100'000);
    EXPECT_EQ(one_price("{input: 0.3}").price.input, 300'000);
    EXPECT_EQ(one_price("{per_request: 0.000000001}").per_request, 1);
}

TEST(PricesFile, KeepsResellersApart) {
    const auto result = load_prices_text("models: {a: {input: 1}}\nupstreams: {eu: {a: {input: 2}, 'b*': {input: 3}}}\n", "prices.yaml");
    ASSERT_EQ(result.rows.size(), 3u);
    EXPECT_EQ(result.rows[0].upstream, "");
    EXPECT_EQ(result.rows[1].upstream, "eu");
    EXPECT_EQ(result.rows[2].pattern, "b*");
}

TEST(PricesFile, ReportsItsFaultsAtTheirPlaces) {
    struct {
        const char *text, *message;
        int line, column;
    } const rows[] = {
        {"models:\n  a: {inputs: 1}\n", "unknown key 'inputs' in a price; did you mean 'input'?", 2, 7},
        {"models:\n  a: {input: -1}\n", "must not be negative", 2, 14},
        {"models:\n  a: {input: 1e+3}\n", "is not a decimal number", 2, 14},
        {"models:\n  a: {input: 1e-05}\n", "prices are USD per million tokens; did you mean '10'?", 2, 14},
        {"models:\n  a: {input: 0.0000025}\n", "prices are USD per million tokens; did you mean '2.5'?", 2, 14},
        {"models:\n  a: {input: 0.000003}\n", "prices are USD per million tokens; did you mean '3'?", 2, 14},
        {"models:\n  a: {input: 2.0000001}\n", "more than 6 digits", 2, 14},
        {"models:\n  a: {input: 1}\n  a: {input: 2}\n", "duplicate key 'a'", 3, 3},
        {"models:\n  a: {}\n", "names no price", 2, 3},
        {"models:\n  a:\n", "names no price", 2, 3},
        {"models:\n  a: 5\n", "expected a price (a map)", 2, 6},
        {"models:\n  'a b': {input: 1}\n", "neither a model name nor a pattern", 2, 3},
        {"models:\n  a: {input: 1, tiers: [{input: 2}]}\n", "a tier needs 'above'", 2, 25},
        {"models:\n  a: {input: 1, tiers: [{above: 5}, {above: 5}]}\n", "another tier", 2, 45},
        {"model: {}\n", "did you mean 'models'?", 1, 1},
        {"models: [a]\n", "expected a map, found a list", 1, 9},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        const auto result = load_prices_text(row.text, "prices.yaml");
        ASSERT_EQ(result.faults.size(), 1u) << test::list_of(result.faults);
        EXPECT_THAT(result.faults[0].message, HasSubstr(row.message));
        EXPECT_EQ(result.faults[0].line, row.line);
        EXPECT_EQ(result.faults[0].column, row.column);
    }
}

TEST(PricesFile, IsNamedInItsOwnFaults) {
    const test::folder folder;
    const std::string prices = folder.write("money/prices.yaml", "models:\n  gpt-4o: {input: free}\n");
    const std::string path = folder.write("weir.yaml",
                                          "workers: none\nlisteners: [{address: 'a:1'}]\npools: {p: {upstreams: [{url: "
                                          "'http://u'}]}}\nprices: money/prices.yaml\n");
    const loaded result = load(path, test::environment_of({}));
    ASSERT_EQ(result.faults.size(), 2u) << test::list_of(result.faults);
    EXPECT_EQ(result.faults[0].file, path) << "the conf's own come first";
    EXPECT_EQ(to_string(result.faults[1]), prices + ":2:19: error: input: 'free' is not a decimal number like 2.50");
}

TEST(PricesFile, WarnsOfModelsWithoutAPrice) {
    const test::folder folder;
    folder.write("prices.yaml",
                 "models:\n  gpt-4o: {input: 1}\n  new-name: {input: 1}\nupstreams:\n  eu: {o3: {input: 1}}\n  ue: {x: "
                 "{input: 1}}\n");
    const std::string path =
        folder.write("weir.yaml",
                     "listeners: [{address: 'a:1'}]\npools: {p: {upstreams: [{name: eu, url: 'http://u'}]}}\nprices: prices.yaml\n"
                     "routes:\n  - {models: [gpt-4o, 'gpt-4*', o3, o4, old-name, 'x-*'], pool: p, rename: {old-name: new-name}}\n");
    const loaded result = load(path, test::environment_of({}));
    ASSERT_TRUE(result.value) << test::list_of(result.faults);
    ASSERT_EQ(result.faults.size(), 3u) << test::list_of(result.faults);
    EXPECT_THAT(result.faults[0].message, HasSubstr("'o4' has no price"));
    EXPECT_THAT(result.faults[1].message, HasSubstr("'x-*' has no price"));
    EXPECT_THAT(result.faults[2].message, HasSubstr("no pool has an upstream 'ue'"));
}
