#include <gtest/gtest.h>

#include <string>

#include "dialect/request.hpp"

using namespace weir;
using namespace weir::dialect;

namespace {

std::string spliced(std::string_view body, const std::vector<edit>& edits) {
    std::string out;
    std::size_t from = 0;
    for (const edit& one : edits) {
        EXPECT_GE(one.at.begin, from) << "edits must ascend and not overlap";
        out += body.substr(from, one.at.begin - from);
        out += one.with;
        from = one.at.end;
    }
    out += body.substr(from);
    EXPECT_EQ(out.size(), edited_size(body.size(), edits));
    return out;
}

std::string edited(endpoint e, const std::string& body, const wishes& what) {
    request_facts facts;
    const core::error why = inspect(e, body.data(), body.size(), facts);
    EXPECT_FALSE(why) << why.message;
    std::string out = spliced(body, plan_edits(e, facts, what));
    request_facts after;
    EXPECT_FALSE(inspect(e, out.data(), out.size(), after)) << "the result must be legal: " << out;
    // What was wished holds then, so that a second look changes nothing.
    EXPECT_EQ(spliced(out, plan_edits(e, after, what)), out);
    return out;
}

constexpr auto chat = endpoint::chat_completions;

}  // namespace

TEST(PlanEdits, ChangesNothingWithoutAWish) {
    EXPECT_EQ(edited(chat, R"({"model":"a","messages":[],"stream":true})", {}), R"({"model":"a","messages":[],"stream":true})");
    EXPECT_EQ(edited(chat, R"({"model":"a"})", {.model = "a"}), R"({"model":"a"})");
}

TEST(PlanEdits, SplicesTheModelAlone) {
    EXPECT_EQ(edited(chat, R"({ "temperature":0.10,"model" :  "a" , "messages":[]})", {.model = "gpt-4o-2024-11-20"}),
              R"({ "temperature":0.10,"model" :  "gpt-4o-2024-11-20" , "messages":[]})");
    EXPECT_EQ(edited(chat, R"({"model":"a"})", {.model = "we\"ird\\\n"}), R"({"model":"we\"ird\\\n"})");
    EXPECT_EQ(edited(endpoint::moderations, R"({"input":"x"})", {.model = "b"}), R"({"model":"b","input":"x"})");
    EXPECT_EQ(edited(endpoint::moderations, "{}", {.model = "b"}), R"({"model":"b"})");
    EXPECT_EQ(edited(endpoint::moderations, R"({"model":null,"input":"x"})", {.model = "b"}), R"({"model":"b","input":"x"})");
    EXPECT_EQ(edited(endpoint::gemini_generate, R"({"contents":[]})", {.model = "b"}), R"({"contents":[]})");
    EXPECT_EQ(edited(endpoint::gemini_embed, R"({"model":"models/a"})", {.model = "b"}), R"({"model":"models/b"})");
}

TEST(PlanEdits, AsksForUsageInEveryShapeOfStreamOptions) {
    const wishes usage{.include_usage = true};
    EXPECT_EQ(edited(chat, R"({"model":"a","stream":true})", usage), R"({"stream_options":{"include_usage":true},"model":"a","stream":true})");
    EXPECT_EQ(edited(chat, R"({"model":"a","stream":true,"stream_options":null})", usage),
              R"({"model":"a","stream":true,"stream_options":{"include_usage":true}})");
    EXPECT_EQ(edited(chat, R"({"model":"a","stream":true,"stream_options":{ }})", usage),
              R"({"model":"a","stream":true,"stream_options":{"include_usage":true}})");
    EXPECT_EQ(edited(chat, R"({"model":"a","stream":true,"stream_options":{"include_obfuscation":false}})", usage),
              R"({"model":"a","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}})");
    EXPECT_EQ(edited(chat, R"({"model":"a","stream":true,"stream_options":{"include_usage":false}})", usage),
              R"({"model":"a","stream":true,"stream_options":{"include_usage":true}})");
    EXPECT_EQ(edited(chat, R"({"model":"a","stream":true,"stream_options":{"include_usage":null}})", usage),
              R"({"model":"a","stream":true,"stream_options":{"include_usage":true}})");
    EXPECT_EQ(edited(chat, R"({"model":"a","stream":true,"stream_options":{"include_usage":true}})", usage),
              R"({"model":"a","stream":true,"stream_options":{"include_usage":true}})");
}

TEST(PlanEdits, AsksForUsageOnlyWhereTheOptionExists) {
    const wishes usage{.include_usage = true};
    for (const char* body : {R"({"model":"a","stream":false})", R"({"model":"a"})"}) EXPECT_EQ(edited(chat, body, usage), body);
    const char* streaming = R"({"model":"a","stream":true})";
    EXPECT_NE(edited(endpoint::completions, streaming, usage), streaming);
    EXPECT_EQ(edited(endpoint::responses, streaming, usage), streaming);
    EXPECT_EQ(edited(endpoint::messages, streaming, usage), streaming);
}

