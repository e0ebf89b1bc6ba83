// Streams of one dialect, written in another, event by event.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "dialect/hub/answer/streams.hpp"

namespace {

using namespace weir::dialect::hub;

std::string written(std::unique_ptr<answer_stream_reader> read, std::unique_ptr<answer_stream_writer> write, const std::vector<std::string>& events) {
    std::string out;
    write->into(&out);
    for (const auto& each : events) {
        std::string padded = each;
        padded.append(64, '\0');
        read->read(std::string_view{padded}.substr(0, each.size()), *write);
    }
    read->end(*write);
    write->end();
    return out;
}

std::string chunk(std::string_view delta) {
    return R"({"id":"u","choices":[{"index":0,"delta":)" + std::string{delta} + R"(,"finish_reason":null}]})";
}

std::string as_messages(const std::vector<std::string>& events) {
    return written(read_chat_stream(), write_messages_stream({.id = "msg_1", .model = "claude", .show_reasoning = true}), events);
}
std::string as_chat(const std::vector<std::string>& events, bool usage = false) {
    return written(read_messages_stream(), write_chat_stream({.id = "c1", .model = "gpt", .created = 7, .include_usage = usage}), events);
}

/// The `data:` of each event.
std::vector<std::string> data_of(const std::string& stream) {
    std::vector<std::string> out;
    for (std::size_t at = stream.find("data: "); at != std::string::npos; at = stream.find("data: ", at + 1))
        out.push_back(stream.substr(at + 6, stream.find('\n', at) - at - 6));
    return out;
}

}  // namespace

TEST(HubStream, AStreamForMessagesBeginsWithAnEstimateAndEndsWithTheReport) {
    const auto got = written(read_chat_stream(), write_messages_stream({.id = "msg_1", .model = "claude", .input_estimate = 9}),
                             {chunk(R"({"content":"a"})"), R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
                              R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4}})", "[DONE]"});
    EXPECT_NE(got.find(R"("usage":{"input_tokens":9,"output_tokens":0}}})"), std::string::npos) << got;
    EXPECT_NE(got.find(R"("usage":{"input_tokens":10,"output_tokens":4}})"), std::string::npos) << got;
}

TEST(HubStream, ChatBecomesBlocksOneAfterTheOther) {
    const auto got = data_of(as_messages(
        {chunk(R"({"role":"assistant","content":""})"), chunk(R"({"reasoning_content":"hm"})"), chunk(R"({"content":"Hel"})"),
         chunk(R"({"content":"lo \"you\""})"),
         chunk(
             R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}},{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]})"),
         R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
         R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":3}}})", "[DONE]"}));
    const std::vector<std::string> expected{
        R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}})",
        R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"weir1.chat.AAAAAAAAAAAAAAAAAAi6Wwe1Xr0O"}})",
        R"({"type":"content_block_stop","index":0})",
        R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hel"}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"lo \"you\""}})",
        R"({"type":"content_block_stop","index":1})",
        R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}})",
        R"({"type":"content_block_stop","index":2})",
        R"({"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"b","name":"g","input":{}}})",
        R"({"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}})",
        R"({"type":"content_block_stop","index":3})",
        R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":7,"cache_read_input_tokens":3,"output_tokens":4}})",
        R"({"type":"message_stop"})"};
    EXPECT_EQ(got, expected);
}

TEST(HubStream, AnotherIdUnderTheSameNumberIsAnotherCall) {
    const auto got = as_messages({chunk(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]})"),
                                  chunk(R"({"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]})")});
    EXPECT_NE(got.find(R"("id":"a")"), std::string::npos);
    EXPECT_NE(got.find(R"("id":"b")"), std::string::npos);
}

TEST(HubStream, InterleavedCallsBecomeOneBlockAfterTheOther) {
    const auto got = data_of(as_messages(
        {chunk(
             R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}},{"index":1,"id":"b","function":{"name":"g","arguments":""}}]})"),
         chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":\"}\\\""}},{"index":1,"function":{"arguments":"{\"y\""}}]})"),
         chunk(R"({"tool_calls":[{"index":1,"function":{"arguments":":2}"}},{"index":0,"function":{"arguments":"\"}"}}]})"),
         chunk(R"({"content":"t"})"), R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})"}));
    const std::vector<std::string> expected{
        R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"x\":\"}\\\""}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"}"}})",
        R"({"type":"content_block_stop","index":0})",
        R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"t"}})",
        R"({"type":"content_block_stop","index":1})",
        R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"b","name":"g","input":{}}})",
        R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"y\":2}"}})",
        R"({"type":"content_block_stop","index":2})"};
    ASSERT_EQ(got.size(), expected.size() + 3);
    EXPECT_EQ(std::vector<std::string>(got.begin() + 1, got.end() - 2), expected);
}

