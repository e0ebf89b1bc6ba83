#include "dialect/read/answer.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::dialect;

namespace {

struct lanes : text_sink {
    std::map<std::uint32_t, std::string> text_of;
    void text(std::uint32_t lane, std::string_view piece) override { text_of[lane] += piece; }
    std::string all() const {
        std::string out;
        for (const auto& [lane, text] : text_of) out += (out.empty() ? "" : "|") + text;
        return out;
    }
};

// One event in memory of exactly its size.
event_facts feed(stream_reader& reader, const std::string& event, text_sink* sink = nullptr) {
    const std::vector<char> exact(event.begin(), event.end());
    return reader.read({exact.data(), exact.size()}, sink);
}

event_facts data(stream_reader& reader, const std::string& json, text_sink* sink = nullptr) { return feed(reader, "data: " + json + "\n\n", sink); }

bool is_content(endpoint e, const std::string& json) {
    stream_reader reader{e};
    lanes with;
    const bool told = data(reader, json, &with).content;
    stream_reader again{e};
    EXPECT_EQ(data(again, json).content, told) << "a counter must not change what is seen: " << json;
    return told;
}

std::string delta(const std::string& inside) { return R"({"choices":[{"index":0,"delta":)" + inside + "}]}"; }

constexpr auto chat = endpoint::chat_completions;

}  // namespace

TEST(Answer, KnowsChatContentFromItsFrame) {
    for (const char* inside : {R"({"content":"x"})", R"({"role":"assistant","content":" "})", R"({"reasoning_content":"x"})", R"({"reasoning":"x"})",
                               R"({"refusal":"x"})", R"({"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":""}}]})",
                               R"({"tool_calls":[{"index":0,"function":{"arguments":"{"}}]})", R"({"function_call":{"arguments":"{"}})",
                               R"({"audio":{"data":"AA=="}})", R"({"images":[{"image_url":{}}]})", R"({"content":[{"type":"text","text":"x"}]})",
                               R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"x"}]}]})"}) {
        EXPECT_TRUE(is_content(chat, delta(inside))) << inside;
    }
    for (const char* inside :
         {R"({"role":"assistant"})", R"({"role":"assistant","content":""})", R"({"content":null})", "{}", "null", R"({"tool_calls":[]})",
          R"({"tool_calls":null})", R"({"reasoning_content":null,"content":""})", R"({"images":[]})", R"({"content":[]})", R"({"audio":null})"}) {
        EXPECT_FALSE(is_content(chat, delta(inside))) << inside;
    }
    EXPECT_TRUE(is_content(endpoint::completions, R"({"choices":[{"text":"x","index":0}]})"));
    EXPECT_FALSE(is_content(endpoint::completions, R"({"choices":[{"text":"","index":0}]})"));
}

TEST(Answer, DeliversTextOncePerLane) {
    stream_reader reader{chat};
    lanes text;
    data(reader, R"({"choices":[{"delta":{"content":"He\u006clo"},"index":1}]})", &text);
    data(reader, R"({"choices":[{"index":0,"delta":{"content":"Hi"}},{"index":1,"delta":{"content":" you\n"}}]})", &text);
    data(reader, delta(R"({"reasoning":"why","reasoning_content":"why"})"), &text);
    data(reader, delta(R"({"tool_calls":[{"index":1,"function":{"name":"f","arguments":"{\"a\""}}]})"), &text);
    data(reader, delta(R"({"tool_calls":[{"index":1,"function":{"arguments":":1}"}}]})"), &text);
    EXPECT_EQ(text.all(), "Hi|why|f{\"a\":1}|Hello you\n");
}

TEST(Answer, KnowsTheUsageEventThatWeirAskedFor) {
    const char* usage = R"("usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15})";
    stream_reader reader{chat};
    EXPECT_TRUE(data(reader, std::string{R"({"id":"x","model":"gpt-4o-2024-11-20","choices":[],)"} + usage + "}").usage_only);
    EXPECT_TRUE(reader.has_usage());
    EXPECT_EQ(reader.usage(), (usage::counts{.input = 10, .output = 5}));
    EXPECT_EQ(reader.served_model(), "gpt-4o-2024-11-20");
    EXPECT_FALSE(data(reader, R"({"choices":[],"prompt_filter_results":[]})").usage_only) << "Azure's first chunk";
    EXPECT_FALSE(data(reader, R"({"choices":[],"usage":null})").usage_only);
    EXPECT_FALSE(data(reader, std::string{R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)"} + usage + "}").usage_only);
    EXPECT_FALSE(data(reader, std::string{R"({"choices":[{"index":0,"delta":{"content":"x"}}],)"} + usage + "}").usage_only);
}

