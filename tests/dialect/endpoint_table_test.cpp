#include "dialect/endpoint_table.hpp"

#include <gtest/gtest.h>

using namespace weir::dialect;

TEST(EndpointTable, FindsTheRowOfAPath) {
    for (const endpoint_row& row : endpoint_rows) EXPECT_EQ(row_for(row.path), &row) << row.path;
    ASSERT_NE(row_for("/files/f/content"), nullptr);
    EXPECT_EQ(row_for("/files/f/content")->id, endpoint::files) << "everything below belongs to it";
    for (const char* path : {"", "/", "/responses/resp_1", "/chat/completionsx", "/filesx", "chat/completions", "/Responses"})
        EXPECT_EQ(row_for(path), nullptr) << path;
}

TEST(EndpointTable, ComparesPathsByWholeSegments) {
    EXPECT_TRUE(starts_as_path("/models", "/models"));
    EXPECT_TRUE(starts_as_path("/models/", "/models"));
    EXPECT_TRUE(starts_as_path("/models/x", "/models"));
    EXPECT_FALSE(starts_as_path("/modelsx", "/models"));
    EXPECT_FALSE(starts_as_path("/model", "/models"));
}

TEST(EndpointTable, ReadsGeminisCalls) {
    const auto call = gemini_call_of("/models/tuned/x:y:streamGenerateContent");
    ASSERT_TRUE(call);
    EXPECT_EQ(call->model, "tuned/x:y");
    EXPECT_EQ(call->verb, "streamGenerateContent");
    ASSERT_NE(call->known, nullptr);
    EXPECT_EQ(call->known->id, endpoint::gemini_stream_generate);
    EXPECT_TRUE(call->known->streams);

    const auto unknown = gemini_call_of("/models/veo:predictLongRunning");
    ASSERT_TRUE(unknown);
    EXPECT_EQ(unknown->known, nullptr);
    EXPECT_EQ(gemini_call_of("/models/:generateContent")->model, "");

    for (const char* path : {"/models", "/models/", "/models/x", "/models/a:b/c", "/files/x:generateContent", "/models:generateContent"})
        EXPECT_FALSE(gemini_call_of(path)) << path;
}