TEST(HubStream, CallsThatFollowOneAnotherAreNotHeldBack) {
    std::string out;
    const auto read = read_chat_stream();
    const auto write = write_messages_stream({.id = "msg_1", .model = "claude"});
    write->into(&out);
    for (auto each : {chunk(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":[1]}"}}]})"),
                      chunk(R"({"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y"}}]})")}) {
        const auto size = each.size();
        each.append(64, '\0');
        read->read(std::string_view{each}.substr(0, size), *write);
    }
    EXPECT_NE(out.find(R"("partial_json":"{\"y")"), std::string::npos) << out;
}

TEST(HubStream, EmptyTextsBeforeACallAreNoItems) {
    const auto stream = written(
        read_messages_stream(), write_responses_stream({.id = "resp_1", .model = "m", .created = 7}),
        {R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})", R"({"type":"content_block_stop","index":0})",
         R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"k","name":"f","input":{}}})",
         R"({"type":"content_block_stop","index":1})", R"({"type":"message_delta","delta":{"stop_reason":"tool_use"}})"});
    EXPECT_EQ(stream.find(R"("type":"message")"), std::string::npos) << stream;
    EXPECT_NE(stream.find(R"("output":[{"id":"fc_resp_1_0","type":"function_call")"), std::string::npos) << stream;
}

TEST(HubStream, MessagesBecomeChunks) {
    const auto got = data_of(as_chat(
        {R"({"type":"message_start","message":{"id":"m","usage":{"input_tokens":5,"cache_read_input_tokens":2,"output_tokens":1}}})",
         R"({"type":"ping"})", R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}})",
         R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"t"}})",
         R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"weir1.none"}})",
         R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}})",
         R"({"type":"content_block_stop","index":0})", R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
         R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"x"}})", R"({"type":"content_block_stop","index":1})",
         R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"c","name":"f","input":{}}})",
         R"({"type":"content_block_stop","index":2})",
         R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":9}})",
         R"({"type":"message_stop"})"},
        true));
    const std::string front = R"({"id":"c1","object":"chat.completion.chunk","created":7,"model":"gpt","choices":[)";
    const std::vector<std::string> expected{
        front + R"({"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})",
        front + R"({"index":0,"delta":{"content":"x"},"finish_reason":null}]})",
        front +
            R"({"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]})",
        front + R"({"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":null}]})",
        front + R"({"index":0,"delta":{},"finish_reason":"tool_calls"}]})",
        front +
            R"(],"usage":{"prompt_tokens":7,"completion_tokens":9,"total_tokens":16,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":0}}})",
        "[DONE]"};
    EXPECT_EQ(got, expected);
}

TEST(HubStream, AnErrorEndsItWithoutAnEnd) {
    EXPECT_EQ(as_chat({R"({"type":"message_start","message":{"id":"m"}})",
                       R"({"type":"error","error":{"type":"overloaded_error","message":"too \"busy\""}})"}),
              "data: {\"error\":{\"message\":\"upstream says: too "
              "\\\"busy\\\"\",\"type\":\"api_error\",\"param\":null,\"code\":\"stream_interrupted\"}}\n\n");
    EXPECT_EQ(as_messages({R"({"error":{"message":"no"}})"}),
              "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"upstream says: "
              "no\",\"code\":\"stream_interrupted\"},\"request_id\":\"\"}\n\n");
}

// --- responses ---

namespace {

std::string chat_of_responses(const std::vector<std::string>& events) {
    return written(read_responses_stream(), write_chat_stream({.id = "c1", .model = "gpt", .created = 7, .show_reasoning = true}), events);
}

const std::string_view chunk_front = R"({"id":"c1","object":"chat.completion.chunk","created":7,"model":"gpt","choices":[)";

}  // namespace