TEST(Answer, KeepsTheLastUsageReport) {
    stream_reader reader{chat};
    data(reader, R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":3}}})");
    data(reader, R"({"choices":[{"index":0,"delta":{}}],"usage":null})");
    EXPECT_EQ(reader.usage(), (usage::counts{.input = 10, .output = 2, .reasoning = 3}));
    data(reader, R"({"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":6}})");
    EXPECT_EQ(reader.usage(), (usage::counts{.input = 11, .output = 6}));
}

TEST(Answer, KnowsTheEndOfAChatStream) {
    stream_reader reader{chat};
    EXPECT_FALSE(data(reader, delta(R"({"content":"x"},"finish_reason":null)")).finish);
    EXPECT_FALSE(reader.finished());
    EXPECT_TRUE(data(reader, R"({"choices":[{"index":0,"delta":{},"finish_reason":"length"}]})").finish);
    EXPECT_TRUE(reader.finished());
    EXPECT_FALSE(reader.terminated());
    EXPECT_TRUE(feed(reader, "data: [DONE]\n\n").terminator);
    EXPECT_TRUE(reader.terminated());
    for (const char* event : {"data:[DONE]\r\n\r\n", "data: [DONE] \n\n", "data: [DONE]\r\r"}) {
        stream_reader other{chat};
        EXPECT_TRUE(feed(other, event).terminator) << event;
    }
}

TEST(Answer, KnowsErrorsInPlaceOfAnAnswer) {
    const struct {
        endpoint e;
        const char* event;
        const char* code;
        const char* message;
    } rows[] = {
        {chat, "data: {\"error\":{\"message\":\"no\",\"type\":\"server_error\",\"code\":null}}\n\n", "server_error", "no"},
        {chat, "data: {\"error\":{\"message\":\"no\",\"type\":\"t\",\"code\":\"insufficient_quota\"}}\n\n", "insufficient_quota", "no"},
        {chat,
         "data: "
         "{\"error\":{\"message\":\"no\",\"code\":502},\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n",
         "502", "no"},
        {chat, "data: {\"error\":\"plain\"}\n\n", "", "plain"},
        {chat, "data: {\"object\":\"error\",\"message\":\"no\",\"type\":\"BadRequest\",\"code\":400}\n\n", "400", "no"},
        {chat, "event: error\ndata: {\"message\":\"no\",\"code\":\"c\"}\n\n", "c", "no"},
        {endpoint::responses, "event: error\ndata: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"no\"}\n\n",
         "rate_limit_exceeded", "no"},
        {endpoint::responses, "data: {\"type\":\"error\",\"error\":{\"type\":\"server_error\",\"message\":\"no\"}}\n\n", "server_error", "no"},
        {endpoint::responses,
         "data: "
         "{\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\",\"message\":\"no\"}}}\n\n",
         "server_error", "no"},
        {endpoint::messages, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"no\"}}\n\n",
         "overloaded_error", "no"},
        {endpoint::gemini_stream_generate, "data: {\"error\":{\"code\":503,\"message\":\"no\",\"status\":\"UNAVAILABLE\"}}\n\n", "UNAVAILABLE", "no"},
        {endpoint::images_generations, "data: {\"error\":{\"message\":\"no\",\"code\":\"moderation_blocked\"}}\n\n", "moderation_blocked", "no"},
    };
    for (const auto& row : rows) {
        stream_reader reader{row.e};
        const event_facts facts = feed(reader, row.event);
        EXPECT_TRUE(facts.error) << row.event;
        EXPECT_FALSE(facts.content) << row.event;
        EXPECT_FALSE(reader.finished()) << row.event;
        EXPECT_EQ(reader.error_code(), row.code) << row.event;
        EXPECT_EQ(reader.error_message(), row.message) << row.event;
    }
    stream_reader fine{chat};
    EXPECT_FALSE(data(fine, R"({"error":null,"choices":[{"index":0,"delta":{"content":"x"}}]})").error);
}

TEST(Answer, CutsLongErrorMessagesBetweenCharacters) {
    stream_reader reader{chat};
    std::string message;
    for (int i = 0; i < 300; ++i) message += "\xC3\xA9";
    data(reader, R"({"error":{"message":"a)" + message + R"("}})");
    EXPECT_EQ(reader.error_message(), "a" + message.substr(0, 298));
}

