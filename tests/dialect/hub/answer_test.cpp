// What answers say besides words: why they ended, what they go by, what they used. Each as a whole and as a stream.
#include <string>
#include <vector>

#include "dialect/hub/answer/error_answer.hpp"
#include "dialect/hub/answer/json_prefix.hpp"
#include "dialect/hub/streamed.hpp"

namespace {

using namespace weir::dialect::hub;
using namespace weir::dialect::hub::test;

constexpr auto C = spoke::chat, R = spoke::responses, M = spoke::messages, G = spoke::gemini;

struct said_end {
    spoke by;
    std::string whole;                ///< an answer that ends so
    std::vector<std::string> stream;  ///< the same
};

said_end chat_end(const std::string& reason, const std::string& refusal = "") {
    const auto refused = refusal.empty() ? "" : R"(,"refusal":")" + refusal + "\"";
    const auto content = refusal.empty() ? R"("content":"a")" : R"("content":null)";
    return {C,
            R"({"id":"x","choices":[{"message":{"role":"assistant",)" + (content + refused) + R"(},"finish_reason":")" + reason + R"("}]})",
            {R"({"id":"x","choices":[{"index":0,"delta":{)" + (content + refused) + R"(},"finish_reason":null}]})",
             R"({"id":"x","choices":[{"index":0,"delta":{},"finish_reason":")" + reason + R"("}]})"}};
}

said_end messages_end(const std::string& reason) {
    return {M,
            R"({"id":"x","content":[{"type":"text","text":"a"}],"stop_reason":")" + reason + R"("})",
            {R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}})", R"({"type":"content_block_stop","index":0})",
             R"({"type":"message_delta","delta":{"stop_reason":")" + reason + R"("}})"}};
}

said_end gemini_end(const std::string& reason) {
    const auto event = R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":")" + reason + R"("}]})";
    return {G, event, {event}};
}

said_end responses_end(const std::string& status, const std::string& details, const std::string& part = R"({"type":"output_text","text":"a"})") {
    const auto response =
        R"({"id":"x","status":")" + status + R"(","incomplete_details":)" + details + R"(,"output":[{"type":"message","content":[)" + part + "]}]}";
    return {R, response, {R"({"type":"response.)" + status + R"(","response":)" + response + "}"}};
}

std::string ending(spoke to, const std::string& of) {
    const auto word = [&](std::string_view name) {
        const auto at = of.rfind("\"" + std::string{name} + "\":\"");
        if (at == std::string::npos) return std::string{"-"};
        const auto begin = at + name.size() + 4;
        return of.substr(begin, of.find('"', begin) - begin);
    };
    if (to == C) return word("finish_reason");
    if (to == M) return word("stop_reason");
    if (to == G) return word("finishReason");
    const auto details = of.rfind(R"("incomplete_details":{"reason":")");
    const auto begin = details + 32;
    const auto last = data_of(of).empty() ? of : data_of(of).back();
    const auto status = last.find(R"("status":"incomplete")") != std::string::npos ? "incomplete"
                        : last.find(R"("status":"failed")") != std::string::npos   ? "failed"
                                                                                   : "completed";
    return status + (details == std::string::npos ? "" : " " + of.substr(begin, of.find('"', begin) - begin));
}

}  // namespace

