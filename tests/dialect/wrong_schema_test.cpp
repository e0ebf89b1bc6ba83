#include <gtest/gtest.h>

#include <string>

#include "dialect/request.hpp"

using namespace weir;
using namespace weir::dialect;
using core::code;

namespace {

core::error verdict(endpoint e, const std::string& body) {
    request_facts facts;
    return inspect(e, body.data(), body.size(), facts);
}

}  // namespace

TEST(WrongSchema, NamesTheRightEndpoint) {
    const struct {
        endpoint sent_to;
        const char* body;
        const char* right;
    } rows[] = {
        {endpoint::responses, R"({"model":"a","messages":[]})", "/v1/chat/completions"},
        {endpoint::responses, R"({"model":"a","contents":[]})", ":generateContent"},
        {endpoint::embeddings, R"({"model":"a","messages":[]})", "/v1/chat/completions"},
        {endpoint::completions, R"({"model":"a","messages":[]})", "/v1/chat/completions"},
        {endpoint::completions, R"({"model":"a","input":"x"})", "/v1/responses"},
        {endpoint::chat_completions, R"({"model":"a","input":"x"})", "/v1/responses"},
        {endpoint::chat_completions, R"({"model":"a","prompt":"x"})", "/v1/completions"},
        {endpoint::chat_completions, R"({"model":"a","system":"x","messages":[]})", "/v1/messages"},
        {endpoint::chat_completions, R"({"model":"a","contents":[]})", ":generateContent"},
        {endpoint::chat_completions, R"({"contents":[]})", ":generateContent"},
        {endpoint::messages, R"({"model":"a","messages":[{"content":"x","role":"system"}]})", "/v1/chat/completions"},
        {endpoint::messages_count_tokens, R"({"model":"a","messages":[{"role":"developer"}]})", "/v1/chat/completions"},
        {endpoint::messages, R"({"model":"a","contents":[]})", ":generateContent"},
        {endpoint::messages, R"({"model":"a","input":"x"})", "/v1/responses"},
        {endpoint::gemini_generate, R"({"messages":[]})", "/v1/chat/completions"},
    };
    for (const auto& row : rows) {
        const core::error why = verdict(row.sent_to, row.body);
        EXPECT_EQ(why.what, code::wrong_schema) << row.body;
        EXPECT_NE(why.message.find(row.right), std::string::npos) << why.message;
        EXPECT_NE(why.message.find(label_of(row.sent_to)), std::string::npos) << why.message;
    }
}

TEST(WrongSchema, LetsLegalRequestsPass) {
    const struct {
        endpoint sent_to;
        const char* body;
    } rows[] = {
        {endpoint::responses, R"({"model":"a","input":"x"})"},
        {endpoint::responses, R"({"model":"a","prompt":{"id":"p"}})"},
        {endpoint::responses, R"({"model":"a","input":[{"role":"system","content":"x"}],"instructions":"y"})"},
        {endpoint::responses, R"({"model":"a","previous_response_id":"r"})"},
        {endpoint::chat_completions, R"({"model":"a","messages":[{"role":"system","content":"x"}]})"},
        {endpoint::chat_completions, R"({"model":"a","messages":[],"prompt":"x","input":1})"},
        {endpoint::chat_completions, R"({"model":"a","messages":[],"system":null})"},
        {endpoint::chat_completions, R"({"model":"a"})"},
        {endpoint::messages, R"({"model":"a","system":"x","messages":[{"role":"user","content":"system"}]})"},
        {endpoint::messages, R"({"model":"a","messages":[{"role":"user","content":"x"},{"role":"system","content":"later"}]})"},
        {endpoint::embeddings, R"({"model":"a","input":["x"]})"},
        {endpoint::embeddings, R"({"model":"a","input":["x"],"messages":[]})"},
        {endpoint::completions, R"({"model":"a","prompt":"x"})"},
        {endpoint::moderations, R"({"input":"x"})"},
        {endpoint::images_generations, R"({"prompt":"x"})"},
        {endpoint::gemini_generate, R"({"contents":[],"systemInstruction":{}})"},
    };
    for (const auto& row : rows) EXPECT_FALSE(verdict(row.sent_to, row.body)) << row.body << verdict(row.sent_to, row.body).message;
}