TEST(Answer, ReadsResponsesEvents) {
    stream_reader reader{endpoint::responses};
    lanes text;
    const auto event = [&](const std::string& json) { return data(reader, json, &text); };
    EXPECT_FALSE(event(R"({"type":"response.created","response":{"model":"gpt-5","usage":null,"error":null}})").content);
    EXPECT_EQ(reader.served_model(), "gpt-5");
    EXPECT_TRUE(event(R"({"type":"response.reasoning_summary_text.delta","output_index":0,"delta":"hm"})").content);
    EXPECT_TRUE(event(R"({"delta":"Hi","output_index":1,"type":"response.output_text.delta"})").content);
    EXPECT_FALSE(event(R"({"type":"response.output_text.delta","output_index":1,"delta":""})").content);
    EXPECT_FALSE(event(R"({"type":"response.output_text.done","output_index":1,"text":"Hi"})").content);
    EXPECT_TRUE(event(R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":"{}"})").content);
    EXPECT_TRUE(
        event(R"({"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","name":"f","arguments":"{}"}})").content);
    EXPECT_EQ(text.all(), "hm|Hi|{}") << "a finished item must not be counted again";
    const event_facts end = event(R"({"type":"response.completed","response":{"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},)"
                                  R"("output_tokens":7,"output_tokens_details":{"reasoning_tokens":5}}}})");
    EXPECT_TRUE(end.terminator && end.finish && !end.error);
    EXPECT_EQ(reader.usage(), (usage::counts{.input = 5, .cached_input = 4, .output = 2, .reasoning = 5}));
}

TEST(Answer, ReadsAMinimalResponsesStream) {
    stream_reader reader{endpoint::responses};
    lanes text;
    const char* item =
        R"({"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"whole"}]}})";
    EXPECT_TRUE(data(reader, item, &text).content);
    EXPECT_EQ(text.all(), "whole");
}

TEST(Answer, KnowsHowAResponseCanEnd) {
    const auto ends = [](const char* type) {
        stream_reader reader{endpoint::responses};
        return data(reader, std::string{R"({"type":")"} + type + R"(","response":{}})");
    };
    EXPECT_TRUE(ends("response.incomplete").finish);
    EXPECT_TRUE(ends("response.incomplete").terminator);
    EXPECT_TRUE(ends("response.failed").terminator);
    EXPECT_TRUE(ends("response.failed").error);
    EXPECT_FALSE(ends("response.failed").finish);
    EXPECT_FALSE(ends("response.in_progress").terminator);
    stream_reader named{endpoint::responses};
    EXPECT_TRUE(feed(named, "event: response.completed\ndata: {\"response\":{}}\n\n").terminator) << "the type may stand in the event line only";
}

TEST(Answer, ReadsAnthropicEvents) {
    stream_reader reader{endpoint::messages};
    lanes text;
    const auto event = [&](const std::string& json) { return data(reader, json, &text); };
    EXPECT_FALSE(
        event(
            R"({"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":25,"cache_read_input_tokens":100,)"
            R"("cache_creation_input_tokens":60,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":40},"output_tokens":1}}})")
            .content);
    EXPECT_EQ(reader.usage(), (usage::counts{.input = 25, .cached_input = 100, .cache_write = 60, .cache_write_1h = 40, .output = 1}));
    EXPECT_FALSE(event(R"({"type":"ping"})").content);
    EXPECT_FALSE(event(R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})").content);
    EXPECT_TRUE(event(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}})").content);
    EXPECT_TRUE(event(R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}})").content);
    EXPECT_FALSE(event(R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}})").content);
    EXPECT_TRUE(event(R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}})").content);
    EXPECT_TRUE(event(R"({"type":"content_block_delta","index":2,"delta":{"type":"thinking_delta","thinking":"hm"}})").content);
    EXPECT_FALSE(event(R"({"type":"content_block_delta","index":2,"delta":{"type":"signature_delta","signature":"Eq"}})").content);
    EXPECT_FALSE(event(R"({"type":"content_block_stop","index":2})").content);
    EXPECT_TRUE(event(R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":null,"cache_read_input_tokens":90,)"
                      R"("output_tokens":12,"output_tokens_details":{"thinking_tokens":4}}})")
                    .finish);
    EXPECT_EQ(reader.usage(), (usage::counts{.input = 25, .cached_input = 90, .cache_write = 60, .cache_write_1h = 40, .output = 8, .reasoning = 4}))
        << "the last number that is none counts, field by field";
    EXPECT_FALSE(reader.terminated());
    EXPECT_TRUE(event(R"({"type":"message_stop"})").terminator);
    EXPECT_EQ(text.all(), "Hi|f{}|hm");
}