TEST(HubStream, ItemsBecomeChunks) {
    const std::string front{chunk_front};
    const auto got = data_of(chat_of_responses(
        {R"({"type":"response.created","response":{"id":"r"}})",
         R"({"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs"}})",
         R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"t"})",
         R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","encrypted_content":"E","summary":[{"type":"summary_text","text":"t"}]}})",
         R"({"type":"response.output_item.added","output_index":1,"item":{"type":"message"}})",
         R"({"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"a"})",
         R"({"type":"response.output_item.done","output_index":1,"item":{"type":"message","content":[{"type":"output_text","text":"a"}]}})",
         R"({"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","call_id":"k","name":"f"}})",
         R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":"{\"x\""})",
         R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":":1}"})",
         R"({"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","call_id":"k","name":"f","arguments":"{\"x\":1}"}})",
         R"({"type":"response.completed","response":{"usage":{"input_tokens":3,"output_tokens":2}}})"}));
    const std::vector<std::string> expected{
        front + R"({"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})",
        front +
            R"({"index":0,"delta":{"reasoning_content":"t","reasoning_details":[{"index":0,"type":"reasoning.text","text":"t"}]},"finish_reason":null}]})",
        front +
            R"({"index":0,"delta":{"reasoning_details":[{"index":0,"type":"reasoning.text","signature":"weir1.openai.AAAAAAAAAAAAAAAAAK9j6UyGAgKjRQ"}]},"finish_reason":null}]})",
        front + R"({"index":0,"delta":{"content":"a"},"finish_reason":null}]})",
        front +
            R"({"index":0,"delta":{"tool_calls":[{"index":0,"id":"k","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]})",
        front + R"({"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]},"finish_reason":null}]})",
        front + R"({"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":null}]})",
        front + R"({"index":0,"delta":{},"finish_reason":"tool_calls"}]})",
        "[DONE]"};
    EXPECT_EQ(got, expected);
}

TEST(HubStream, TakesFromTheEndsOfItemsWhatNoDeltaBrought) {
    const auto got = chat_of_responses(
        {R"({"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"whole"}]}})",
         R"({"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","call_id":"k","name":"f","arguments":"{}"}})",
         R"({"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}})"});
    EXPECT_NE(got.find(R"("content":"whole")"), std::string::npos);
    EXPECT_NE(got.find(R"("arguments":"{}")"), std::string::npos);
    EXPECT_NE(got.find(R"("finish_reason":"length")"), std::string::npos);
}

TEST(HubStream, TakesFromTheEndOfTheAnswerWhatNoItemBrought) {
    const auto got = chat_of_responses(
        {R"({"type":"response.created","response":{"id":"r"}})",
         R"({"type":"response.completed","response":{"output":[{"type":"message","content":[{"type":"output_text","text":"whole"}]},{"type":"function_call","call_id":"k","name":"f","arguments":"{}"}]}})"});
    EXPECT_NE(got.find(R"("content":"whole")"), std::string::npos) << got;
    EXPECT_NE(got.find(R"("arguments":"{}")"), std::string::npos) << got;
    EXPECT_NE(got.find(R"("finish_reason":"tool_calls")"), std::string::npos) << got;
}

TEST(HubStream, PartsOfASummaryAreOneThought) {
    const std::string end =
        R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}]}})";
    const std::vector<std::string> pieces{R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"a"})",
                                          R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"b"})", end};
    for (const auto& events : {pieces, std::vector<std::string>{end}}) {
        const auto got = chat_of_responses(events);
        const auto gap = got.find(R"("reasoning_content":"\n\n")"), second = got.find(R"("reasoning_content":"b")");
        EXPECT_LT(got.find(R"("reasoning_content":"a")"), gap) << got;
        EXPECT_LT(gap, second) << got;
        EXPECT_NE(second, std::string::npos) << got;
    }
}

TEST(HubStream, AnErrorStandsInAWholeResponse) {
    const auto got = data_of(written(read_messages_stream(), write_responses_stream({.id = "resp_1", .model = "m", .created = 7}),
                                     {R"({"type":"error","error":{"type":"overloaded_error","message":"busy"}})"}));
    ASSERT_EQ(got.size(), 3u);
    EXPECT_EQ(
        got.back(),
        R"({"type":"response.failed","sequence_number":2,"code":"stream_interrupted","message":"upstream says: busy","error":{"code":"stream_interrupted","message":"upstream says: busy"},)"
        R"("response":{"id":"resp_1","object":"response","created_at":7,"status":"failed","model":"m","output":[],"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"instructions":null,"metadata":{},"temperature":null,"text":{"format":{"type":"text"}},"top_p":null,"store":false,)"
        R"("error":{"code":"server_error","message":"upstream says: busy"},"incomplete_details":null,"usage":null}})");
}

// --- gemini ---

