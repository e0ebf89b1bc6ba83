// Names that a Go server takes for others.
#include "dialect/json/folded_name.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dialect/endpoint_table.hpp"
#include "dialect/request.hpp"

using namespace weir;
using namespace weir::dialect;

namespace {

core::error look(endpoint e, const std::string& body) {
    const std::vector<char> exact(body.begin(), body.end());
    request_facts facts;
    return inspect(e, exact.data(), exact.size(), facts);
}

std::string_view disguise(std::string_view key, const std::vector<std::string_view>& more = {}) { return name_in_disguise(key, more); }

}  // namespace

TEST(FoldedName, IsRefusedInStreamOptions) {
    for (const char* name : {"Include_Usage", "include_u\\u017fage"})
        EXPECT_EQ(look(endpoint::chat_completions,
                       R"({"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true,")" + std::string{name} + R"(":false}})")
                      .what,
                  core::code::bad_request)
            << name;
}

TEST(FoldedName, ComparesAsGosEncodingJsonDoes) {
    for (const char* key : {"model", "Model", "MODEL", "mOdEl"}) EXPECT_TRUE(folds_to(key, "model")) << key;
    EXPECT_TRUE(folds_to("\xC5\xBFtream", "stream")) << "U+017F is an s";
    EXPECT_TRUE(
        folds_to("me\xC5\xBF\xC5\xBF"
                 "ages",
                 "messages"));
    EXPECT_TRUE(folds_to("bac\xE2\x84\xAAground", "background")) << "U+212A is a k";
    EXPECT_TRUE(
        folds_to("maxOutputTo\xE2\x84\xAA"
                 "enS",
                 "maxOutputTokens"));
    for (const char* key : {"", "mode", "models",
                            "m\xC3\xB6"
                            "del",
                            "model ", "mode1", "\xC5\xBF", "mod\xE2\x84\xAA", "\xC4\xB0nput", "\xC5model"})
        EXPECT_FALSE(folds_to(key, "model")) << key;
}

TEST(FoldedName, SeesADisguiseAndNeverTheNameItself) {
    EXPECT_EQ(disguise("Model"), "model");
    EXPECT_EQ(disguise("model"), "");
    EXPECT_EQ(disguise("Max_Tokens", {"max_completion_tokens", "max_tokens"}), "max_tokens");
    EXPECT_EQ(disguise("Max_Tokens"), "");
    EXPECT_EQ(disguise("generationConfig", {"maxOutputTokens", "max_output_tokens"}), "");
    EXPECT_EQ(disguise("generationconfig"), "generationConfig");
    EXPECT_EQ(disguise("maxoutputtokens", {"maxOutputTokens", "max_output_tokens"}), "maxOutputTokens");
    for (const char* other : {"Temperature", "userId", "\xF0\x9F\x98\x80", "", "X"}) EXPECT_EQ(disguise(other), "") << other;
}

// Every endpoint whose body is read, with the name alone and beside the exact one, in every order, plain and escaped.
TEST(FoldedName, IsRefusedAtTheTopLevelOfEveryBodyThatIsRead) {
    const char* const disguises[] = {R"("Model")",       R"("MODEL")",       R"("\u004dodel")",   R"("mode\u004c")",        R"("Stream")",
                                     R"("\u017ftream")", R"("\u017FTREAM")", "\"\xC5\xBFtream\"", R"("Messages")",          R"("Input")",
                                     R"("N")",           R"("Deferred")",    R"("Service_Tier")", R"("web_search_Options")"};
    for (const auto& row : endpoint_rows) {
        if (row.body != body_form::json) continue;
        const std::string good = R"("model":"cheap","input":"a","messages":[])";
        const auto fine = look(row.id, "{" + good + "}");
        for (const char* name : disguises) {
            const std::string bad = std::string{name} + R"(:"dear")";
            for (const auto& body : {"{" + bad + "," + good + "}", "{" + good + "," + bad + "}", "{" + bad + "}"}) {
                const auto why = look(row.id, body);
                EXPECT_EQ(why.what, core::code::bad_request) << row.path << ' ' << body;
                EXPECT_LT(why.message.size(), 250u);
            }
            // Deeper down it is the client's own affair.
            const auto deep = look(row.id, "{" + good + R"(,"metadata":{)" + bad + "}}");
            EXPECT_EQ(deep.what, fine.what) << row.path << ' ' << name;
        }
    }
    EXPECT_EQ(look(endpoint::chat_completions, R"({"model":"m","messages":[],"Max_Tokens":9})").what, core::code::bad_request);
    EXPECT_EQ(look(endpoint::gemini_generate, R"({"contents":[],"GenerationConfig":{}})").what, core::code::bad_request);
    EXPECT_EQ(look(endpoint::gemini_generate, R"({"contents":[],"generationConfig":{"maxOutputTokens":1,"MaxOutputTokens":9}})").what,
              core::code::bad_request);
    EXPECT_EQ(look(endpoint::gemini_generate, R"({"contents":[],"generationConfig":{"maxoutputtokens":9}})").what, core::code::bad_request);
    EXPECT_FALSE(look(endpoint::gemini_generate, R"({"contents":[],"generation_config":{"max_output_tokens":9}})"));
}

// Large bodies are scanned in another way.
TEST(FoldedName, IsRefusedInLargeBodiesToo) {
    const std::string text(200'000, 'x');
    EXPECT_EQ(look(endpoint::chat_completions, R"({"model":"cheap","messages":[{"role":"user","content":")" + text + R"("}],"Model":"dear"})").what,
              core::code::bad_request);
}
