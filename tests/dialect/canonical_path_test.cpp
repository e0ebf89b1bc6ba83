// Which path was meant by one that was written otherwise. What is served of it, and with which words, is the test of the endpoints.
#include "dialect/canonical_path.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace weir::dialect;

TEST(CanonicalPath, TakesAPathApart) {
    const struct {
        const char* path;
        const char* version;
        const char* suffix;
    } rows[] = {
        {"/v1/chat/completions", "v1", "/chat/completions"},
        {"/v1/files/file-1/content", "v1", "/files/file-1/content"},
        {"/v1/threads/t/messages", "v1", "/threads/t/messages"},
        {"/v1/messages/batches/b", "v1", "/messages/batches/b"},
        {"/v1beta/models/g:generateContent", "v1beta", "/models/g:generateContent"},
        {"/v1beta/models", "v1beta", "/models"},
        {"/v1beta/files", "v1beta", "/files"},
        {"/v1beta/batches/b", "v1beta", "/batches/b"},
        {"/v1beta/cachedContents", "v1beta", "/cachedContents"},
        {"/v1/models/meta/llama", "v1", "/models/meta/llama"},
        {"/v1", "v1", ""},
    };
    for (const auto& row : rows) {
        const canonical_path p = canonical_path_of(row.path);
        EXPECT_EQ(p.version, row.version) << row.path;
        EXPECT_EQ(p.suffix, row.suffix) << row.path;
        EXPECT_EQ(p.fix, "") << row.path;
        EXPECT_TRUE(p.known_prefix) << row.path;
        EXPECT_FALSE(p.slash_at_end) << row.path;
    }
}

TEST(CanonicalPath, MendsHowItWasWritten) {
    const struct {
        const char* path;
        const char* version;
        const char* suffix;
        const char* fix;
    } rows[] = {
        {"//v1//responses", "v1", "/responses", "write single slashes"},
        {"/v1/v1/v1/responses", "v1", "/responses", "the version stands twice: remove it from the base URL or from the path"},
        {"/openai/v1/responses", "v1", "/responses", "remove /openai from the base URL"},
        {"/anthropic/messages", "", "/messages", "remove /anthropic from the base URL"},
        {"/v1beta/openai/chat/completions", "v1", "/chat/completions", "remove /openai from the base URL"},
        {"/api/paas/v4/embeddings", "v1", "/embeddings", "end the base URL with /v1 right behind the address"},
        {"/v1/embeddings/v1/v1/responses", "v1", "/responses", "the base URL ends with a whole endpoint: end it with /v1"},
        {"/v1beta/models/models/g:countTokens", "v1beta", "/models/g:countTokens", "write models/ once"},
        {"/v1/Chat/COMPLETIONS", "v1", "/chat/completions", "write the path in lower case"},
        {"/v1beta/responses", "v1", "/responses", "this endpoint stands under /v1"},
        {"/files/f", "", "/files/f", "the version /v1 is missing from the base URL"},
        {"/responses/resp_1", "", "/responses/resp_1", "the version /v1 is missing from the base URL"},
        {"/models/g:generateContent", "", "/models/g:generateContent", "the version /v1beta is missing from the base URL"},
    };
    for (const auto& row : rows) {
        const canonical_path p = canonical_path_of(row.path);
        EXPECT_EQ(p.version, row.version) << row.path;
        EXPECT_EQ(p.suffix, row.suffix) << row.path;
        EXPECT_EQ(p.fix, row.fix) << row.path;
        EXPECT_TRUE(p.known_prefix) << row.path;
    }
}

TEST(CanonicalPath, RemembersASlashAtTheEnd) {
    const canonical_path p = canonical_path_of("/v1/foo/");
    EXPECT_EQ(p.suffix, "/foo");
    EXPECT_TRUE(p.slash_at_end);
    EXPECT_EQ(p.fix, "") << "what it means is for who knows the endpoint";
    EXPECT_FALSE(canonical_path_of("/").slash_at_end);
}

TEST(CanonicalPath, SaysWhatAPathElsewhereMayHaveMeant) {
    const canonical_path p = canonical_path_of("/openai/deployments/x/chat/completions");
    EXPECT_FALSE(p.known_prefix);
    EXPECT_EQ(p.meant, "/chat/completions");
    for (const char* path : {"/", "/favicon.ico", "/api/tags", "/v2/chat", "/chat", "/openai"}) {
        EXPECT_FALSE(canonical_path_of(path).known_prefix) << path;
        EXPECT_EQ(canonical_path_of(path).meant, "") << path;
    }
}

TEST(CanonicalPath, LeavesAloneWhatOnlyLooksDoubled) {
    EXPECT_EQ(canonical_path_of("/v1/messages/batches").suffix, "/messages/batches");
    EXPECT_EQ(canonical_path_of("/v1/models/responses").suffix, "/models/responses") << "a model may be called so";
    EXPECT_EQ(canonical_path_of("/v1/openai/x").suffix, "/openai/x");
}