// 2.1
TEST(HubAnswer, EveryEndIsSaidInEveryDialect) {
    struct row {
        said_end from;
        std::string chat, responses, messages, gemini;
    };
    const std::string sequence = R"({"id":"x","content":[{"type":"text","text":"a"}],"stop_reason":"stop_sequence","stop_sequence":"END"})";
    const std::vector<row> all{
        {chat_end("stop"), "stop", "completed", "end_turn", "STOP"},
        {chat_end("length"), "length", "incomplete max_output_tokens", "max_tokens", "MAX_TOKENS"},
        {chat_end("content_filter"), "content_filter", "incomplete content_filter", "refusal", "SAFETY"},
        {chat_end("stop", "no"), "stop", "completed", "refusal", "STOP"},
        {chat_end("from_the_future"), "stop", "completed", "end_turn", "OTHER"},
        {messages_end("end_turn"), "stop", "completed", "end_turn", "STOP"},
        {messages_end("stop_sequence"), "stop", "completed", "stop_sequence", "STOP"},
        {messages_end("max_tokens"), "length", "incomplete max_output_tokens", "max_tokens", "MAX_TOKENS"},
        {messages_end("model_context_window_exceeded"), "length", "incomplete max_output_tokens", "model_context_window_exceeded", "MAX_TOKENS"},
        {messages_end("refusal"), "content_filter", "completed", "refusal", "STOP"},
        {messages_end("pause_turn"), "stop", "incomplete", "pause_turn", "OTHER"},
        {messages_end("from_the_future"), "stop", "completed", "end_turn", "OTHER"},
        {gemini_end("STOP"), "stop", "completed", "end_turn", "STOP"},
        {gemini_end("MAX_TOKENS"), "length", "incomplete max_output_tokens", "max_tokens", "MAX_TOKENS"},
        {gemini_end("CONTINUATION"), "length", "incomplete max_output_tokens", "max_tokens", "MAX_TOKENS"},
        {gemini_end("MODEL_ARMOR"), "content_filter", "incomplete content_filter", "refusal", "SAFETY"},
        {gemini_end("ESCALATION"), "content_filter", "incomplete content_filter", "refusal", "SAFETY"},
        {gemini_end("PUP_LIMITED_DISABLED"), "content_filter", "incomplete content_filter", "refusal", "SAFETY"},
        {gemini_end("MALFORMED_FUNCTION_CALL"), "stop", "failed", "end_turn", "MALFORMED_FUNCTION_CALL"},
        {gemini_end("OTHER"), "stop", "completed", "end_turn", "OTHER"},
        {responses_end("completed", "null"), "stop", "completed", "end_turn", "STOP"},
        {responses_end("incomplete", R"({"reason":"max_output_tokens"})"), "length", "incomplete max_output_tokens", "max_tokens", "MAX_TOKENS"},
        {responses_end("incomplete", R"({"reason":"steered"})"), "length", "incomplete max_output_tokens", "max_tokens", "MAX_TOKENS"},
        {responses_end("incomplete", "null"), "length", "incomplete max_output_tokens", "max_tokens", "MAX_TOKENS"},
        {responses_end("incomplete", R"({"reason":"content_filter"})"), "content_filter", "incomplete content_filter", "refusal", "SAFETY"},
        {responses_end("completed", "null", R"({"type":"refusal","refusal":"no"})"), "stop", "completed", "refusal", "STOP"}};
    for (const auto& each : all) {
        const std::string expected[] = {each.chat, each.responses, each.messages, each.gemini};
        for (const auto to : every_dialect) {
            const auto& wanted = expected[static_cast<std::size_t>(to)];
            EXPECT_EQ(ending(to, translated_answer(each.from.by, to, each.from.whole)), wanted) << each.from.whole;
            EXPECT_EQ(ending(to, streamed(each.from.by, to, each.from.stream)), wanted) << each.from.whole;
        }
    }
    EXPECT_TRUE(says(translated_answer(M, M, sequence), R"("stop_sequence":"END")"));
}

TEST(HubAnswer, AnAnswerThatFailedIsNone) {
    for (const auto& [from, body] : std::vector<std::pair<spoke, std::string>>{
             {R, R"({"id":"x","status":"failed","error":{"code":"server_error","message":"m"},"output":[]})"},
             {R, R"({"id":"x","status":"cancelled","output":[]})"},
             {C, R"({"id":"x","choices":[{"message":{"content":"a"},"finish_reason":"error"}]})"},
             {C, R"({"id":"x","choices":[{"message":{"content":"a"},"error":{"message":"m"},"finish_reason":null}]})"},
             {G, R"({"candidates":[{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL"}]})"}}) {
        weir::dialect::json::index where;
        ASSERT_EQ(where.build(body), weir::dialect::json::fault::none);
        document_writer writer{C, names_for_tests()};
        const bool read = read_document(from, weir::dialect::json::cursor{where}, writer);
        EXPECT_TRUE(!read || writer.failed()) << body;
    }
    const auto stream = streamed(C, M, {R"({"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"error"}]})"});
    EXPECT_TRUE(says(stream, "event: error")) << stream;
    EXPECT_FALSE(says(stream, "message_stop")) << stream;
}

