// What other gateways got wrong of answers and their streams, each as a test by its behaviour; the numbers are those of the facts on translation and
// of the peers' issues. Those of Bedrock or Azure alone have no place here: agentgateway#2482 (57), and 55 is in peer_bugs_test.cpp.
#include <string>
#include <vector>

#include "dialect/credentials.hpp"
#include "dialect/hub/answer/response_items.hpp"
#include "dialect/hub/streamed.hpp"
#include "http/head.hpp"

namespace {

using namespace weir::dialect::hub;
using namespace weir::dialect::hub::test;
namespace json = weir::dialect::json;

std::string chunk(std::string_view delta, std::string_view reason = "null") {
    return R"({"id":"u","choices":[{"index":0,"delta":)" + std::string{delta} + R"(,"finish_reason":)" + std::string{reason} + "}]}";
}

std::string call_chunk(std::string_view calls) { return chunk(R"({"tool_calls":[)" + std::string{calls} + "]}"); }

std::string call_of(std::string_view place, std::string_view name, std::string_view arguments = "{}") {
    return "{" + std::string{place} + R"("function":{"name":")" + std::string{name} + R"(","arguments":")" + std::string{arguments} + R"("}})";
}

const std::string stop = chunk("{}", R"("stop")");

}  // namespace

// 38. claude-code-router#1725, llm-rosetta#246
TEST(PeerBugStreams, DeltasGoToTheBlockThatIsOpenAndAreOfItsType) {
    const auto first = R"("index":0,"id":"a",)", second = R"("index":1,"id":"b",)";
    const auto got =
        streamed(spoke::chat, spoke::messages,
                 {chunk(R"({"reasoning_content":"t"})"), chunk(R"({"content":"a"})"), call_chunk(call_of(first, "f", R"({\"x\")")),
                  chunk(R"({"content":"b"})"), call_chunk(call_of(second, "g", "")), call_chunk(R"({"index":0,"function":{"arguments":":1}"}})"),
                  chunk(R"({"reasoning_content":"u"})"), call_chunk(R"({"index":1,"function":{"arguments":"{}"}})"), stop});
    expect_whole_blocks(got);
    EXPECT_EQ(times(got, "content_block_start\""), 6u) << got;
}

// 39. ccrelay#119, cc-switch#2557, aiproxy#604
TEST(PeerBugStreams, BlocksBeginWithAllOfTheirMembersAndWhatStandsThereAloneIsRead) {
    const auto written =
        streamed(spoke::chat, spoke::messages, {chunk(R"({"content":"a"})"), call_chunk(call_of(R"("index":0,"id":"k",)", "f")), stop});
    EXPECT_TRUE(says(written, R"("content_block":{"type":"text","text":""})")) << written;
    EXPECT_TRUE(says(written, R"("content_block":{"type":"tool_use","id":"k","name":"f","input":{}})")) << written;
    const std::vector<std::string> early{
        R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":"early"}})", R"({"type":"content_block_stop","index":0})",
        R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"k","name":"f","input":{"x": "y"}}})",
        R"({"type":"content_block_stop","index":1})", R"({"type":"message_delta","delta":{"stop_reason":"tool_use"}})"};
    const auto read = collected(spoke::chat, streamed(spoke::messages, spoke::chat, early));
    EXPECT_TRUE(says(read, R"("content":"early")")) << read;
    EXPECT_TRUE(says(read, R"("arguments":"{\"x\": \"y\"}")")) << read;
}

// 40. litellm#34692, #34718, #12481, envoy#1486, vercel/ai#12218
TEST(PeerBugStreams, CallsEndAsCallsWhateverTheUpstreamSays) {
    for (const std::string said : {R"("stop")", R"("eos")", R"("")"}) {
        const std::vector<std::string> events{call_chunk(call_of(R"("index":0,"id":"k",)", "f")), chunk("{}", said)};
        EXPECT_TRUE(says(streamed(spoke::chat, spoke::messages, events), R"("stop_reason":"tool_use")")) << said;
        EXPECT_TRUE(says(streamed(spoke::chat, spoke::gemini, events), R"("finishReason":"STOP")")) << said;
    }
    const std::vector<std::string> claude{
        R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"k","name":"f","input":{}}})",
        R"({"type":"content_block_stop","index":0})", R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})"};
    EXPECT_TRUE(says(streamed(spoke::messages, spoke::chat, claude), R"("finish_reason":"tool_calls")"));
    const std::vector<std::string> google{
        R"({"responseId":"R","candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}]})"};
    EXPECT_TRUE(says(streamed(spoke::gemini, spoke::chat, google), R"("finish_reason":"tool_calls")"));
    // And none are no calls.
    EXPECT_TRUE(
        says(streamed(spoke::chat, spoke::messages, {chunk(R"({"content":"a"})"), chunk("{}", R"("tool_calls")")}), R"("stop_reason":"end_turn")"));
}

