// Which model counts how, and which counts only nearly.
#include "token/encoding.hpp"

#include <gtest/gtest.h>

namespace weir::token {
namespace {

void expect(std::string_view model, encoding enc, bool exact) {
    SCOPED_TRACE(model);
    EXPECT_EQ(encoding_for(model).enc, enc);
    EXPECT_EQ(encoding_for(model).exact, exact);
}

TEST(Encoding, IsExactForTheModelsWhoseEncodingIsPublic) {
    for (const auto model : {"gpt-5", "gpt-5.1-codex-mini", "gpt-4.1", "gpt-4.1-nano", "gpt-4o", "gpt-4o-2024-05-13", "o1", "o1-pro", "o3-mini",
                             "o4-mini-2025-04-16", "chatgpt-4o-latest", "ft:gpt-4o-mini:org::id", "ft:gpt-4.1:org::id"})
        expect(model, encoding::o200k, true);
    for (const auto model : {"gpt-4", "gpt-4-0613", "gpt-4-turbo", "gpt-3.5-turbo", "gpt-35-turbo-16k", "text-embedding-3-large",
                             "text-embedding-ada-002", "davinci-002", "ft:gpt-3.5-turbo:org::id"})
        expect(model, encoding::cl100k, true);
    expect("gpt-oss-120b", encoding::o200k_harmony, true);
}

TEST(Encoding, LooksThroughAProvidersPrefix) {
    expect("openai/gpt-4o", encoding::o200k, true);
    expect("openrouter/openai/gpt-oss-20b:free", encoding::o200k_harmony, true);
    expect("azure/gpt-4", encoding::cl100k, true);
}

TEST(Encoding, IsNotExactForAnyOtherModel) {
    for (const auto model : {"claude-sonnet-4-5", "gemini-2.5-pro", "llama-3", "gpt", "o1x", "o5", "gpt-4omni", "", "/", "openai/"})
        expect(model, encoding::o200k, false);
    expect("text-davinci-003", encoding::cl100k, false);
}

TEST(Encoding, HasTiktokensNames) {
    EXPECT_EQ(name(encoding::cl100k), "cl100k_base");
    EXPECT_EQ(name(encoding::o200k), "o200k_base");
    EXPECT_EQ(name(encoding::o200k_harmony), "o200k_harmony");
}

}  // namespace
}  // namespace weir::token