// 2.5
TEST(HubAnswer, AddressesThatATextGoesByAreToldInEveryDialectThatHasThem) {
    // "é" has two bytes: Gemini counts those, the others characters.
    const std::string in_chat = R"({"type":"url_citation","url_citation":{"start_index":2,"end_index":4,"url":"https://a/b","title":"T"}})";
    const std::string in_responses = R"({"type":"url_citation","start_index":2,"end_index":4,"url":"https://a/b","title":"T"})";
    const std::string in_gemini =
        R"("groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a/b","title":"T"}}],"groundingSupports":[{"segment":{"startIndex":3,"endIndex":5},"groundingChunkIndices":[0]}]})";
    const std::string source = R"({"type":"web_search_result_location","url":"https://a/b","title":"T","cited_text":"bc","encrypted_index":"E"})";
    const std::vector<said_end> all{
        {C,
         R"({"id":"x","choices":[{"message":{"content":"\u00e9 bc","annotations":[)" + in_chat + R"(]},"finish_reason":"stop"}]})",
         {R"({"choices":[{"index":0,"delta":{"content":"é b"}}]})", R"({"choices":[{"index":0,"delta":{"content":"c"}}]})",
          R"({"choices":[{"index":0,"delta":{"annotations":[)" + in_chat + R"(]},"finish_reason":"stop"}]})"}},
        {R,
         R"({"id":"x","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"é bc","annotations":[)" +
             in_responses + "]}]}]}",
         {R"({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"é bc"})",
          R"({"type":"response.output_text.annotation.added","output_index":0,"content_index":0,"annotation_index":0,"annotation":)" + in_responses +
              "}",
          R"({"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"é bc","annotations":[)" +
              in_responses + "]}]}}",
          R"({"type":"response.completed","response":{"output":[]}})"}},
        {M,
         R"({"id":"x","content":[{"type":"text","text":"é "},{"type":"text","text":"bc","citations":[)" + source + R"(]}],"stop_reason":"end_turn"})",
         {R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
          R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"é "}})", R"({"type":"content_block_stop","index":0})",
          R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":"","citations":[]}})",
          R"({"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":)" + source + "}}",
          R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"bc"}})", R"({"type":"content_block_stop","index":1})",
          R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})"}},
        {G,
         R"({"candidates":[{"content":{"parts":[{"text":"é bc"}]},"finishReason":"STOP",)" + in_gemini + "}]}",
         {R"({"candidates":[{"content":{"parts":[{"text":"é b"}]}}]})",
          R"({"candidates":[{)" + in_gemini + R"(,"content":{"parts":[{"text":"c"}]},"finishReason":"STOP"}]})"}}};
    for (const auto& each : all) {
        const bool in_blocks = each.by == M;
        const auto item = in_blocks ? R"({"type":"url_citation","start_index":0,"end_index":2,"url":"https://a/b","title":"T"})" : in_responses;
        EXPECT_TRUE(says(translated_answer(each.by, C, each.whole), R"("annotations":[)" + in_chat + "]")) << each.whole;
        EXPECT_TRUE(says(translated_answer(each.by, R, each.whole), R"("annotations":[)" + item + "]")) << translated_answer(each.by, R, each.whole);
        EXPECT_TRUE(says(translated_answer(each.by, G, each.whole), in_gemini)) << translated_answer(each.by, G, each.whole);
        const auto chat = streamed(each.by, C, each.stream);
        EXPECT_TRUE(says(chat, R"("delta":{"annotations":[{"index":0,)" + in_chat.substr(1) + "]}")) << chat;
        const auto responses = streamed(each.by, R, each.stream);
        EXPECT_EQ(times(responses, item), 4u) << responses;  // added, part, item, response
        EXPECT_TRUE(says(data_of(responses).back(), item)) << responses;
        const auto gemini = streamed(each.by, G, each.stream);
        EXPECT_TRUE(says(data_of(gemini).back(), in_gemini)) << gemini;
    }
}

