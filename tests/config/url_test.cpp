#include "config/url.hpp"

#include <gtest/gtest.h>

using namespace weir::config;

TEST(BaseUrl, IsTakenApart) {
    const auto url = parse_base_url("HTTPS://Api.OpenAI.com:8443/v1/").value;
    ASSERT_TRUE(url);
    EXPECT_EQ(url->scheme, "https");
    EXPECT_EQ(url->host, "api.openai.com");
    EXPECT_EQ(url->port, "8443");
    EXPECT_EQ(url->base_path, "/v1");
    EXPECT_EQ(url->url, "https://Api.OpenAI.com:8443/v1");
    EXPECT_FALSE(url->port_is_default);
}

TEST(BaseUrl, KnowsTheSchemesPort) {
    EXPECT_EQ(parse_base_url("https://a").value->port, "443");
    EXPECT_EQ(parse_base_url("http://a").value->port, "80");
    EXPECT_EQ(parse_base_url("http://a/").value->base_path, "");
    EXPECT_EQ(parse_base_url("http://[::1]:9/x").value->host, "::1");
    EXPECT_EQ(parse_base_url("http://[::1]").value->port, "80");
}

TEST(BaseUrl, SaysWhatItShouldHaveBeen) {
    const std::pair<const char*, const char*> rows[] = {
        {"https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"},
        {"https://api.openai.com/v1/chat/completions/", "https://api.openai.com/v1"},
        {"https://api.openai.com/v1/responses", "https://api.openai.com/v1"},
        {"https://api.openai.com/v1/v1", "https://api.openai.com/v1"},
        {"https://api.openai.com/v1?utm_source=docs", "https://api.openai.com/v1"},
        {"https://api.openai.com/v1/embeddings?x=1#y", "https://api.openai.com/v1"},
        {"https://api.openai.com/v1#top", "https://api.openai.com/v1"},
        {"https://api.anthropic.com/v1/messages", "https://api.anthropic.com/v1"},
        {"https://g.com/v1beta/models/gemini-2.5-pro:generateContent", "https://g.com/v1beta"},
        {"api.openai.com/v1", "https://api.openai.com/v1"},
    };
    for (const auto& [text, meant] : rows) {
        SCOPED_TRACE(text);
        EXPECT_FALSE(parse_base_url(text).value);
        EXPECT_EQ(parse_base_url(text).suggestion, meant);
    }
}

TEST(BaseUrl, RefusesWhatIsNone) {
    for (const char* wrong : {"", "https://", "ftp://a", "https://a:0", "https://a:x", "https://a:99999", "https:///v1", "https://a b/",
                              "https://a/ü", "https://::1/", "https://[1.2.3.4]/", "https://a//b", "https://999.1.1.1"}) {
        SCOPED_TRACE(wrong);
        EXPECT_FALSE(parse_base_url(wrong).value);
        EXPECT_FALSE(parse_base_url(wrong).problem.empty());
    }
}

TEST(BaseUrl, NeverRepeatsCredentialsOrQueries) {
    for (const char* secret :
         {"https://user:hunter2@a/v1", "https://a/v1?key=hunter2", "https://u:hunter2@a:x/y", "https://a/v1#hunter2", "u:hunter2@a/v1"}) {
        SCOPED_TRACE(secret);
        const auto result = parse_base_url(secret);
        EXPECT_FALSE(result.value);
        EXPECT_EQ((result.problem + result.suggestion).find("hunter2"), std::string::npos);
    }
}

TEST(SharedUrl, IsARedisUrl) {
    for (const char* good : {"redis://127.0.0.1:6379/0", "redis://r", "rediss://user:pa:ss@r:1/15", "redis://:pass@[::1]:6379"}) {
        SCOPED_TRACE(good);
        EXPECT_TRUE(parse_shared_url(good).value);
    }
    for (const char* wrong : {"", "127.0.0.1:6379", "http://a", "redis://", "redis://a:x", "redis://a/db", "redis://a/0?x=1", "redis://only@a",
                              "redis://u:@a", "redis://u:%zz@a", "unix://", "unix://host/path"}) {
        SCOPED_TRACE(wrong);
        EXPECT_FALSE(parse_shared_url(wrong).value);
    }
}

TEST(SharedUrl, IsTakenApartAndShownWithoutItsPassword) {
    const auto store = *parse_shared_url("rediss://wei%3Ar:p%40ss:w@[::1]:6380/15").value;
    EXPECT_TRUE(store.tls);
    EXPECT_EQ(store.user, "wei:r");
    EXPECT_EQ(store.password.reveal(), "p@ss:w");
    EXPECT_EQ(store.host, "::1");
    EXPECT_EQ(store.port, "6380");
    EXPECT_EQ(store.database, 15);
    EXPECT_EQ(store.shown, "rediss://[::1]:6380/15");
    const auto plain = *parse_shared_url("redis://:secret@r").value;
    EXPECT_TRUE(plain.user.empty());
    EXPECT_EQ(plain.port, "6379");
    EXPECT_EQ(plain.shown, "redis://r:6379/0");
    EXPECT_EQ(parse_shared_url("unix:///run/redis.sock").value->unix_path, "/run/redis.sock");
}
