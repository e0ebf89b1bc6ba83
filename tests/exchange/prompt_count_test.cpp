// Tokens of whole requests and answers in every dialect, with frames and tools.
#include "exchange/meter/prompt_count.hpp"

#include <gtest/gtest.h>

#include "token/count.hpp"

namespace {

using namespace weir;
using exchange::count_answer;
using exchange::count_prompt;

constexpr auto o200k = token::encoding::o200k;
std::int64_t tokens(std::string_view text) { return token::count(o200k, text); }

TEST(PromptCount, AddsTheFrameOfAChat) {
    const auto got = count_prompt(
        o200k,
        R"({"model":"gpt-4o","messages":[{"role":"system","content":"Be brief."},{"role":"user","name":"ann","content":[{"type":"text","text":"How are you?"}]}]})");
    EXPECT_TRUE(got.is_request && got.complete);
    EXPECT_EQ(got.model, "gpt-4o");
    // Three for each message, one for a name, three for the reply; roles and names are texts.
    EXPECT_EQ(got.tokens, tokens("system") + tokens("Be brief.") + tokens("user") + tokens("ann") + tokens("How are you?") + 2 * 3 + 1 + 3);
}

TEST(PromptCount, AddsWhatToolsAdd) {
    const auto plain = count_prompt(o200k, R"({"messages":[{"role":"user","content":"x"}]})");
    const auto with = count_prompt(o200k, R"({"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{
        "name":"get_weather","description":"Get the weather.","parameters":{"type":"object","properties":{
        "city":{"type":"string","description":"The city."},"unit":{"type":"string","description":"Unit","enum":["C","F"]}}}}}]})");
    const auto texts =
        tokens("get_weather:Get the weather") + tokens("city:string:The city") + tokens("unit:string:Unit") + tokens("C") + tokens("F");
    EXPECT_EQ(with.tokens - plain.tokens, texts + 7 + 3 + 2 * 3 - 3 + 2 * 3 + 12);
    EXPECT_FALSE(with.complete) << "how tools are written out is not public";
}

TEST(PromptCount, ReadsEveryDialect) {
    for (const char* body : {R"({"model":"c","system":"Be brief.","messages":[{"role":"user","content":"Hi"}]})",
                             R"({"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"systemInstruction":{"parts":[{"text":"Be brief."}]}})",
                             R"({"model":"g","instructions":"Be brief.","input":"Hi"})", R"({"model":"g","prompt":"Be brief. Hi"})"}) {
        const auto got = count_prompt(o200k, body);
        EXPECT_TRUE(got.is_request) << body;
        EXPECT_GE(got.tokens, tokens("Be brief.") + tokens("Hi")) << body;
        EXPECT_LE(got.tokens, tokens("Be brief.") + tokens("Hi") + 12) << body;
    }
}

TEST(PromptCount, SaysWhatItCannotCount) {
    EXPECT_FALSE(count_prompt(o200k, R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:"}}]}]})").complete);
    for (const char* body : {"plain text", "[1,2]", "{}", "", "{\"messages\":"}) EXPECT_FALSE(count_prompt(o200k, body).is_request) << body;
}

TEST(PromptCount, TakesTheRestOfAVeryLongTextToBeLikeItsBeginning) {
    std::string text;
    while (text.size() < 400'000) text += "The quick brown fox jumps over the lazy dog. ";
    const std::string body = R"({"prompt":")" + text + "\"}";
    const auto whole = count_prompt(o200k, body, body.size()).tokens;
    const auto guessed = count_prompt(o200k, body, 50'000).tokens;
    EXPECT_NEAR(static_cast<double>(guessed), static_cast<double>(whole), 0.01 * static_cast<double>(whole));
}

TEST(PromptCount, SamplesAllOfALongConversation) {
    // Another kind of text in each third: a count of the beginning alone would be far off.
    std::string messages;
    std::uint32_t state = 1;
    const auto add = [&](const std::string& text) {
        messages += std::string{messages.empty() ? "" : ","} + R"({"role":"user","content":")" + text + "\"}";
    };
    for (int i = 0; i < 900; ++i) {
        std::string text;
        while (text.size() < 900) {
            if (i < 300)
                text += "The quick brown fox jumps over the lazy dog. ";
            else if (i < 600)
                text += std::to_string(state = state * 1664525u + 1013904223u) + ",";
            else
                text += "水は方円の器に随う。";
        }
        add(text);
    }
    const std::string body = R"({"model":"gpt-4o","messages":[)" + messages + "]}";
    const auto whole = count_prompt(o200k, body, body.size()).tokens;
    EXPECT_NEAR(static_cast<double>(count_prompt(o200k, body).tokens), static_cast<double>(whole), 0.03 * static_cast<double>(whole));
}

TEST(AnswerCount, CountsWhatWasWritten) {
    EXPECT_EQ(count_answer(o200k, R"({"id":"x","choices":[{"message":{"role":"assistant","content":"Hello there"}}]})"), tokens("Hello there"));
    EXPECT_EQ(count_answer(o200k, R"({"type":"message","content":[{"type":"text","text":"Hello there"}]})"), tokens("Hello there"));
    EXPECT_EQ(count_answer(o200k, R"({"candidates":[{"content":{"parts":[{"text":"Hello there"}]}}]})"), tokens("Hello there"));
    EXPECT_EQ(count_answer(o200k, R"({"output":[{"content":[{"type":"output_text","text":"Hello there"}]}]})"), tokens("Hello there"));
    EXPECT_EQ(count_answer(o200k, R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{\"a\":1}"}}]}}]})"),
              tokens("{\"a\":1}"));
    EXPECT_EQ(count_answer(o200k, "no JSON"), 0);
}

}  // namespace