TEST(Answer, ReadsGeminiChunks) {
    stream_reader reader{endpoint::gemini_stream_generate};
    lanes text;
    const auto event = [&](const std::string& json) { return data(reader, json, &text); };
    EXPECT_TRUE(event(R"({"candidates":[{"content":{"parts":[{"text":"think","thought":true}]}}],"modelVersion":"gemini-2.5-pro",)"
                      R"("usageMetadata":{"promptTokenCount":8,"totalTokenCount":8}})")
                    .content);
    EXPECT_TRUE(event(R"({"candidates":[{"content":{"parts":[{"text":"Hi"},{"functionCall":{"name":"f","args":{"a":1}}}]}}]})").content);
    EXPECT_FALSE(event(R"({"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}]})").content);
    EXPECT_TRUE(reader.finished());
    event(R"({"usageMetadata":{"promptTokenCount":8,"cachedContentTokenCount":3,"candidatesTokenCount":5,"thoughtsTokenCount":2,)"
          R"("toolUsePromptTokenCount":4,"totalTokenCount":19}})");
    EXPECT_EQ(reader.usage(), (usage::counts{.input = 9, .cached_input = 3, .output = 5, .reasoning = 2}));
    EXPECT_EQ(text.all(), "Hi|think|f{\"a\":1}");
    EXPECT_EQ(reader.served_model(), "gemini-2.5-pro");
    EXPECT_FALSE(feed(reader, "data: [DONE]\n\n").terminator) << "not its word";
    stream_reader blocked{endpoint::gemini_stream_generate};
    EXPECT_TRUE(data(blocked, R"({"promptFeedback":{"blockReason":"SAFETY"}})").finish);
}

TEST(Answer, ReadsMediaEvents) {
    stream_reader image{endpoint::images_generations};
    EXPECT_TRUE(data(image, R"({"type":"image_generation.partial_image","b64_json":"AA=="})").content);
    EXPECT_TRUE(
        data(image, R"({"type":"image_generation.completed","b64_json":"AA==","usage":{"input_tokens":50,"output_tokens":100,"total_tokens":150}})")
            .finish);
    EXPECT_EQ(image.usage(), (usage::counts{.input = 50, .image_output = 100}));
    stream_reader audio{endpoint::audio_transcriptions};
    lanes text;
    EXPECT_TRUE(data(audio, R"({"type":"transcript.text.delta","delta":"He"})", &text).content);
    EXPECT_TRUE(data(audio, R"({"type":"transcript.text.done","text":"He","usage":{"type":"tokens","input_tokens":14,)"
                            R"("input_token_details":{"text_tokens":2,"audio_tokens":12},"output_tokens":3}})")
                    .finish);
    EXPECT_EQ(text.all(), "He");
    EXPECT_EQ(audio.usage(), (usage::counts{.input = 2, .output = 3, .audio_input = 12}));
}

TEST(Answer, UnderstandsNothingOfWhatIsBroken) {
    for (const endpoint e :
         {chat, endpoint::responses, endpoint::messages, endpoint::gemini_stream_generate, endpoint::images_edits, endpoint::other}) {
        for (const char* event :
             {"", "\n\n", ": keepalive\n\n", "data:\n\n", "data: {\n\n", "data: [1]\n\n", "data: null\n\n", "data: {\"choices\":[{]}\n\n",
              "data: {\"choices\":3,\"usage\":[],\"model\":{}}\n\n", "data: {\"choices\":[1,[{}]]}\n\n", "data: <html>\n\n",
              "data: {\"candidates\":{},\"content_block\":1,\"delta\":[],\"type\":7}\n\n"}) {
            stream_reader reader{e};
            const event_facts facts = feed(reader, event);
            EXPECT_FALSE(facts.content || facts.finish || facts.error || facts.terminator || facts.usage_only) << event;
            EXPECT_FALSE(reader.has_usage()) << event;
        }
    }
}

TEST(Answer, SurvivesEveryTruncationOfAnEvent) {
    const std::string event =
        "event: message_delta\r\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end\\u005fturn\"},"
        "\"usage\":{\"output_tokens\":5}}\r\n\r\n";
    for (std::size_t size = 0; size < event.size() - 4; ++size) {
        stream_reader reader{endpoint::messages};
        EXPECT_FALSE(feed(reader, event.substr(0, size)).finish) << size;
    }
    stream_reader reader{endpoint::messages};
    EXPECT_TRUE(feed(reader, event).finish);
}