// 41. new-api#2701, gcli2api#406, hermes-agent#11863, ai-dynamo#4723, maka#1976
TEST(PeerBugStreams, CallsUnderOneNumberAreStillSeveral) {
    const std::vector<std::vector<std::string>> ways{
        {call_chunk(call_of(R"("index":0,"id":"k1",)", "f")), call_chunk(call_of(R"("index":0,"id":"k2",)", "f"))},
        {call_chunk(call_of(R"("index":0,"id":"k1",)", "f") + "," + call_of(R"("index":0,"id":"k2",)", "f"))},
        {call_chunk(call_of(R"("index":0,)", "f")), call_chunk(call_of(R"("index":0,)", "f"))},
        {call_chunk(call_of(R"("index":0,)", "f")), call_chunk(call_of(R"("index":0,)", "g"))}};
    for (auto events : ways) {
        events.push_back(stop);
        for (const auto to : every_dialect) {
            const auto got = collected(to, streamed(spoke::chat, to, events));
            EXPECT_EQ(times(got, R"("name":")"), 2u) << got;
        }
    }
}

// 42. AstrBot#6692
TEST(PeerBugStreams, CallsWithoutNumbersAreKeptApart) {
    const auto got = collected(spoke::messages,
                               streamed(spoke::chat, spoke::messages,
                                        {call_chunk(call_of(R"("id":"k1",)", "f", R"({\"x\")") + "," + call_of(R"("id":"k2",)", "g", R"({\"y\")")),
                                         call_chunk(R"({"function":{"arguments":":1}"}},{"function":{"arguments":":2}"}})"), stop}));
    EXPECT_TRUE(says(got, R"("id":"k1","name":"f","input":{"x":1})")) << got;
    EXPECT_TRUE(says(got, R"("id":"k2","name":"g","input":{"y":2})")) << got;
}

// 43. any-llm#1392
TEST(PeerBugStreams, TheChunkOfUsageHasNoChoice) {
    const auto got = data_of(streamed(spoke::messages, spoke::chat,
                                      {R"({"type":"message_start","message":{"id":"m","usage":{"input_tokens":5}}})",
                                       R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}})"}));
    ASSERT_EQ(got.size(), 4u);
    EXPECT_TRUE(says(got[2], R"("choices":[],"usage":{"prompt_tokens":5,)")) << got[2];
    EXPECT_FALSE(says(got[1], "usage")) << got[1];
    // And one that stands beside a choice is read.
    const auto read = streamed(spoke::chat, spoke::messages,
                               {chunk(R"({"content":"a"})"),
                                R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}})"});
    EXPECT_TRUE(says(read, R"("usage":{"input_tokens":5,"output_tokens":2})")) << read;
}

// 44. codebuddy2api#11
TEST(PeerBugStreams, BlocksEndWhereTheNextBegins) {
    std::string out;
    const auto read = read_chat_stream();
    const auto write = write_messages_stream(names_for_tests());
    write->into(&out);
    read_event(*read, chunk(R"({"content":"a"})"), *write);
    EXPECT_EQ(times(out, "event: content_block_stop"), 0u) << out;
    read_event(*read, call_chunk(call_of(R"("index":0,"id":"k",)", "f")), *write);
    EXPECT_EQ(times(out, "event: content_block_stop"), 1u) << out;
}