TEST(PlanEdits, MakesAStreamOfAUnaryRequest) {
    const wishes stream{.stream = true};
    EXPECT_EQ(edited(chat, R"({"model":"a"})", stream), R"({"stream":true,"model":"a"})");
    EXPECT_EQ(edited(chat, R"({"model":"a", "stream" : false })", stream), R"({"model":"a", "stream" : true })");
    EXPECT_EQ(edited(chat, R"({"model":"a","stream":null})", stream), R"({"model":"a","stream":true})");
    EXPECT_EQ(edited(chat, R"({"model":"a","stream":true})", stream), R"({"model":"a","stream":true})");
    EXPECT_EQ(edited(chat, R"({"model":"a"})", {.stream = true, .include_usage = true}),
              R"({"stream":true,"stream_options":{"include_usage":true},"model":"a"})");
    EXPECT_EQ(edited(endpoint::messages, R"({"model":"a"})", {.stream = true, .include_usage = true}), R"({"stream":true,"model":"a"})");
    EXPECT_EQ(edited(endpoint::gemini_generate, R"({"contents":[]})", stream), R"({"contents":[]})");
}

TEST(PlanEdits, LowersLimitsAboveTheCap) {
    const wishes cap{.max_output = 4096};
    EXPECT_EQ(edited(chat, R"({"model":"a","max_tokens":9999,"max_completion_tokens":10})", cap),
              R"({"model":"a","max_tokens":4096,"max_completion_tokens":10})");
    EXPECT_EQ(edited(chat, R"({"model":"a","max_tokens":1e9})", cap), R"({"model":"a","max_tokens":4096})");
    EXPECT_EQ(edited(chat, R"({"model":"a","max_tokens":-1})", cap), R"({"model":"a","max_tokens":4096})");
    EXPECT_EQ(edited(chat, R"({"model":"a","max_tokens":4096})", cap), R"({"model":"a","max_tokens":4096})");
    EXPECT_EQ(edited(chat, R"({"model":"a","max_tokens":10,"n_predict":-1})", cap), R"({"model":"a","max_tokens":10,"n_predict":4096})");
    EXPECT_EQ(edited(endpoint::gemini_generate, R"({"generationConfig":{"maxOutputTokens":5000}})", cap),
              R"({"generationConfig":{"maxOutputTokens":4096}})");
}

TEST(PlanEdits, SetsTheEndpointsOwnLimitWhereThereIsNone) {
    const wishes cap{.max_output = 7};
    EXPECT_EQ(edited(chat, R"({"model":"a"})", cap), R"({"max_completion_tokens":7,"model":"a"})");
    EXPECT_EQ(edited(chat, R"({"model":"a","max_completion_tokens":null,"max_tokens":null})", cap),
              R"({"model":"a","max_completion_tokens":7,"max_tokens":null})");
    EXPECT_EQ(edited(endpoint::completions, R"({"model":"a"})", cap), R"({"max_tokens":7,"model":"a"})");
    EXPECT_EQ(edited(endpoint::messages, R"({"model":"a"})", cap), R"({"max_tokens":7,"model":"a"})");
    EXPECT_EQ(edited(endpoint::responses, R"({"model":"a"})", cap), R"({"max_output_tokens":7,"model":"a"})");
    EXPECT_EQ(edited(endpoint::gemini_generate, "{}", cap), R"({"generationConfig":{"maxOutputTokens":7}})");
    EXPECT_EQ(edited(endpoint::gemini_generate, R"({"generationConfig":{}})", cap), R"({"generationConfig":{"maxOutputTokens":7}})");
    EXPECT_EQ(edited(endpoint::gemini_generate, R"({"generationConfig":null})", cap), R"({"generationConfig":{"maxOutputTokens":7}})");
    EXPECT_EQ(edited(endpoint::gemini_generate, R"({"generationConfig":{"topK":1}})", cap), R"({"generationConfig":{"maxOutputTokens":7,"topK":1}})");
    EXPECT_EQ(edited(endpoint::embeddings, R"({"model":"a"})", cap), R"({"model":"a"})");
}

TEST(PlanEdits, CombinesAllWishes) {
    EXPECT_EQ(edited(chat, R"({"stream":true,"max_tokens":99,"model":"a"})", {.model = "b", .include_usage = true, .max_output = 9}),
              R"({"stream_options":{"include_usage":true},"stream":true,"max_tokens":9,"model":"b"})");
    EXPECT_EQ(edited(chat, R"({"stream":true,"model":"a"})", {.model = "b", .include_usage = true, .max_output = 9}),
              R"({"stream_options":{"include_usage":true},"max_completion_tokens":9,"stream":true,"model":"b"})");
}

TEST(PlanEdits, WritesFormFieldsWithoutQuotes) {
    const std::string body = "--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--B--\r\n";
    request_facts facts;
    ASSERT_FALSE(inspect_multipart("multipart/form-data; boundary=B", body, facts));
    EXPECT_EQ(
        spliced(body, plan_edits(endpoint::audio_transcriptions, facts, {.model = "gpt-4o-transcribe", .include_usage = true, .max_output = 5})),
        "--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-4o-transcribe\r\n--B--\r\n");
}