TEST(HubStream, PartsBecomeBlocks) {
    const auto got = data_of(written(
        read_gemini_stream(), write_messages_stream({.id = "m", .model = "c", .show_reasoning = true}),
        {R"({"responseId":"R","candidates":[{"content":{"parts":[{"text":"t","thought":true},{"text":"a"}]}}]})",
         R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"x": "y"}},"thoughtSignature":"S"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"thoughtsTokenCount":1,"totalTokenCount":6}})"}));
    const std::vector<std::string> expected{
        R"({"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}})",
        R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"t"}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"weir1.none"}})",
        R"({"type":"content_block_stop","index":0})",
        R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"a"}})",
        R"({"type":"content_block_stop","index":1})",
        R"({"type":"content_block_start","index":2,"content_block":{"type":"redacted_thinking","data":"weir1.gemini.AgAAAAAAAAABAAAAAAAAAAAAAAAAUw"}})",
        R"({"type":"content_block_stop","index":2})",
        R"({"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"call_R_0","name":"f","input":{}}})",
        R"({"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"x\": \"y\"}"}})",
        R"({"type":"content_block_stop","index":3})",
        R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":3,"output_tokens":3,"output_tokens_details":{"thinking_tokens":1}}})",
        R"({"type":"message_stop"})"};
    EXPECT_EQ(got, expected);
}

TEST(HubStream, CallsBecomePartsOnceTheyAreWholeAndNeverElse) {
    const auto got = data_of(written(
        read_chat_stream(), write_gemini_stream({.id = "R", .model = "g"}),
        {chunk(R"({"content":"a"})"), chunk(R"({"tool_calls":[{"index":0,"id":"k","function":{"name":"f","arguments":"{\"x\""}}]})"),
         chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}},{"index":1,"id":"cut","function":{"name":"g","arguments":"{\"half"}}]})"),
         R"({"choices":[{"index":0,"delta":{},"finish_reason":"length"}]})"}));
    const std::string end = R"(,"index":0}],"modelVersion":"g","responseId":"R")";
    const std::vector<std::string> expected{
        R"({"candidates":[{"content":{"role":"model","parts":[{"text":"a"}]})" + end + "}",
        R"({"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"id":"k","name":"f","args":{"x":1}}}]})" + end + "}",
        R"({"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"MAX_TOKENS")" + end +
            R"(,"usageMetadata":{"promptTokenCount":0,"candidatesTokenCount":0,"totalTokenCount":0}})"};
    EXPECT_EQ(got, expected);
}

// Some clients take them for the ends of lines.
TEST(HubStream, SeparatorsOfLinesAreEscapedForGemini) {
    const auto got =
        written(read_chat_stream(), write_gemini_stream({.id = "R", .model = "g"}),
                {chunk("{\"content\":\"a\u2028b\u2029c\u2026\"}"),
                 chunk("{\"tool_calls\":[{\"index\":0,\"id\":\"k\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":\\\"\u2028\\\"}\"}}]}"),
                 R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"});
    EXPECT_NE(got.find("{\"text\":\"a\\u2028b\\u2029c\u2026\"}"), std::string::npos) << got;
    EXPECT_NE(got.find(R"("args":{"x":"\u2028"})"), std::string::npos) << got;
}

TEST(HubStream, WhatIsWrittenToACacheIsTold) {
    const auto got =
        as_chat({R"({"type":"message_start","message":{"id":"m","usage":{"input_tokens":5,"cache_creation_input_tokens":2,"output_tokens":1}}})",
                 R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}})"},
                true);
    EXPECT_NE(got.find(R"("prompt_tokens":7)"), std::string::npos) << got;
    EXPECT_NE(got.find(R"("prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":2})"), std::string::npos) << got;
}

TEST(HubStream, BlocksBecomeItemsWithBeginningAndEnd) {
    const auto stream =
        written(read_messages_stream(), write_responses_stream({.id = "resp_1", .model = "m", .created = 7}),
                {R"({"type":"message_start","message":{"id":"m","usage":{"input_tokens":5,"output_tokens":1}}})",
                 R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
                 R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}})", R"({"type":"content_block_stop","index":0})",
                 R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"k","name":"f","input":{}}})",
                 R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}})",
                 R"({"type":"content_block_stop","index":1})",
                 R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}})", R"({"type":"message_stop"})"});
    std::vector<std::string> types;
    for (const auto& each : data_of(stream)) {
        const auto at = each.find("\"type\":\"") + 8;
        types.push_back(each.substr(at, each.find('"', at) - at));
        EXPECT_NE(each.find("\"sequence_number\":" + std::to_string(types.size() - 1) + ","), std::string::npos) << each;
    }
    const std::vector<std::string> expected{"response.created",
                                            "response.in_progress",
                                            "response.output_item.added",
                                            "response.content_part.added",
                                            "response.output_text.delta",
                                            "response.output_text.done",
                                            "response.content_part.done",
                                            "response.output_item.done",
                                            "response.output_item.added",
                                            "response.function_call_arguments.delta",
                                            "response.function_call_arguments.done",
                                            "response.output_item.done",
                                            "response.completed"};
    EXPECT_EQ(types, expected);
    EXPECT_NE(
        stream.find(
            R"("output":[{"id":"msg_resp_1_0","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"a","annotations":[],"logprobs":[]}]},)"
            R"({"id":"fc_resp_1_1","type":"function_call","status":"completed","call_id":"k","name":"f","arguments":"{}"}])"),
        std::string::npos)
        << stream;
    EXPECT_NE(stream.find(R"("usage":{"input_tokens":5,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":9)"),
              std::string::npos);
}