TEST(HubAnswer, SourcesThatHaveNoPlaceAreCounted) {
    const std::string openai =
        R"({"id":"x","choices":[{"message":{"content":"a","annotations":[{"type":"url_citation","url_citation":{"start_index":0,"end_index":1,"url":"https://a/b","title":"T"}}]},"finish_reason":"stop"}]})";
    const std::string claude =
        R"({"content":[{"type":"text","text":"a","citations":[{"type":"char_location","cited_text":"a","document_index":0,"document_title":"D","file_id":null}]}],"stop_reason":"end_turn"})";
    const auto count = [](spoke from, spoke to, const std::string& body) {
        weir::dialect::json::index where;
        EXPECT_EQ(where.build(body), weir::dialect::json::fault::none);
        document_writer writer{to, names_for_tests()};
        skipped_parts skipped;
        EXPECT_TRUE(read_document(from, weir::dialect::json::cursor{where}, writer, skipped));
        (void)writer.take();
        skipped.add(writer.left_out());
        return skipped.of(skipped_parts::kind::citation);
    };
    EXPECT_EQ(count(C, M, openai), 1u);
    EXPECT_EQ(count(C, R, openai), 0u);
    for (const auto to : {C, R, G}) EXPECT_EQ(count(M, to, claude), 1u);
    auto file = claude;
    file.replace(file.find("null"), 4, "\"file_1\"");
    EXPECT_EQ(count(M, R, file), 0u);
    EXPECT_TRUE(says(translated_answer(M, R, file), R"({"type":"file_citation","file_id":"file_1","filename":"D","index":1})"));
    EXPECT_EQ(count(M, C, file), 1u);
}

// 2.4
TEST(HubAnswer, SoundsAreCountedApart) {
    const std::string google =
        R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15,"promptTokensDetails":[{"modality":"TEXT","tokenCount":4},{"modality":"AUDIO","tokenCount":6}]}})";
    for (const auto& got : {translated_answer(G, C, google), streamed(G, C, {google})})
        EXPECT_TRUE(says(got, R"("prompt_tokens_details":{"cached_tokens":0,"audio_tokens":6})")) << got;
    const std::string openai =
        R"({"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"audio_tokens":6}}})";
    for (const auto& got : {translated_answer(C, G, openai), streamed(C, G, {openai})})
        EXPECT_TRUE(says(got, R"("promptTokensDetails":[{"modality":"TEXT","tokenCount":4},{"modality":"AUDIO","tokenCount":6}])")) << got;
}

// 3.3
TEST(HubAnswer, ClientsOfMessagesAreToldNoArgumentsThatAreNoJson) {
    const auto call = [](const std::string& arguments) {
        return R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"k","function":{"name":"f","arguments":")" + arguments +
               R"("}}]},"finish_reason":null}]})";
    };
    for (const std::string broken : {R"({\"a\":x})", R"({a:1})", R"({\"a\":1]})", R"({\"a\":\"\n\"})", "nonsense"}) {
        const auto got = streamed(C, M, {call(broken), R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})"});
        EXPECT_TRUE(says(got, "event: error")) << got;
        EXPECT_FALSE(says(got, "message_stop") || says(got, "partial_json")) << got;
    }
    for (const std::string nothing : {"", "null", R"(\"\")", " "}) {
        const auto got = streamed(C, M, {call(nothing), R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})"});
        EXPECT_FALSE(says(got, "event: error")) << got;
        EXPECT_TRUE(says(collected(M, got), R"("name":"f","input":{})")) << got;
    }
    const auto list = streamed(C, M, {call("[1"), call(",2]"), R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})"});
    EXPECT_TRUE(says(collected(M, list), R"("input":{"input":[1,2]})")) << list;
    const auto cut = streamed(C, M, {call(R"({\"a\":\"x)"), R"({"choices":[{"index":0,"delta":{},"finish_reason":"length"}]})"});
    EXPECT_TRUE(says(cut, R"("stop_reason":"max_tokens")")) << cut;
}

