// What the mock says, without a socket.
#include "mock/answer.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace mock = weir::mock;

namespace {

mock::answer ask(std::string_view target, std::string_view body, const mock::script& how = {}) {
    return mock::answer_to({"POST", target, "application/json", body}, how, {"m"}, 1);
}

std::string joined(const mock::answer& what) {
    return std::accumulate(what.events.begin(), what.events.end(), std::string{},
                           [](std::string all, const mock::event& e) { return all + e.bytes; });
}

std::size_t count_in(const std::string& text, std::string_view what) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
}

constexpr const char* question = R"({"model":"m","messages":[{"role":"user","content":"one two three"}],"stream":true})";

}  // namespace

TEST(Answer, CutsTextIntoWordsThatAddUpToIt) {
    const std::string text = "  one two\n\nthree — 你好 ";
    const auto words = mock::words_of(text);
    EXPECT_EQ(std::accumulate(words.begin(), words.end(), std::string{}), text);
    EXPECT_EQ(mock::tokens_of("one two three"), 3);
    EXPECT_EQ(mock::tokens_of("a-word-of-twenty-bytes"), 1 + 3);
    EXPECT_EQ(mock::tokens_of(""), 0);
}

TEST(Answer, StreamsAChatWithItsRoleFirstAndDoneLast) {
    const auto said = ask("/v1/chat/completions", question);
    ASSERT_GT(said.events.size(), 10u);
    EXPECT_TRUE(said.stream);
    EXPECT_NE(said.events.front().bytes.find(R"("role":"assistant")"), std::string::npos);
    EXPECT_EQ(said.events.back().bytes, "data: [DONE]\n\n");
    EXPECT_NE(said.events[said.events.size() - 2].bytes.find(R"("finish_reason":"stop")"), std::string::npos);
    EXPECT_EQ(count_in(joined(said), "\"usage\""), 0u);
    EXPECT_EQ(said.usage.prompt, 3);
}

TEST(Answer, ReportsUsageOfAStreamOnlyWhenAsked) {
    const auto said = ask("/chat/completions", R"({"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}})");
    const auto& last = said.events[said.events.size() - 2].bytes;
    EXPECT_NE(last.find(R"("choices":[])"), std::string::npos);
    EXPECT_NE(last.find("\"completion_tokens\":" + std::to_string(said.usage.completion)), std::string::npos);
    EXPECT_EQ(count_in(joined(said), "\"usage\":null"), said.events.size() - 2);
}

TEST(Answer, CountsAsManyTokensAsItStreams) {
    const auto said = ask("/v1/chat/completions", question, {.words = 40});
    EXPECT_EQ(said.events.size(), 40u + 3u);
    EXPECT_GE(said.usage.completion, 40);
}

TEST(Answer, StopsAtTheRequestsLimit) {
    const auto said = ask("/v1/chat/completions", R"({"model":"m","messages":[],"max_tokens":5})");
    EXPECT_LE(said.usage.completion, 5);
    EXPECT_NE(joined(said).find(R"("finish_reason":"length")"), std::string::npos);
}

TEST(Answer, CallsTheFirstToolThatIsOffered) {
    const std::string tools =
        R"("tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}])";
    const auto unary = ask("/v1/chat/completions", R"({"model":"m","messages":[],)" + tools + "}");
    EXPECT_NE(joined(unary).find(R"("name":"weather")"), std::string::npos);
    EXPECT_NE(joined(unary).find(R"("finish_reason":"tool_calls")"), std::string::npos);
    const auto stream = ask("/v1/chat/completions", R"({"model":"m","messages":[],"stream":true,)" + tools + "}");
    EXPECT_GT(count_in(joined(stream), "\"arguments\""), 2u);
    const auto after = ask("/v1/chat/completions", R"({"model":"m","messages":[{"role":"tool","content":"rain"}],)" + tools + "}");
    EXPECT_EQ(joined(after).find("tool_calls"), std::string::npos);
    const auto others =
        ask("/v1/messages", R"({"model":"m","messages":[{"role":"user","content":[{"type":"tool_result","content":"rain"}]}],)" + tools + "}");
    EXPECT_EQ(joined(others).find("tool_use"), std::string::npos);
}

TEST(Answer, SpeaksResponsesFromCreatedToCompleted) {
    const auto said = ask("/v1/responses", R"({"model":"m","input":"one two","stream":true})");
    EXPECT_TRUE(said.events.front().bytes.starts_with("event: response.created\n"));
    EXPECT_TRUE(said.events.back().bytes.starts_with("event: response.completed\n"));
    EXPECT_NE(said.events.back().bytes.find("\"output_tokens\":" + std::to_string(said.usage.completion)), std::string::npos);
    for (std::size_t i = 0; i < said.events.size(); ++i)
        EXPECT_NE(said.events[i].bytes.find("\"sequence_number\":" + std::to_string(i) + ","), std::string::npos) << said.events[i].bytes;
}

TEST(Answer, SpeaksAnthropicFromMessageStartToMessageStop) {
    const auto said = ask("/v1/messages", R"({"model":"m","max_tokens":999,"messages":[{"role":"user","content":"one two"}],"stream":true})");
    EXPECT_TRUE(said.events.front().bytes.starts_with("event: message_start\n"));
    EXPECT_TRUE(said.events.back().bytes.starts_with("event: message_stop\n"));
    EXPECT_EQ(count_in(joined(said), "event: ping\n"), 1u);
    EXPECT_NE(joined(said).find("\"output_tokens\":" + std::to_string(said.usage.completion)), std::string::npos);
}

