#include "dialect/read/usage_report.hpp"

#include <gtest/gtest.h>

#include <string>

#include "dialect/read/answer.hpp"

using namespace weir;
using namespace weir::dialect;
using usage::counts;

namespace {

counts of(endpoint e, const std::string& report) {
    const std::string body = std::string{dialect_of(e) == kind::gemini ? R"({"usageMetadata":)" : R"({"usage":)"} + report + "}";
    const unary_facts facts = read_unary(e, body.data(), body.size());
    EXPECT_TRUE(facts.json) << body;
    EXPECT_TRUE(facts.has_usage) << body;
    return facts.usage;
}

constexpr auto chat = endpoint::chat_completions;

}  // namespace

TEST(UsageReport, SplitsOpenaisSums) {
    EXPECT_EQ(
        of(chat,
           R"({"prompt_tokens":100,"completion_tokens":40,"total_tokens":140,"prompt_tokens_details":{"cached_tokens":64,"cache_write_tokens":10,)"
           R"("audio_tokens":6},"completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":4,"accepted_prediction_tokens":1}})"),
        (counts{.input = 20, .cached_input = 64, .cache_write = 10, .output = 6, .reasoning = 30, .audio_input = 6, .audio_output = 4}));
}

TEST(UsageReport, ReadsDeepseeksCacheHits) {
    EXPECT_EQ(of(chat, R"({"prompt_tokens":100,"completion_tokens":4,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36})"),
              (counts{.input = 36, .cached_input = 64, .output = 4}));
    EXPECT_EQ(of(chat, R"({"completion_tokens":4,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36})"),
              (counts{.input = 36, .cached_input = 64, .output = 4}));
}

TEST(UsageReport, AddsReasoningThatStandsBesideTheCompletion) {
    EXPECT_EQ(of(chat, R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,"completion_tokens_details":{"reasoning_tokens":100}})"),
              (counts{.input = 10, .output = 5, .reasoning = 100}));
}

TEST(UsageReport, NeverGetsNegativeFromNumbersThatContradict) {
    EXPECT_EQ(of(chat, R"({"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":50,"audio_tokens":9},)"
                       R"("completion_tokens_details":{"reasoning_tokens":99,"audio_tokens":-3}})"),
              (counts{.cached_input = 10, .reasoning = 5}));
    EXPECT_EQ(of(chat, R"({"prompt_tokens":-10,"completion_tokens":3})"), (counts{.output = 3}));
    EXPECT_EQ(of(endpoint::gemini_generate, R"({"promptTokenCount":1,"cachedContentTokenCount":7})"), (counts{.cached_input = 1}));
    EXPECT_EQ(of(endpoint::messages, R"({"input_tokens":1,"cache_creation_input_tokens":3,"cache_creation":{"ephemeral_1h_input_tokens":9}})"),
              (counts{.input = 1, .cache_write = 9, .cache_write_1h = 9}));
}

TEST(UsageReport, ReadsTheOtherEndpoints) {
    EXPECT_EQ(of(endpoint::embeddings, R"({"prompt_tokens":8,"total_tokens":8})"), (counts{.input = 8}));
    EXPECT_EQ(of(endpoint::embeddings, R"({"total_tokens":8})"), (counts{.input = 8}));
    EXPECT_EQ(
        of(endpoint::images_generations, R"({"input_tokens":50,"output_tokens":100,"total_tokens":150,"input_tokens_details":{"text_tokens":10}})"),
        (counts{.input = 50, .image_output = 100}));
    EXPECT_EQ(of(endpoint::images_edits, R"({"input_tokens":50,"output_tokens":100,"output_tokens_details":{"image_tokens":90,"text_tokens":10}})"),
              (counts{.input = 50, .output = 10, .image_output = 90}));
    EXPECT_EQ(of(endpoint::audio_transcriptions, R"({"type":"duration","seconds":9})"), (counts{}));
    EXPECT_EQ(
        of(endpoint::audio_transcriptions, R"({"type":"tokens","input_tokens":14,"input_token_details":{"audio_tokens":14},"output_tokens":45})"),
        (counts{.output = 45, .audio_input = 14}));
    EXPECT_EQ(of(endpoint::responses, R"({"input_tokens":9,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},"output_tokens":3})"),
              (counts{.input = 3, .cached_input = 4, .cache_write = 2, .output = 3}));
}

TEST(UsageReport, ReadsGeminisModalities) {
    EXPECT_EQ(of(endpoint::gemini_generate,
                 R"({"promptTokenCount":30,"candidatesTokenCount":1300,"promptTokensDetails":[{"modality":"TEXT","tokenCount":10},)"
                 R"({"modality":"AUDIO","tokenCount":20}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]})"),
              (counts{.input = 10, .output = 10, .audio_input = 20, .image_output = 1290}));
}

TEST(UsageReport, IsNoReportWithoutNumbersThatARequestCanHave) {
    for (const char* body :
         {R"({"usage":null})", R"({"usage":{}})", R"({"usage":[]})", R"({"usage":{"foo":1}})",
          R"({"usage":{"prompt_tokens":7,"completion_tokens":1000000000001}})", R"({"usage":{"prompt_tokens":7,"completion_tokens":1e30}})",
          R"({"usage":{"prompt_tokens":9223372036854775807,"completion_tokens":1}})", R"({"usage":{"prompt_tokens":null}})",
          R"({"usage":{"prompt_tokens":"7"}})", "{}", R"({"data":{"usage":{"prompt_tokens":7}}})"}) {
        EXPECT_FALSE(read_unary(chat, body, std::string_view{body}.size()).has_usage) << body;
    }
}

TEST(UsageReport, BelievesGeminisModalitiesOnlyInSum) {
    const std::string most = R"({"modality":"AUDIO","tokenCount":1000000000000})";
    for (const std::string& details : {most + "," + most, std::string{R"({"modality":"AUDIO","tokenCount":9223372036854775807})"}}) {
        const std::string body = R"({"usageMetadata":{"promptTokenCount":1,"promptTokensDetails":[)" + details + "]}}";
        EXPECT_FALSE(read_unary(endpoint::gemini_generate, body.data(), body.size()).has_usage) << body;
    }
}

TEST(UsageReport, TakesCachedAudioOutOfTheAudio) {
    EXPECT_EQ(of(endpoint::realtime,
                 R"({"input_tokens":120,"output_tokens":40,"input_token_details":{"text_tokens":50,"audio_tokens":70,"cached_tokens":60,)"
                 R"("cached_tokens_details":{"text_tokens":20,"audio_tokens":40}},"output_token_details":{"text_tokens":10,"audio_tokens":30}})"),
              (counts{.input = 30, .cached_input = 60, .output = 10, .audio_input = 30, .audio_output = 30}));
}