TEST(HubAnswer, NobodyWaitsForTheResultOfACallThatIsLeftOut) {
    const auto answer = [](const std::string& more) {
        return R"({"choices":[{"message":{"content":"a","tool_calls":[{"id":"k","function":{"name":"f","arguments":"{\"half"}})" + more +
               R"(]},"finish_reason":"tool_calls"}]})";
    };
    EXPECT_TRUE(says(translated_answer(C, M, answer("")), R"("stop_reason":"end_turn")"));
    EXPECT_TRUE(says(translated_answer(C, M, answer(R"(,{"id":"l","function":{"name":"g","arguments":"{}"}})")), R"("stop_reason":"tool_use")"));
}

TEST(HubAnswer, KnowsOfEveryPieceWhetherItCanBecomeAnObject) {
    const std::string whole = R"( {\"a\" : [1, -0.5e+3, true, false, null, \"q\\u00e9\\\"\\\\\", {}, [], [{\"b\":\"\u00e9é\"}]] , \"c\":0}  )";
    for (std::size_t cut = 0; cut <= whole.size(); cut += whole[cut] != '\\' ? 1 : whole[cut + 1] == 'u' ? 6 : 2) {
        json_prefix begun;
        begun.read(whole.substr(0, cut));
        EXPECT_FALSE(begun.broken()) << whole.substr(0, cut);
        EXPECT_EQ(begun.whole(), cut + 3 > whole.size()) << whole.substr(0, cut);
    }
    for (const std::string wrong : {"[", "1", "{1", R"({\"a\" 1)", R"({\"a\":01)", R"({\"a\":tru})", R"({\"a\":1,})", R"({\"a\":[1,]})",
                                    R"({\"a\":1} x)", R"({\"a\":\"\t\")", R"({\"a\":\"\\q)", R"({\"a\":1.})", R"({\"a\":-})", R"({\"a\":1]})", "x"}) {
        json_prefix all;
        all.read(wrong);
        EXPECT_TRUE(all.broken()) << wrong;
    }
}

TEST(HubAnswer, ACallWithoutItsNameWaitsForIt) {
    const auto got =
        collected(M, streamed(C, M,
                              {R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"k","function":{"arguments":"{\"x\""}}]}}]})",
                               R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":":1}"}}]}}]})",
                               R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})"}));
    EXPECT_TRUE(says(got, R"("id":"k","name":"f","input":{"x":1})")) << got;
}

// Some say what they think under both of its names.
TEST(HubAnswer, ThoughtsUnderTwoNamesAreSaidOnce) {
    const auto got = collected(M, streamed(C, M,
                                           {R"({"choices":[{"index":0,"delta":{"reasoning":"t","reasoning_content":"t"}}]})",
                                            R"({"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"a"}]},"finish_reason":"stop"}]})"}));
    EXPECT_TRUE(says(got, R"("thinking":"t")") && says(got, R"("text":"a")")) << got;
}

TEST(HubAnswer, WhatIsBehindASignatureIsNotWhatWasSigned) {
    const auto got =
        translated_answer(G, R, R"({"candidates":[{"content":{"parts":[{"text":"a","thoughtSignature":"S"},{"text":"b"}]},"finishReason":"STOP"}]})");
    EXPECT_TRUE(says(got, R"("text":"a")") && says(got, R"("text":"b")")) << got;
    EXPECT_EQ(times(got, "encrypted_content"), 1u) << got;
}

TEST(HubAnswer, AListForGeminiEndsWithItsError) {
    auto with = names_for_tests();
    with.as_array = true;
    const auto got = streamed(C, G, {R"({"choices":[{"index":0,"delta":{"content":"a"}}]})", R"({"error":{"message":"busy"}})"}, with);
    EXPECT_TRUE(got.starts_with("[{") && got.ends_with("}]\r\n")) << got;
    EXPECT_TRUE(says(got, R"({"error":{"code":)")) << got;
    weir::dialect::json::index where;
    ASSERT_EQ(where.build(got), weir::dialect::json::fault::none);
    weir::dialect::json::cursor at{where};
    EXPECT_TRUE(at.skip() && at.at_end()) << got;
}

