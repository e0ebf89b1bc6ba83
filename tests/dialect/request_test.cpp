#include "dialect/request.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::dialect;
using core::code;

namespace {

struct inspected {
    core::error why;
    request_facts facts;
};

// The body in memory of exactly its size: reading beyond it is seen by the address sanitizer.
inspected look(endpoint e, std::string_view body) {
    const std::vector<char> exact(body.begin(), body.end());
    inspected out;
    out.why = inspect(e, exact.data(), exact.size(), out.facts);
    return out;
}

std::string at(std::string_view body, range r) { return std::string{body.substr(r.begin, r.end - r.begin)}; }

}  // namespace

TEST(Request, FindsModelStreamAndLimits) {
    const std::string body = R"( { "model" : "gpt-4o" ,"messages":[{"role":"user","content":"hi"}],"n":3,)"
                             R"("max_tokens":100,"max_completion_tokens": 50 ,"stream_options":{"include_usage":true},"stream":true})";
    const auto [why, facts] = look(endpoint::chat_completions, body);
    ASSERT_FALSE(why) << why.message;
    EXPECT_EQ(facts.model, "gpt-4o");
    EXPECT_EQ(at(body, facts.model_at), "\"gpt-4o\"");
    EXPECT_TRUE(facts.stream);
    EXPECT_EQ(facts.max_output, 50);
    ASSERT_EQ(facts.max_output_at.size(), 2U);
    EXPECT_EQ(at(body, facts.max_output_at[0]), "100");
    EXPECT_EQ(at(body, facts.max_output_at[1]), "50");
    EXPECT_TRUE(facts.asks_usage);
    EXPECT_EQ(at(body, facts.stream_options_at), "{\"include_usage\":true}");
    EXPECT_EQ(at(body, facts.include_usage_at), "true");
    EXPECT_EQ(facts.choices, 3);
    EXPECT_EQ(facts.first_member, 2U);
    EXPECT_FALSE(facts.empty_object);
}

TEST(Request, KnowsWhoThinksWithFunctions) {
    const std::string function = R"({"type":"function","function":{"name":"f"}})";
    const auto thinks = [](endpoint e, const std::string& more) {
        const auto [why, facts] =
            look(e, R"({"model":"m",)" + std::string{e == endpoint::responses ? R"("input":"q")" : R"("messages":[])"} + more + "}");
        EXPECT_FALSE(why) << why.message;
        return facts.thinks_with_functions;
    };
    const auto chat = [&](const std::string& more) { return thinks(endpoint::chat_completions, more); };
    const std::string low = R"(,"reasoning_effort":"low")";
    EXPECT_TRUE(chat(low + R"(,"tools":[)" + function + "]"));
    EXPECT_TRUE(chat(R"(,"tools":[{"type":"custom","custom":{}},)" + function + "]" + low)) << "whatever stands first";
    for (const auto& other : {std::string{}, low, R"(,"tools":[)" + function + "]", low + R"(,"tools":[])", low + R"(,"tools":null)",
                              low + R"(,"tools":{"type":"function"})", low + R"(,"tools":[{"type":"custom"}])", low + R"(,"tools":["function",5,[]])",
                              R"(,"reasoning_effort":"none","tools":[)" + function + "]", R"(,"reasoning_effort":null,"tools":[)" + function + "]",
                              R"(,"reasoning_effort":5,"tools":[)" + function + "]"})
        EXPECT_FALSE(chat(other)) << other;
    EXPECT_FALSE(thinks(endpoint::responses, low + R"(,"tools":[)" + function + "]")) << "there it is as usual";
}

// llama.cpp lets it win over the others.
TEST(Request, KnowsTheLimitThatOneServerHasOfItsOwn) {
    for (const auto e : {endpoint::chat_completions, endpoint::completions}) {
        const auto [why, facts] = look(e, std::string{R"({"model":"m","max_tokens":100,"n_predict":-1,)"} +
                                              (e == endpoint::completions ? R"("prompt":"p"})" : R"("messages":[]})"));
        ASSERT_FALSE(why) << why.message;
        EXPECT_EQ(facts.max_output_at.size(), 2U);
        EXPECT_EQ(facts.max_output, 100);
        EXPECT_EQ(look(e, R"({"model":"m","n_predict":5,"n_predict":6})").why.what, core::code::bad_request) << "which one wins is not known";
    }
    const auto [why, facts] = look(endpoint::messages, R"({"model":"m","n_predict":7,"messages":[]})");
    EXPECT_FALSE(why) << why.message;
    EXPECT_FALSE(facts.max_output) << "nobody reads it there";
}