TEST(Answer, ThinksAloudWhenAnthropicIsAskedTo) {
    const auto body = [](const char* more) {
        return R"({"model":"m","max_tokens":999,"thinking":{"type":"enabled","budget_tokens":9},"messages":[])" + std::string{more} + "}";
    };
    const auto whole = joined(ask("/v1/messages", body("")));
    EXPECT_LT(whole.find(R"("type":"thinking")"), whole.find(R"("type":"text")"));
    const auto said = ask("/v1/messages", body(R"(,"stream":true)"));
    EXPECT_EQ(count_in(joined(said), "event: content_block_start\n"), 2u);
    EXPECT_EQ(count_in(joined(said), "signature_delta"), 1u);
    EXPECT_GT(said.usage.reasoning, 0);
}

TEST(Answer, CountsPromptsInEveryDialect) {
    EXPECT_EQ(joined(ask("/v1/messages/count_tokens", R"({"messages":[{"content":"a b c"}]})")), R"({"input_tokens":3})");
    EXPECT_EQ(joined(ask("/v1beta/models/g:countTokens", R"({"contents":[{"parts":[{"text":"a b c"}]}]})")), R"({"totalTokens":3})");
    EXPECT_NE(joined(ask("/v1/responses/input_tokens", R"({"input":"a b c"})")).find("\"input_tokens\":3"), std::string::npos);
}

TEST(Answer, SpeaksGeminiWithTheModelFromThePath) {
    const auto said = ask("/v1beta/models/gemini-x:streamGenerateContent?alt=sse", R"({"contents":[{"parts":[{"text":"hi"}]}]})");
    EXPECT_EQ(said.model, "gemini-x");
    EXPECT_NE(said.events.back().bytes.find(R"("finishReason":"STOP")"), std::string::npos);
}

TEST(Answer, EmbedsTheSameTextTheSameWay) {
    const auto once = ask("/v1/embeddings", R"({"model":"m","input":["a b","c"],"dimensions":3})");
    const auto again = ask("/v1/embeddings", R"({"model":"m","input":["a b","c"],"dimensions":3})");
    EXPECT_EQ(joined(once), joined(again));
    EXPECT_EQ(once.usage.prompt, 3);
    EXPECT_NE(joined(ask("/v1/embeddings", R"({"model":"m","input":"x","encoding_format":"base64"})")).find("\"embedding\":\""), std::string::npos);
}

TEST(Answer, RefusesWhatIsNotJsonInTheDialectsShape) {
    EXPECT_EQ(ask("/v1/chat/completions", "nope").status, 400);
    EXPECT_TRUE(joined(ask("/v1/messages", "[]")).starts_with(R"({"type":"error")"));
}

TEST(Answer, EndsWithAnErrorEventWhenToldTo) {
    const auto first = ask("/v1/chat/completions", question, {.error_event = 0});
    ASSERT_EQ(first.events.size(), 1u);
    EXPECT_TRUE(first.events[0].bytes.starts_with(R"(data: {"error")"));
    const auto later = ask("/v1/messages", question, {.error_event = 4});
    ASSERT_EQ(later.events.size(), 5u);
    EXPECT_TRUE(later.events[4].bytes.starts_with("event: error\n"));
}

TEST(Answer, FindsTheModelInMultipartForms) {
    const std::string body = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b--\r\n";
    EXPECT_EQ(mock::model_of({"POST", "/v1/audio/transcriptions", "multipart/form-data; boundary=b", body}), "whisper-1");
}

TEST(Answer, CallsSeveralFunctionsAtOnceAndThinksBefore) {
    const std::string flat = R"({"name":"a","parameters":{}},{"name":"b","parameters":{}})";
    const mock::script how{.calls = 2, .think = true};
    for (const std::string stream : {"false", "true"}) {
        const auto of = [&](std::string_view target, const std::string& tools) {
            return joined(ask(target, R"({"model":"m","messages":[],"stream":)" + stream + R"(,"tools":[)" + tools + "]}", how));
        };
        const auto chat = of("/v1/chat/completions", R"({"function":{"name":"a"}},{"function":{"name":"b"}})");
        const auto responses = of("/v1/responses", flat);
        const auto messages = of("/v1/messages", flat);
        const auto gemini = of(stream == "true" ? "/v1beta/models/m:streamGenerateContent" : "/v1beta/models/m:generateContent",
                               R"({"functionDeclarations":[)" + flat + "]}");
        for (const auto& each : {chat, responses, messages, gemini})
            for (const auto* name : {R"("name":"a")", R"("name":"b")"}) EXPECT_NE(each.find(name), std::string::npos) << each;
        EXPECT_NE(chat.find("reasoning_content"), std::string::npos) << chat;
        EXPECT_NE(responses.find("encrypted_content"), std::string::npos) << responses;
        EXPECT_NE(messages.find("signature"), std::string::npos) << messages;
        EXPECT_EQ(count_in(gemini, "thoughtSignature"), 1u) << gemini;
    }
}
