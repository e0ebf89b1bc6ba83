// What the model wrote, found in an answer that is never held whole: the same as in one that is, under every slicing.
#include "dialect/read/text_finder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dialect/prompt_text.hpp"

using namespace weir::dialect;

namespace {

struct kept final : text_sink {
    void text(std::uint32_t, std::string_view piece) override { all += piece; }
    std::string all;
};

std::string found(std::string_view answer, std::size_t step) {
    text_finder finder;
    kept out;
    for (std::size_t at = 0; at < answer.size(); at += step) finder.feed(answer.substr(at, step), out);
    return out.all;
}

std::string whole(std::string_view answer) {
    std::string out;
    read_answer_texts(answer, [&](std::string_view text) { out += text; });
    return out;
}

const std::vector<std::string> answers = {
    R"({"id":"c","model":"text","choices":[{"index":0,"message":{"role":"assistant","content":"One, \"two\" \u0026 three\n","reasoning_content":"Hm."}}],"usage":{"prompt_tokens":1}})",
    R"({"choices":[{"message":{"tool_calls":[{"type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}]})",
    R"({"type":"message","content":[{"type":"thinking","thinking":"So."},{"type":"text","text":"Gr\u00fc\u00dfe \ud83c\udf0a and 你好"}],"stop_reason":"end_turn"})",
    R"({"output":[{"type":"message","content":[{"type":"output_text","text":"a"},{"type":"refusal","refusal":"no"}]}],"text":{"format":{"type":"text"}}})",
    R"({"candidates":[{"content":{"parts":[{"text":"x"},{"text":"y"}],"role":"model"}}],"usageMetadata":{"promptTokenCount":3}})",
    R"({"object":"list","data":[{"embedding":[0.1,0.2],"text":"not this"}]})",
    R"({"text":"A transcript.","usage":{"type":"duration","seconds":3}})",
    R"({"choices":["text", ["content"], {"content": ["no", {"text": "yes"}], "text": null}]})",
    R"({})",
    R"("content")",
};

}  // namespace

TEST(TextFinder, FindsWhatAWholeReadingFindsUnderEverySlicing) {
    for (const auto& answer : answers)
        for (std::size_t step = 1; step <= answer.size() + 1; ++step) EXPECT_EQ(found(answer, step), whole(answer)) << answer << " by " << step;
}

TEST(TextFinder, FindsTheTextsOfAListOfAnswers) {
    EXPECT_EQ(found(R"([{"candidates":[{"content":{"parts":[{"text":"a"}]}}]},{"candidates":[{"content":{"parts":[{"text":"b"}]}}]}])", 3), "ab");
}

TEST(TextFinder, FindsWhatCameOfAnAnswerThatIsCut) {
    const std::string answer = R"({"choices":[{"message":{"content":"One two three four"}}]})";
    EXPECT_EQ(found(answer.substr(0, answer.find("three")), 4), "One two ");
}

TEST(TextFinder, OutlivesWhatIsNoJson) {
    for (const char* odd :
         {"]]]]}}}}", "{\"a\":\"\\", "{\"choices\":\"\\ud800\\n\"}", "[[[[", "\"\\u12", "{\"choices\":{\"text\":\"\\ud800x\"}}", "<html>"})
        for (const std::size_t step : {1u, 100u}) (void)found(odd, step);
    (void)found(std::string(1000, '{') + std::string(1000, '['), 7);
}