TEST(Request, FindsTheModelBehindALongConversation) {
    std::string body = R"({"messages":[)";
    for (int i = 0; i < 20'000; ++i)
        body += R"({"role":"user","content":"line one\nline \"two\" with {braces}, [brackets] and \\ slashes, \"model\": \"no\" and so on"},)";
    body.back() = ']';
    body += R"(,"model":"claude-sonnet-4-5","max_tokens":5})";
    ASSERT_GT(body.size(), 2'000'000U);
    const auto [why, facts] = look(endpoint::messages, body);
    ASSERT_FALSE(why) << why.message;
    EXPECT_EQ(facts.model, "claude-sonnet-4-5");
    EXPECT_EQ(at(body, facts.model_at), "\"claude-sonnet-4-5\"");
}

TEST(Request, ReadsKeysAndModelsThatAreWrittenWithEscapes) {
    const std::string body = R"({"m\u006fdel":"gpt\u002d4o","str\u0065am":true,"messages":[]})";
    const auto [why, facts] = look(endpoint::chat_completions, body);
    ASSERT_FALSE(why) << why.message;
    EXPECT_EQ(facts.model, "gpt-4o");
    EXPECT_EQ(at(body, facts.model_at), R"("gpt\u002d4o")");
    EXPECT_TRUE(facts.stream);
}

TEST(Request, RefusesWhatAnotherParserCouldReadDifferently) {
    for (const char* body : {
             R"({"model":"a","model":"b","messages":[]})",
             R"({"model":"a","m\u006fdel":"b","messages":[]})",
             R"({"m\u006fdel":"a","messages":[],"model":"b"})",
             R"({"model":"a","stream":true,"stream":false,"messages":[]})",
             R"({"model":"a","stream":true,"\u0073tream":false,"messages":[]})",
             R"({"model":"a","max_tokens":1,"max_tokens":100000,"messages":[]})",
             R"({"model":"a","stream_options":{},"stream_options":null,"messages":[]})",
             R"({"model":"a","stream_options":{"include_usage":true,"include_usage":false},"messages":[]})",
             R"({"model":"a","n":1,"n":100,"messages":[]})",
             R"({"model":"\ud800","messages":[]})",
         }) {
        const auto why = look(endpoint::chat_completions, body).why;
        EXPECT_EQ(why.what, code::bad_request) << body;
        EXPECT_FALSE(why.message.empty());
    }
}

TEST(Request, AllowsTheNamesBelowTheTopLevelAsOftenAsTheyLike) {
    const auto [why, facts] = look(endpoint::chat_completions,
                                   R"({"messages":[{"model":"x","stream":true},{"model":"y","model":"z"}],"metadata":{"model":"q"},"model":"a"})");
    ASSERT_FALSE(why) << why.message;
    EXPECT_EQ(facts.model, "a");
    EXPECT_FALSE(facts.stream);
}

TEST(Request, RefusesMalformedJsonWhereverItStands) {
    for (const char* body : {"",
                             "   ",
                             "null",
                             "[]",
                             "\"x\"",
                             "12",
                             "{",
                             "{\"model\":\"a\",\"messages\":[],}",
                             "{\"model\":\"a\",\"messages\":tru}",
                             "{\"model\":\"a\",\"messages\":[tru,,]}",
                             "{\"model\":\"a\"}{}",
                             "{\"model\":\"a\"} x",
                             "{\"model\":\"a\"",
                             "{\"model\":\"a\",\"messages\":[{]}",
                             "{\"model\":\"a\",\"x\":[1 2]}",
                             "\xEF\xBB\xBF{\"model\":\"a\"}",
                             "{\"model\":\"a\",\"x\":\"\xFF\"}",
                             "{\"model\":\"a\",\"x\":\"\x01\"}",
                             "{\"model\":\"a\",\"x\":\"\\q\"}",
                             "{\"model\":\"a\",\"x\":\"\\u12\"}",
                             "{\"model\":\"a\",\"x\":01}",
                             "{\"model\":\"a\",\"\\q\":1}"}) {
        EXPECT_EQ(look(endpoint::chat_completions, body).why.what, code::bad_request) << body;
    }
    EXPECT_NE(look(endpoint::chat_completions, "\xEF\xBB\xBF{}").why.message.find("byte order mark"), std::string::npos);
    const std::string deep = R"({"model":"a","x":)" + std::string(5000, '[') + std::string(5000, ']') + "}";
    EXPECT_NE(look(endpoint::chat_completions, deep).why.message.find("nested"), std::string::npos);
}

TEST(Request, RefusesEveryTruncation) {
    const std::string body = R"({"model":"gpt-4o","messages":[{"role":"user","content":"h\u00e9\n"}],"max_tokens":12,"stream":true})";
    ASSERT_FALSE(look(endpoint::chat_completions, body).why);
    for (std::size_t size = 0; size < body.size(); ++size)
        EXPECT_EQ(look(endpoint::chat_completions, body.substr(0, size)).why.what, code::bad_request) << size;
}

