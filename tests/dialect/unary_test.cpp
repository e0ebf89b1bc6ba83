#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dialect/read/answer.hpp"

using namespace weir;
using namespace weir::dialect;

namespace {

unary_facts read(endpoint e, std::string_view body) {
    const std::vector<char> exact(body.begin(), body.end());
    return read_unary(e, exact.data(), exact.size());
}

}  // namespace

TEST(Unary, ReadsModelAndUsage) {
    const unary_facts facts =
        read(endpoint::chat_completions, R"({"id":"c","object":"chat.completion","model":"gpt-4o-2024-11-20","choices":[{"message":)"
                                         R"({"content":"\"usage\":{\"prompt_tokens\":9}"}}],"usage":{"prompt_tokens":3,"completion_tokens":4}})");
    EXPECT_TRUE(facts.json);
    EXPECT_FALSE(facts.error);
    EXPECT_EQ(facts.served_model, "gpt-4o-2024-11-20");
    EXPECT_EQ(facts.usage, (usage::counts{.input = 3, .output = 4}));
}

TEST(Unary, KnowsTheShapesOfErrors) {
    const struct {
        endpoint e;
        const char* body;
        const char* code;
        const char* message;
    } rows[] = {
        {endpoint::chat_completions, R"({"error":{"message":"m","type":"insufficient_quota","param":null,"code":"insufficient_quota"}})",
         "insufficient_quota", "m"},
        {endpoint::chat_completions, R"({"error":{"message":"m","type":"invalid_request_error","code":""}})", "invalid_request_error", "m"},
        {endpoint::chat_completions, R"({"error":"m"})", "", "m"},
        {endpoint::chat_completions, R"({"object":"error","message":"m","type":"BadRequestError","code":404})", "404", "m"},
        {endpoint::chat_completions, R"({"detail":"m"})", "", "m"},
        {endpoint::responses, R"({"id":"r","status":"failed","error":{"code":"server_error","message":"m"}})", "server_error", "m"},
        {endpoint::messages, R"({"type":"error","error":{"type":"overloaded_error","message":"m"},"request_id":"r"})", "overloaded_error", "m"},
        {endpoint::gemini_generate, R"({"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[]}})", "RESOURCE_EXHAUSTED", "m"},
        {endpoint::gemini_stream_generate, R"([{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}])", "INVALID_ARGUMENT", "m"},
    };
    for (const auto& row : rows) {
        const unary_facts facts = read(row.e, row.body);
        EXPECT_TRUE(facts.json && facts.error) << row.body;
        EXPECT_EQ(facts.error_code, row.code) << row.body;
        EXPECT_EQ(facts.error_message, row.message) << row.body;
    }
    for (const char* body : {R"({"error":null,"id":"r"})", R"({"id":"x","detail":"high"})", R"({"object":"list","data":[]})", "[]", "1"})
        EXPECT_FALSE(read(endpoint::responses, body).error) << body;
}

TEST(Unary, TakesTheLastReportOfAnArrayOfAnswers) {
    const unary_facts facts =
        read(endpoint::gemini_stream_generate,
             R"([{"usageMetadata":{"promptTokenCount":5}},{"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2},"modelVersion":"g"}])");
    EXPECT_EQ(facts.usage, (usage::counts{.input = 5, .output = 2}));
    EXPECT_EQ(facts.served_model, "g");
}

TEST(Unary, KnowsWhatIsNoJson) {
    for (const char* body : {"", "<html></html>", "{", "{}x", "{} {}", "[1,]", "nul", "{\"usage\":{\"prompt_tokens\":1}"})
        EXPECT_FALSE(read(endpoint::chat_completions, body).json) << body;
    for (const char* body : {"{}", "[]", "\"text\"", " 12 ", "null"}) EXPECT_TRUE(read(endpoint::chat_completions, body).json) << body;
}