// zed#60998, hermes-agent#41321: Bedrock's OpenAI door says a message again and again, each time a little longer.
TEST(HubAnswer, OfMessagesThatGrowOnlyWhatIsNewIsSaid) {
    const std::string first(70, 'a');
    const auto delta = [](int item, const std::string& text) {
        return R"({"type":"response.output_text.delta","output_index":)" + std::to_string(item) + R"(,"content_index":0,"delta":")" + text + R"("})";
    };
    const auto done = [](int item, const std::string& text) {
        return R"({"type":"response.output_item.done","output_index":)" + std::to_string(item) +
               R"(,"item":{"type":"message","content":[{"type":"output_text","text":")" + text + R"("}]}})";
    };
    const std::string end = R"({"type":"response.completed","response":{"output":[]}})";
    const auto text = [&](const std::vector<std::string>& events) {
        const auto whole = collected(C, streamed(R, C, events));
        const auto begin = whole.find(R"("content":")") + 11;
        return whole.substr(begin, whole.find('"', begin) - begin);
    };
    EXPECT_EQ(text({delta(0, first), done(0, first), delta(1, first.substr(0, 50)), delta(1, first.substr(50) + "b"), delta(1, "c"),
                    done(1, first + "bc"), done(2, first + "bcd"), done(3, first + "bcd"), end}),
              first + "bcd");
    // Others begin alike by chance, or with little.
    EXPECT_EQ(text({delta(0, first), done(0, first), delta(1, "aaa"), delta(1, "x"), done(1, "aaax"), end}), first + "aaax");
    EXPECT_EQ(text({delta(0, first), done(0, first), delta(1, "aaa"), done(1, "aaa"), end}), first + "aaa");
    EXPECT_EQ(text({delta(0, "OK"), done(0, "OK"), delta(1, "OK, so"), done(1, "OK, so"), end}), "OKOK, so");
}

// 4
TEST(HubAnswer, ErrorsKeepWhatTheyMean) {
    const auto told = [](spoke to, int status, std::string_view code, std::string_view message = "m") {
        return tell_error(to, {status, code, message}, "r");
    };
    for (const auto to : {C, R}) {
        const auto quota = told(to, 429, "insufficient_quota");
        EXPECT_EQ(quota.status, 429);
        EXPECT_TRUE(says(quota.body, R"("type":"insufficient_quota","param":null,"code":"insufficient_quota")")) << quota.body;
        for (const std::string code : {"content_filter", "content_policy_violation", "misalignment_policy_violation"}) {
            const auto filtered = told(to, 400, code);
            EXPECT_TRUE(says(filtered.body, R"("type":"invalid_request_error","param":null,"code":")" + code)) << filtered.body;
        }
    }
    const auto billing = told(M, 429, "insufficient_quota");
    EXPECT_EQ(billing.status, 402);
    EXPECT_TRUE(says(billing.body, R"("type":"billing_error")")) << billing.body;
    EXPECT_EQ(told(G, 429, "insufficient_quota").status, 429);
    EXPECT_TRUE(says(told(G, 502, "").body, R"("status":"INTERNAL")"));
    // How long to wait stands where the client looks for it.
    const std::string resting =
        R"({"error":{"code":429,"details":[{"@type":"other"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"12.3s"}]}})";
    weir::dialect::json::index where;
    ASSERT_EQ(where.build(resting), weir::dialect::json::fault::none);
    EXPECT_EQ(pause_in(weir::dialect::json::cursor{where}), 13);
    EXPECT_TRUE(says(tell_error(G, {429, "", "m", 13}, "r").body, R"("retryDelay":"13s")"));
    // What is cut is still UTF-8.
    std::string message(1023, 'a');
    const auto cut = told(C, 400, "", message + "é").body;
    EXPECT_FALSE(says(cut, "\xC3")) << cut;
    EXPECT_TRUE(says(cut, message)) << cut;
}
