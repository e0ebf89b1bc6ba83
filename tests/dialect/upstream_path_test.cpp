#include <gtest/gtest.h>

#include "dialect/endpoint.hpp"

using namespace weir::dialect;

namespace {

std::string asked(kind k, std::string_view base, std::string_view path) { return upstream_path(k, base, classify("POST", path, "", true)); }

}  // namespace

TEST(UpstreamPath, OpenaiBasesEndWhereTheEndpointIsAppended) {
    EXPECT_EQ(asked(kind::openai, "/v1", "/v1/chat/completions"), "/v1/chat/completions");
    EXPECT_EQ(asked(kind::openai, "", "/v1/chat/completions"), "/v1/chat/completions");
    EXPECT_EQ(asked(kind::openai, "/", "/v1/chat/completions"), "/v1/chat/completions");
    EXPECT_EQ(asked(kind::openai, "", "/chat/completions"), "/v1/chat/completions");
    EXPECT_EQ(asked(kind::openai, "/v1", "/chat/completions"), "/v1/chat/completions");
    EXPECT_EQ(asked(kind::openai, "/api/v1", "/v1/embeddings"), "/api/v1/embeddings");
    EXPECT_EQ(asked(kind::openai, "/api/paas/v4", "/v1/chat/completions"), "/api/paas/v4/chat/completions");
    EXPECT_EQ(asked(kind::openai, "/compatible-mode", "/v1/chat/completions"), "/compatible-mode/chat/completions");
}

TEST(UpstreamPath, GeminisEndpointsStandBesideOpenaisNotBelow) {
    EXPECT_EQ(asked(kind::openai, "", "/v1beta/models/g:generateContent"), "/v1beta/models/g:generateContent");
    EXPECT_EQ(asked(kind::openai, "/v1", "/v1beta/models/g:generateContent"), "/v1beta/models/g:generateContent");
    EXPECT_EQ(asked(kind::openai, "/proxy/v1", "/v1beta/models/g:generateContent"), "/proxy/v1beta/models/g:generateContent");
    EXPECT_EQ(asked(kind::openai, "/v1", "/v1/models/g:generateContent"), "/v1/models/g:generateContent");
}

TEST(UpstreamPath, AnthropicAndGeminiBasesEndBeforeTheVersion) {
    EXPECT_EQ(asked(kind::anthropic, "", "/v1/messages"), "/v1/messages");
    EXPECT_EQ(asked(kind::anthropic, "/anthropic", "/v1/messages"), "/anthropic/v1/messages");
    EXPECT_EQ(asked(kind::anthropic, "/v1", "/v1/messages"), "/v1/messages");
    EXPECT_EQ(asked(kind::anthropic, "/proxy/v1", "/messages"), "/proxy/v1/messages");
    EXPECT_EQ(asked(kind::gemini, "", "/v1beta/models/g:generateContent"), "/v1beta/models/g:generateContent");
    EXPECT_EQ(asked(kind::gemini, "", "/v1/models/g:generateContent"), "/v1/models/g:generateContent");
    EXPECT_EQ(asked(kind::gemini, "/v1alpha", "/v1beta/models/g:generateContent"), "/v1alpha/models/g:generateContent");
    EXPECT_EQ(asked(kind::gemini, "/vertex", "/models/g:generateContent"), "/vertex/v1beta/models/g:generateContent");
}

TEST(UpstreamPath, RenamesTheModelInThePath) {
    target t = classify("POST", "/v1beta/models/fast:generateContent", "", true);
    rename_in_path(t, "gemini-2.5-flash");
    EXPECT_EQ(t.suffix, "/models/gemini-2.5-flash:generateContent");
    rename_in_path(t, "a b?c");
    EXPECT_EQ(t.suffix, "/models/a%20b%3Fc:generateContent");
    target chat = classify("POST", "/v1/chat/completions", "", true);
    rename_in_path(chat, "x");
    EXPECT_EQ(chat.suffix, "/chat/completions");
}

TEST(UpstreamPath, RenamesTheModelInTheQuery) {
    EXPECT_EQ(rename_in_query("a=1&model=x&b=2", "gpt&realtime"), "a=1&model=gpt%26realtime&b=2");
    EXPECT_EQ(rename_in_query("", "x"), "");
    EXPECT_EQ(rename_in_query("&models=1", "x"), "&models=1");
}