// 45. litellm (_CombinedChunkSplitter)
TEST(PeerBugStreams, AllOfAnAnswerMayStandInOneChunk) {
    const std::string all =
        R"({"id":"u","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"k","function":{"name":"f","arguments":"{}"}}],"content":"a","reasoning_content":"t"},"finish_reason":"tool_calls"}]})";
    const auto got = streamed(spoke::chat, spoke::messages, {all});
    expect_whole_blocks(got);
    const auto whole = collected(spoke::messages, got);
    EXPECT_TRUE(says(whole, R"("thinking":"t")")) << whole;
    EXPECT_LT(whole.find(R"("thinking":"t")"), whole.find(R"("text":"a")")) << whole;
    EXPECT_LT(whole.find(R"("text":"a")"), whole.find(R"("name":"f")")) << whole;
    EXPECT_TRUE(says(whole, R"("stop_reason":"tool_use")")) << whole;
}

// 46. llm-rosetta#56, openai/codex#12798, CLIProxyAPI#4860
TEST(PeerBugStreams, AStreamOfResponsesHasItsItemsAndItsEndWhateverWasMissing) {
    const auto got =
        streamed(spoke::chat, spoke::responses, {chunk(R"({"content":"a"})"), call_chunk(call_of(R"("index":0,"id":"k",)", "f")), "[DONE]"});
    for (const std::string type : {"response.output_item.added", "response.output_item.done"}) EXPECT_EQ(times(got, "event: " + type), 2u) << got;
    const auto last = data_of(got).back();
    EXPECT_EQ(member(last, "type"), "response.completed");
    EXPECT_TRUE(says(last, R"("text":"a")") && says(last, R"("name":"f")")) << last;
    EXPECT_TRUE(says(last, R"("usage":{)")) << last;
}

// 46, read: some upstreams say only what is done, and some not even that of each item.
TEST(PeerBugStreams, WhatOnlyTheEndsOfAStreamOfResponsesSayIsRead) {
    const std::string added = R"({"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","call_id":"k","name":"f"}})";
    const std::string end = R"({"type":"response.completed","response":{"output":[]}})";
    const std::vector<std::vector<std::string>> calls{
        {added, R"({"type":"response.function_call_arguments.done","output_index":0,"arguments":"{\"x\":1}"})", end},
        {added, R"({"type":"response.completed","response":{"output":[{"type":"function_call","call_id":"k","name":"f","arguments":"{\"x\":1}"}]}})"},
        {R"({"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"x\""})",
         R"({"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"k","name":"f","arguments":"{\"x\":1}"}})",
         end}};
    for (const auto& events : calls) {
        const auto got = collected(spoke::chat, streamed(spoke::responses, spoke::chat, events));
        EXPECT_TRUE(says(got, R"("name":"f","arguments":"{\"x\":1}")")) << got;
        EXPECT_EQ(times(got, R"("name":"f")"), 1u) << got;
    }
    const auto text =
        collected(spoke::chat, streamed(spoke::responses, spoke::chat,
                                        {R"({"type":"response.output_text.done","output_index":0,"content_index":0,"text":"whole"})",
                                         R"({"type":"response.reasoning_text.done","output_index":1,"content_index":0,"text":"t"})", end}));
    EXPECT_TRUE(says(text, R"("content":"whole")") && says(text, R"("reasoning_content":"t")")) << text;
}

// 47. CLIProxyAPI#4622
TEST(PeerBugStreams, ItemsHaveTheSameIdsFromTheirBeginningToTheLastEvent) {
    const auto got = data_of(
        streamed(spoke::chat, spoke::responses,
                 {chunk(R"({"reasoning_content":"t"})"), chunk(R"({"content":"a"})"), call_chunk(call_of(R"("index":0,"id":"k",)", "f")), stop}));
    EXPECT_FALSE(says(got.back(), R"("id":null)")) << got.back();
    int items = 0;
    for (const auto& each : got) {
        if (member(each, "type") != "response.output_item.added") continue;
        const auto id = member(each, "id", "item");
        EXPECT_NE(id, "");
        EXPECT_TRUE(says(got.back(), R"({"id":")" + id + "\"")) << id << "\n" << got.back();
        ++items;
    }
    EXPECT_EQ(items, 3);
}

