// The files in conf/: what users start from must load.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "config/fixtures.hpp"

namespace {

using namespace weir;
using namespace weir::config;

const std::string shipped = WEIR_SOURCE_DIR "/conf/";

/// Every variable is set, to something that tells it apart.
const environment all_set = [](std::string_view name) { return std::optional{"value-of-" + std::string{name}}; };

std::vector<std::string> conf_files() {
    std::vector<std::string> files{shipped + "weir.yaml"};
    for (const auto& entry : std::filesystem::directory_iterator{shipped + "examples"})
        if (entry.is_regular_file()) files.push_back(entry.path().string());
    return files;
}

loaded load_shipped(const std::string& path) {
    // A resource's name becomes a host name, where '_' and capitals would be odd but are allowed.
    return load(path, all_set);
}

const usage::model_price& price_of(const usage::price_book& book, std::string_view model) {
    const usage::model_price* const found = book.find(model);
    EXPECT_NE(found, nullptr) << model;
    static const usage::model_price none;
    return found == nullptr ? none : *found;
}

}  // namespace

TEST(ShippedFiles, LoadWithoutAFault) {
    const auto files = conf_files();
    EXPECT_GE(files.size(), 16u);
    for (const std::string& path : files) {
        SCOPED_TRACE(path);
        const loaded result = load_shipped(path);
        EXPECT_TRUE(result.value);
        EXPECT_TRUE(result.faults.empty()) << test::list_of(result.faults);
    }
}

TEST(ShippedFiles, NameTheirSchemaForEditors) {
    auto files = conf_files();
    files.push_back(WEIR_SOURCE_DIR "/deploy/docker/weir.yaml");
    for (const std::string& path : files) {
        const std::string text = test::file_text_of(path), word = "# yaml-language-server: $schema=";
        ASSERT_TRUE(text.starts_with(word)) << path;
        const auto schema = text.substr(word.size(), text.find('\n') - word.size());
        EXPECT_TRUE(std::filesystem::exists(std::filesystem::path{path}.parent_path() / schema)) << path << ": " << schema;
    }
}

TEST(ShippedFiles, NameTheVariablesTheyNeed) {
    const std::regex reference{R"(\$\{([A-Z_]+)\})"};
    for (const std::string& path : conf_files()) {
        SCOPED_TRACE(path);
        const std::string text = test::file_text_of(path);
        const std::string head = text.substr(0, text.find("listeners:"));
        for (std::sregex_iterator it{text.begin(), text.end(), reference}, end; it != end; ++it) {
            const std::string name = (*it)[1];
            if (name == "NAME" || name.starts_with("WEIR_KEY") || name == "WEIR_ADMIN_TOKEN") continue;  // made up by who runs weir
            EXPECT_NE(head.find(name), std::string::npos) << name;
        }
    }
}

TEST(ShippedFiles, HavePricesForTheModelsOfTheirComments) {
    const loaded result = load_shipped(shipped + "weir.yaml");
    ASSERT_TRUE(result.value);
    EXPECT_GE(result.value->prices.rows().size(), 60u);
    const usage::price_book& book = result.value->prices;
    for (const char* model : {"gpt-3.5-turbo",
                              "gpt-4o",
                              "gpt-4o-mini",
                              "gpt-4.1",
                              "gpt-5",
                              "gpt-5.1",
                              "o3",
                              "o4-mini",
                              "text-embedding-3-small",
                              "gpt-4o-audio-preview",
                              "gpt-image-1",
                              "claude-3-7-sonnet-20250219",
                              "claude-sonnet-4-5",
                              "claude-opus-4-5",
                              "gemini-2.0-flash",
                              "gemini-2.5-pro",
                              "gemini-3-pro-preview",
                              "deepseek-chat",
                              "deepseek-reasoner",
                              "qwen-plus",
                              "qwen3-max",
                              "mistral-large-latest",
                              "codestral-latest",
                              "llama-3.3-70b-versatile",
                              "openai/gpt-oss-120b",
                              "grok-4",
                              "kimi-k2.5"})
        EXPECT_NE(book.find(model), nullptr) << model;
}

TEST(ShippedFiles, PriceAsTheirSourceDoes) {
    const loaded result = load_shipped(shipped + "weir.yaml");
    ASSERT_TRUE(result.value);
    const usage::price_book& book = result.value->prices;
    EXPECT_EQ(price_of(book, "gpt-4o").price.input, 2'500'000);
    EXPECT_EQ(price_of(book, "gpt-4o").price.cached_input, 1'250'000);
    EXPECT_EQ(price_of(book, "gpt-4o").price.output, 10'000'000);
    EXPECT_EQ(price_of(book, "text-embedding-3-small").price.input, 20'000);
    EXPECT_EQ(price_of(book, "gpt-image-1").price.image_output, 40'000'000);
    const auto& sonnet = price_of(book, "claude-sonnet-4-5");
    EXPECT_EQ(sonnet.price.cache_write_1h, 6'000'000);
    ASSERT_EQ(sonnet.tiers.size(), 1u);
    EXPECT_EQ(sonnet.tiers[0].above, 200'000);
    EXPECT_EQ(sonnet.tiers[0].price.output, 22'500'000);
    EXPECT_EQ(price_of(book, "deepseek-v4-pro").price.cached_input, 3625) << "the finest figure of the file";
}

// A slip of the keyboard shows as a rate that is out of all proportion.
TEST(ShippedFiles, HaveNoPriceThatCannotBe) {
    const loaded result = load_shipped(shipped + "weir.yaml");
    ASSERT_TRUE(result.value);
    constexpr usage::picousd dearest = 700'000'000;
    for (const usage::model_price& row : result.value->prices.rows()) {
        SCOPED_TRACE(row.pattern);
        EXPECT_LE(row.price.input, dearest);
        EXPECT_LE(row.price.output, dearest);
        EXPECT_LE(row.price.cached_input, row.price.input);
        for (const usage::tier& tier : row.tiers) {
            EXPECT_GE(tier.price.input, row.price.input);
            EXPECT_GE(tier.price.output, row.price.output);
        }
    }
}

// Keys with budgets refuse what has no price: what the usual clients call beside chat must have one, and what is free says so.
TEST(ShippedFiles, HavePricesForWhatIsNotChargedByTheToken) {
    const loaded result = load_shipped(shipped + "weir.yaml");
    ASSERT_TRUE(result.value);
    for (const char* model : {"whisper-1", "tts-1", "tts-1-hd", "dall-e-2", "dall-e-3", "sora-2", "sora-2-pro", "rerank-v3.5"})
        EXPECT_GT(price_of(result.value->prices, model).per_request, 0) << model;
    const auto& moderation = price_of(result.value->prices, "omni-moderation-latest");
    EXPECT_EQ(usage::cost_of(moderation, {.input = 1000, .output = 1000}), 0);
    EXPECT_EQ(price_of(result.value->prices, "models/gemini-2.5-pro").pattern, "gemini-2.5-pro");
}