TEST(Request, RefusesWrongTypes) {
    for (const char* body : {R"({"model":1,"messages":[]})", R"({"model":["a"],"messages":[]})", R"({"model":{},"messages":[]})",
                             R"({"model":"a","stream":"true","messages":[]})", R"({"model":"a","stream":1,"messages":[]})",
                             R"({"model":"a","max_tokens":"100000","messages":[]})", R"({"model":"a","max_completion_tokens":[],"messages":[]})",
                             R"({"model":"a","stream_options":true,"messages":[]})", R"({"model":"a","n":"2","messages":[]})"}) {
        EXPECT_EQ(look(endpoint::chat_completions, body).why.what, code::bad_request) << body;
    }
    EXPECT_FALSE(
        look(endpoint::chat_completions, R"({"model":"a","stream":null,"max_tokens":null,"n":null,"stream_options":null,"messages":[]})").why);
}

TEST(Request, AsksForAModelWhereOneIsNeeded) {
    for (const endpoint e : {endpoint::chat_completions, endpoint::completions, endpoint::responses, endpoint::embeddings, endpoint::messages,
                             endpoint::messages_count_tokens, endpoint::audio_speech, endpoint::rerank}) {
        for (const char* body : {"{}", R"({"model":""})", R"({"model":null})", R"({"modell":"a"})"}) {
            const auto why = look(e, body).why;
            EXPECT_EQ(why.what, code::bad_request) << label_of(e);
            EXPECT_NE(why.message.find("{\"model\": \""), std::string::npos) << why.message;
        }
    }
    for (const endpoint e : {endpoint::moderations, endpoint::images_generations, endpoint::videos, endpoint::gemini_generate})
        EXPECT_FALSE(look(e, "{}").why) << label_of(e);
    EXPECT_FALSE(look(endpoint::responses, R"({"prompt":{"id":"pmpt_1"},"input":"x"})").why);
}

TEST(Request, LeavesEndpointsAloneThatItDoesNotKnow) {
    for (const endpoint e : {endpoint::other, endpoint::files, endpoint::batches, endpoint::fine_tuning, endpoint::uploads})
        EXPECT_FALSE(look(e, "\x01 no json").why);
}

TEST(Request, ReadsGeminisGenerationConfig) {
    const std::string body = R"({"contents":[],"generationConfig":{"temperature":1,"maxOutputTokens":900,"candidateCount":2}})";
    const auto [why, facts] = look(endpoint::gemini_stream_generate, body);
    ASSERT_FALSE(why) << why.message;
    EXPECT_EQ(facts.max_output, 900);
    EXPECT_EQ(at(body, facts.max_output_at.at(0)), "900");
    EXPECT_EQ(at(body, facts.generation_config_at), R"({"temperature":1,"maxOutputTokens":900,"candidateCount":2})");
    EXPECT_EQ(facts.choices, 2);
    EXPECT_EQ(look(endpoint::gemini_generate, R"({"generation_config":{"max_output_tokens":7}})").facts.max_output, 7);
    EXPECT_EQ(look(endpoint::gemini_generate, R"({"generationConfig":{},"generation_config":{}})").why.what, code::bad_request);
    EXPECT_EQ(look(endpoint::gemini_generate, R"({"generationConfig":[]})").why.what, code::bad_request);
    EXPECT_EQ(look(endpoint::gemini_embed, R"({"model":"models/text-embedding-004","content":{}})").facts.model, "text-embedding-004");
}

TEST(Request, CountsOnlyLimitsThatTheEndpointObeys) {
    EXPECT_FALSE(look(endpoint::chat_completions, R"({"model":"a","messages":[],"max_output_tokens":5})").facts.max_output);
    EXPECT_FALSE(look(endpoint::responses, R"({"model":"a","input":"","max_tokens":5})").facts.max_output);
    EXPECT_EQ(look(endpoint::responses, R"({"model":"a","input":"","max_output_tokens":5})").facts.max_output, 5);
    EXPECT_EQ(look(endpoint::completions, R"({"model":"a","prompt":"","max_tokens":5,"best_of":4})").facts.choices, 4);
    // vLLM and llama.cpp read -1 as "no limit".
    EXPECT_EQ(look(endpoint::completions, R"({"model":"a","prompt":"","max_tokens":-1})").facts.max_output, std::numeric_limits<std::int64_t>::max());
}

TEST(Request, KnowsAnEmptyObject) {
    const auto [why, facts] = look(endpoint::images_generations, " {  } ");
    EXPECT_FALSE(why);
    EXPECT_TRUE(facts.empty_object);
    EXPECT_EQ(facts.first_member, 2U);
}