TEST(HubStream, SaysNothingBehindAnError) {
    const std::vector<std::string> events{chunk(R"({"content":"a"})"), R"({"error":{"message":"busy"}})", chunk(R"({"content":"b"})"),
                                          R"({"error":{"message":"again"}})"};
    for (auto* const write : {write_messages_stream, write_responses_stream, write_gemini_stream, write_chat_stream}) {
        const auto got = written(read_chat_stream(), write({.id = "i", .model = "m"}), events);
        EXPECT_NE(got.find("\"a\""), std::string::npos) << got;
        EXPECT_EQ(got.find("\"b\""), std::string::npos) << got;
        EXPECT_EQ(got.find("again"), std::string::npos) << got;
    }
}

TEST(HubStream, LeavesOutEventsWithEscapesThatJsonDoesNotKnow) {
    const auto chat = as_messages({chunk(R"({"content":"a"})"), chunk(R"({"content":"\q"})"), chunk(R"({"content":"b"})")});
    EXPECT_EQ(chat.find("\\q"), std::string::npos) << chat;
    EXPECT_NE(chat.find("\"b\""), std::string::npos) << chat;
    const auto messages = as_chat({R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"\q","name":"f"}})",
                                   R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})"});
    EXPECT_EQ(messages.find("\\q"), std::string::npos) << messages;
    for (auto* const read : {read_responses_stream, read_gemini_stream}) {
        const auto reader = read();
        const std::string event = R"({"type":"response.output_text.delta","delta":"\q","candidates":[{"content":{"parts":[{"text":"\q"}]}}]})";
        const std::string padded = event + std::string(64, '\0');
        std::string out;
        const auto writer = write_chat_stream({.id = "c", .model = "m"});
        writer->into(&out);
        reader->read(std::string_view{padded}.substr(0, event.size()), *writer);
        EXPECT_EQ(reader->skipped().of(skipped_parts::kind::unreadable), 1u);
        EXPECT_EQ(out, "");
    }
}

TEST(HubStream, CountsWhatNobodyHereKnowsByWhatItWas) {
    using kind = skipped_parts::kind;
    struct given {
        std::unique_ptr<answer_stream_reader> (*reader)();
        std::string event;
        kind what;
    };
    const std::vector<given> all{
        {read_messages_stream, R"({"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s"}})", kind::part},
        {read_messages_stream, R"({"type":"from_the_future"})", kind::event},
        {read_responses_stream, R"({"type":"response.output_item.added","output_index":0,"item":{"type":"web_search_call"}})", kind::item},
        {read_responses_stream, R"({"type":"response.from_the_future"})", kind::event},
        {read_gemini_stream, R"({"candidates":[{"content":{"parts":[{"inlineData":{"data":"AA=="}}]}}]})", kind::part},
        {read_chat_stream, R"({"choices":[{"index":0,"delta":{"audio":{"data":"AA=="}}}]})", kind::part},
        {read_chat_stream, R"({"id":"\q"})", kind::unreadable}};
    for (const auto& each : all) {
        const auto reader = each.reader();
        const auto writer = write_chat_stream({.id = "c", .model = "m"});
        std::string out;
        writer->into(&out);
        const std::string padded = each.event + std::string(64, '\0');
        reader->read(std::string_view{padded}.substr(0, each.event.size()), *writer);
        EXPECT_EQ(reader->skipped().of(each.what), 1u) << each.event;
    }
}

TEST(HubStream, CountsNothingOfWhatItKnows) {
    const auto reader = read_responses_stream();
    const auto writer = write_chat_stream({.id = "c", .model = "m"});
    std::string out;
    writer->into(&out);
    for (const std::string event : {R"({"type":"response.created","response":{"id":"r"}})", R"({"type":"response.created","response":{"id":"r"}})",
                                    R"({"type":"response.in_progress"})", R"({"type":"response.output_text.done","text":"a"})",
                                    R"({"type":"keepalive"})", R"({"type":"response.completed","response":{}})"}) {
        const std::string padded = event + std::string(64, '\0');
        reader->read(std::string_view{padded}.substr(0, event.size()), *writer);
    }
    for (const auto count : reader->skipped().counts()) EXPECT_EQ(count, 0u);
}
