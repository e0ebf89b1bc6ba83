// What providers say when a prompt is too long for the model, and what only looks like it.
#include "dialect/context_limit.hpp"

#include <gtest/gtest.h>

#include <string>

#include "dialect/read/answer.hpp"

namespace {

using namespace weir::dialect;

bool overflows(endpoint e, std::string body) {
    const auto size = body.size();
    body.append(64, '\0');
    const auto facts = read_unary(e, body.data(), size);
    return is_context_overflow(facts.error_code, facts.error_message);
}

TEST(ContextLimit, IsSeenInEachDialectsOwnWords) {
    EXPECT_TRUE(overflows(
        endpoint::chat_completions,
        R"({"error":{"message":"Your input exceeds the context window.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}})"));
    EXPECT_TRUE(overflows(
        endpoint::chat_completions,
        R"({"error":{"message":"This model's maximum context length is 65536 tokens. However, you requested 70000.","type":"invalid_request_error","param":null,"code":"invalid_request_error"}})"));
    EXPECT_TRUE(
        overflows(endpoint::messages,
                  R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}})"));
    EXPECT_TRUE(overflows(
        endpoint::messages,
        R"({"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"}})"));
    EXPECT_TRUE(overflows(
        endpoint::gemini_generate,
        R"({"error":{"code":400,"message":"The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}})"));
}

TEST(ContextLimit, IsNotSeenInOtherMistakes) {
    EXPECT_FALSE(
        overflows(endpoint::chat_completions,
                  R"({"error":{"message":"Unknown parameter: 'maximum'.","type":"invalid_request_error","param":null,"code":"unknown_parameter"}})"));
    EXPECT_FALSE(overflows(
        endpoint::messages,
        R"({"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: 9000 > 8192, which is the maximum allowed number of output tokens"}})"));
    EXPECT_FALSE(overflows(endpoint::gemini_generate, R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}})"));
    EXPECT_FALSE(overflows(endpoint::chat_completions, "<html>too long</html>"));
    EXPECT_FALSE(is_context_overflow("", ""));
}

}  // namespace