// 48. CLIProxyAPI#4530
TEST(PeerBugStreams, ToolsAreEchoedAsTheClientOfResponsesWroteThem) {
    auto with = names_for_tests();
    const std::string request =
        R"({"model":"m","input":"a","tools":[{"type":"function","name":"f","parameters":{"type":"object"}}],"tool_choice":"required","metadata":{"a":"b"},"instructions":"S"})";
    json::index where;
    ASSERT_EQ(where.build(request), json::fault::none);
    with.settings = settings_of_responses(json::cursor{where});
    const std::string tool = R"("tools":[{"type":"function","name":"f","parameters":{"type":"object"}}])";
    const auto stream = streamed(spoke::chat, spoke::responses, {chunk(R"({"content":"a"})"), stop}, with);
    EXPECT_EQ(times(stream, tool), 3u) << stream;
    EXPECT_FALSE(says(stream, R"("function":{)")) << stream;
    const auto whole =
        translated_answer(spoke::chat, spoke::responses, R"({"id":"x","choices":[{"message":{"content":"a"},"finish_reason":"stop"}]})", with);
    for (const std::string_view one : {std::string_view{tool}, std::string_view{R"("tool_choice":"required")"},
                                       std::string_view{R"("metadata":{"a":"b"})"}, std::string_view{R"("instructions":"S")"}}) {
        EXPECT_TRUE(says(stream, one)) << stream;
        EXPECT_TRUE(says(whole, one)) << whole;
    }
}

// 49. sap-ai-core-llm-proxy#35
TEST(PeerBugStreams, AResponseStandsInItsEvent) {
    for (const auto& each : data_of(streamed(spoke::messages, spoke::responses,
                                             {R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
                                              R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}})",
                                              R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})"}))) {
        const auto type = member(each, "type");
        if (type != "response.created" && type != "response.in_progress" && type != "response.completed") continue;
        EXPECT_EQ(member(each, "id", "response"), "id1") << each;
        EXPECT_EQ(member(each, "object", "response"), "response") << each;
        EXPECT_EQ(member(each, "output"), "") << each;
    }
}

// 50. envoy#2579
TEST(PeerBugStreams, BlocksAreKnownByTheirNumbers) {
    const auto got = collected(
        spoke::chat, streamed(spoke::messages, spoke::chat,
                              {R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"k1","name":"f","input":{}}})",
                               R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"k2","name":"g","input":{}}})",
                               R"({"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}})",
                               R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"y\":2}"}})",
                               R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"x\":1}"}})",
                               R"({"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"a"}})",
                               R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"not of this block"}})",
                               R"({"type":"content_block_stop","index":0})", R"({"type":"content_block_stop","index":1})",
                               R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"late"}})",
                               R"({"type":"content_block_stop","index":2})", R"({"type":"message_delta","delta":{"stop_reason":"tool_use"}})"}));
    EXPECT_TRUE(says(got, R"("name":"f","arguments":"{\"x\":1}")")) << got;
    EXPECT_TRUE(says(got, R"("name":"g","arguments":"{\"y\":2}")")) << got;
    EXPECT_TRUE(says(got, R"("content":"a")")) << got;
}

// 51. litellm#2195
TEST(PeerBugStreams, OneEventOfGeminiSaysThatItIsTheEnd) {
    const auto got = data_of(streamed(spoke::chat, spoke::gemini, {chunk(R"({"content":"a"})"), chunk(R"({"content":"b"})"), stop}));
    ASSERT_EQ(got.size(), 3u);
    EXPECT_FALSE(says(got[0], "finishReason") || says(got[1], "finishReason"));
    EXPECT_TRUE(says(got[2], R"("finishReason":"STOP")")) << got[2];
    // Read, too: one that says it at every event is not over at the first.
    const auto read = collected(spoke::chat, streamed(spoke::gemini, spoke::chat,
                                                      {R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]})",
                                                       R"({"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"MAX_TOKENS"}]})"}));
    EXPECT_TRUE(says(read, R"("content":"ab")") && says(read, R"("finish_reason":"length")")) << read;
}

