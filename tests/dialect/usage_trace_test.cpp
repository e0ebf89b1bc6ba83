// The usage that weir asks for on its own must leave no trace: what of an event is to go, wherever the member stands, read as JSON and by shape.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dialect/read/answer.hpp"

using namespace weir::dialect;

namespace {

// 64 readable bytes behind it, as the buffers of the gateway have.
event_facts read(stream_reader& reader, const std::string& event, std::string& padded) {
    padded = event + std::string(64, '\0');
    return reader.read({padded.data(), event.size()});
}

std::string without_usage(const std::string& event, const event_facts& facts) {
    return event.substr(0, facts.usage_begin) + event.substr(facts.usage_end);
}

struct form {
    const char* with;
    const char* without;
};
// TEXT is replaced by texts of several lengths.
const std::vector<form> forms{
    {R"({"id":"1","choices":[{"delta":{"content":"TEXT"}}],"usage":null})", R"({"id":"1","choices":[{"delta":{"content":"TEXT"}}]})"},
    {R"({"id":"1","usage":null,"choices":[{"delta":{"content":"TEXT"}}]})", R"({"id":"1","choices":[{"delta":{"content":"TEXT"}}]})"},
    {R"({"usage":null,"choices":[{"delta":{"content":"TEXT"}}]})", R"({"choices":[{"delta":{"content":"TEXT"}}]})"},
    {R"({"id":"1","choices":[{"delta":{"content":"TEXT"}}],"usage":null,"obfuscation":"TEXT"})",
     R"({"id":"1","choices":[{"delta":{"content":"TEXT"}}],"obfuscation":"TEXT"})"},
    {R"({"id": "1", "choices": [{"delta": {"content": "TEXT"}}], "usage": null})", R"({"id": "1", "choices": [{"delta": {"content": "TEXT"}}]})"},
    {R"({"id": "1", "usage": null, "choices": [{"delta": {"content": "TEXT"}}]})", R"({"id": "1", "choices": [{"delta": {"content": "TEXT"}}]})"},
    {R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})",
     R"({"choices":[{"delta":{},"finish_reason":"stop"}]})"},
    {R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2},"timings":{"prompt_ms":3.5}})",
     R"({"choices":[],"timings":{"prompt_ms":3.5}})"},
};

std::string filled(std::string text, const std::string& with) {
    for (auto at = text.find("TEXT"); at != std::string::npos; at = text.find("TEXT")) text.replace(at, 4, with);
    return text;
}

}  // namespace

TEST(UsageTrace, IsCutOutWhereverItStandsReadAsJsonAndByShape) {
    for (const bool by_shape : {false, true})
        for (const form& f : forms) {
            stream_reader reader{endpoint::chat_completions, by_shape};
            std::string padded;
            for (const std::string text : {"a", "some longer text", "x", R"(\",\"usage\":null)", "", "one more, and longer than sixteen bytes"}) {
                const auto event = "data: " + filled(f.with, text) + "\n\n";
                const auto facts = read(reader, event, padded);
                EXPECT_EQ(without_usage(event, facts), "data: " + filled(f.without, text) + "\n\n") << event;
                EXPECT_FALSE(facts.usage_only) << event;
            }
        }
}

TEST(UsageTrace, IsTheWholeEventWhereNothingElseStandsThere) {
    const std::string usage = R"("usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12})";
    for (const std::string choices : {R"([])", R"([{"index":0,"delta":{}}])", R"([{"index":0,"delta":{},"finish_reason":null,"logprobs":null}])",
                                      R"([{"index":0,"delta":{"content":null}}])", R"([{"index":0,"text":"","finish_reason":null}])"}) {
        stream_reader reader{endpoint::chat_completions};
        std::string padded;
        EXPECT_TRUE(
            read(reader,
                 R"(data: {"id":"1","object":"o","created":1,"model":"m","system_fingerprint":"f","choices":)" + choices + "," + usage + "}\n\n",
                 padded)
                .usage_only)
            << choices;
        EXPECT_EQ(reader.usage().input, 5);
    }
}

TEST(UsageTrace, IsNotTheWholeEventWhereSomethingElseStandsThere) {
    const std::string usage = R"("usage":{"prompt_tokens":5,"completion_tokens":7})";
    for (const std::string rest :
         {R"("choices":[{"index":0,"delta":{"role":"assistant"}}])", R"("choices":[{"index":0,"delta":{"content":"x"}}])",
          R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}])", R"("choices":[],"timings":{"a":1})",
          R"("choices":[],"citations":["https://a.example"])", R"("choices":[{"index":0,"delta":{},"logprobs":{"content":[1]}}])"}) {
        stream_reader reader{endpoint::chat_completions};
        std::string padded;
        const auto event = "data: {" + rest + "," + usage + "}\n\n";
        const auto facts = read(reader, event, padded);
        EXPECT_FALSE(facts.usage_only) << rest;
        EXPECT_EQ(without_usage(event, facts), "data: {" + rest + "}\n\n");
    }
}

TEST(UsageTrace, InDataOfSeveralLinesStays) {
    stream_reader reader{endpoint::chat_completions};
    std::string padded;
    const auto facts = read(reader, "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\ndata: \"usage\":null}\n\n", padded);
    EXPECT_TRUE(facts.content);
    EXPECT_EQ(facts.usage_end, 0u);
}

TEST(UsageTrace, OfAChoiceIsLeftAlone) {
    stream_reader reader{endpoint::chat_completions};
    std::string padded;
    const auto facts = read(reader, "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"usage\":null}]}\n\n", padded);
    EXPECT_EQ(facts.usage_end, 0u);
}