// 52. litellm#11302
TEST(PeerBugStreams, ThoughtsAreNoEmptyTexts) {
    const std::vector<std::string> thinks{
        R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"t"}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}})",
        R"({"type":"content_block_stop","index":0})", R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})"};
    const auto chat = data_of(streamed(spoke::messages, spoke::chat, thinks));
    for (std::size_t i = 1; i < chat.size(); ++i) EXPECT_FALSE(says(chat[i], R"("content":)")) << chat[i];
    const auto responses = streamed(spoke::messages, spoke::responses, thinks);
    EXPECT_FALSE(says(responses, "output_text")) << responses;
    auto hidden = names_for_tests();
    hidden.show_reasoning = false;
    const auto unseen = streamed(spoke::messages, spoke::responses, thinks, hidden);
    EXPECT_FALSE(says(unseen, R"("t")")) << unseen;
}

// 53. new-api#4395, #2744
TEST(PeerBugUsage, WhatWasCachedIsCountedOnce) {
    const std::string claude =
        R"({"content":[{"type":"text","text":"a"}],"stop_reason":"end_turn","usage":{"input_tokens":5,"cache_read_input_tokens":3,"cache_creation_input_tokens":2,"output_tokens":4}})";
    EXPECT_TRUE(
        says(translated_answer(spoke::messages, spoke::chat, claude), R"("usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,)"));
    const auto responses = translated_answer(spoke::messages, spoke::responses, claude);
    EXPECT_TRUE(says(responses, R"("usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":3,"cache_write_tokens":2})")) << responses;
    EXPECT_TRUE(says(translated_answer(spoke::messages, spoke::gemini, claude), R"("promptTokenCount":10,"cachedContentTokenCount":3)"));
    const std::string openai =
        R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":3,"cache_write_tokens":2}}})";
    const auto back = translated_answer(spoke::chat, spoke::messages, openai);
    EXPECT_TRUE(says(back, R"("usage":{"input_tokens":5,"cache_read_input_tokens":3,"cache_creation_input_tokens":2,"output_tokens":4})")) << back;
}

// 54. new-api#4760
TEST(PeerBugUsage, AStreamOfMessagesHasItsDeltaWithUsageAlways) {
    for (const auto from : every_dialect) {
        const auto got = streamed(from, spoke::messages, {});
        EXPECT_EQ(times(got, "event: message_delta"), 1u) << got;
        EXPECT_TRUE(says(got, R"("usage":{"input_tokens":0,"output_tokens":0}}
)")) << got;
    }
    // And an upstream that forgets it has still answered.
    const auto read =
        streamed(spoke::messages, spoke::chat,
                 {R"({"type":"message_start","message":{"id":"m","usage":{"input_tokens":5,"output_tokens":1}}})",
                  R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}})", R"({"type":"message_stop"})"});
    EXPECT_TRUE(says(read, R"("content":"a")") && says(read, R"("finish_reason":"stop")") && says(read, R"("prompt_tokens":5)")) << read;
}

// 56. vercel/ai#6577, litellm#12463, bifrost#3685: nothing is forced by way of a tool here, so that a call is a call and a text is a text.
TEST(PeerBugUsage, StructuredTextEndsAsTextAndACallAsACall) {
    const std::string text = R"({"content":[{"type":"text","text":"{\"x\":1}"}],"stop_reason":"end_turn"})";
    const auto chat = translated_answer(spoke::messages, spoke::chat, text);
    EXPECT_TRUE(says(chat, R"("content":"{\"x\":1}")") && says(chat, R"("finish_reason":"stop")")) << chat;
    EXPECT_FALSE(says(chat, "tool_calls")) << chat;
    const std::string call = R"({"content":[{"type":"tool_use","id":"k","name":"json","input":{"x":1}}],"stop_reason":"tool_use"})";
    const auto called = translated_answer(spoke::messages, spoke::chat, call);
    EXPECT_TRUE(says(called, R"("content":null)") && says(called, R"("finish_reason":"tool_calls")")) << called;
}

// 57a. kolya-br-proxy#35
TEST(PeerBugUsage, AKeyForMessagesMayComeInEitherField) {
    for (const std::string field : {"Authorization: Bearer sk-1", "x-api-key: sk-1"}) {
        const auto text = "POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" + field + "\r\n\r\n";
        weir::http::request_head head;
        ASSERT_EQ(weir::http::parse_request_head(text, text.size(), head).state, weir::http::parse_state::done);
        EXPECT_EQ(weir::dialect::find_credential(head), "sk-1") << field;
    }
}
