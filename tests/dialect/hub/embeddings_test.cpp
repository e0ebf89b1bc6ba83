// Requests for embeddings of OpenAI's and Gemini's dialects as those of the other, and the answers back.
#include "dialect/hub/embeddings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/hub/reading.hpp"

namespace {

using namespace weir::dialect;
using hub::spoke;
using testing::HasSubstr;

struct made {
    std::string body;
    hub::embeddings_form form;
    std::string dropped, refused;
};

made request(spoke from, const std::string& body, bool single = false) {
    made out;
    out.form.single = single;
    hub::notes told;
    const auto* const where = hub::index_of(body);
    EXPECT_NE(where, nullptr) << body;
    (void)hub::write_embeddings_request(from, json::cursor{*where}, "there", out.form, out.body, told);
    out.dropped = told.dropped();
    if (told.refused()) out.refused = told.refused()->field + ": " + told.refused()->why;
    return out;
}

std::string answer(spoke client, const std::string& body, hub::embeddings_form form = {}) {
    std::string out;
    const auto* const where = hub::index_of(body);
    if (where == nullptr || !hub::write_embeddings_answer(client, json::cursor{*where}, form, out)) return "none";
    return out;
}

}  // namespace

TEST(HubEmbeddings, OfOpenaiBecomeABatchOfGeminis) {
    const auto one = request(spoke::chat, R"({"model":"m","input":"say \"hi\"","encoding_format":"base64","user":"u"})");
    EXPECT_EQ(one.body, R"({"requests":[{"model":"models/there","content":{"parts":[{"text":"say \"hi\""}]}}]})");
    EXPECT_TRUE(one.form.base64);
    EXPECT_EQ(one.dropped, "");
    const auto two = request(spoke::chat, R"({"input":["a","b"],"model":"m","dimensions":256,"encoding_format":"float","input_type":"query"})");
    EXPECT_EQ(two.body, R"({"requests":[{"model":"models/there","content":{"parts":[{"text":"a"}]},"outputDimensionality":256},)"
                        R"({"model":"models/there","content":{"parts":[{"text":"b"}]},"outputDimensionality":256}]})");
    EXPECT_FALSE(two.form.base64);
    EXPECT_EQ(two.dropped, "input_type");
}

TEST(HubEmbeddings, OfGeminiBecomeOneCallOfOpenais) {
    const auto one = request(
        spoke::gemini,
        R"({"model":"models/m","content":{"parts":[{"text":"a"},{"text":" b"}]},"taskType":"CLUSTERING","title":"t","outputDimensionality":64})",
        true);
    EXPECT_EQ(one.body, R"({"model":"there","input":"a b","encoding_format":"float","dimensions":64})");
    EXPECT_EQ(one.dropped, "taskType, title");
    const auto batch =
        request(spoke::gemini, R"({"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]}}]})");
    EXPECT_EQ(batch.body, R"({"model":"there","input":["a","b"],"encoding_format":"float"})");
}

TEST(HubEmbeddings, AreRefusedWhereTheOtherSideHasNoWordForThem) {
    EXPECT_THAT(request(spoke::chat, R"({"input":[1,2,3]})").refused, HasSubstr("input: tokens are those of another model"));
    EXPECT_THAT(request(spoke::chat, R"({"input":[[1],[2]]})").refused, HasSubstr("input: tokens are those of another model"));
    EXPECT_THAT(request(spoke::chat, R"({"input":[]})").refused, HasSubstr("input: there is nothing to embed"));
    EXPECT_THAT(request(spoke::chat, R"({"input":{}})").refused, HasSubstr("input: it must be a text or a list of texts"));
    EXPECT_THAT(request(spoke::chat, R"({"input":["a",null]})").refused, HasSubstr("input: each of it must be a text"));
    EXPECT_THAT(request(spoke::chat, R"({"input":"a","encoding_format":"hex"})").refused, HasSubstr("encoding_format: "));
    EXPECT_THAT(request(spoke::chat, "[]").refused, HasSubstr("input: "));
    EXPECT_THAT(request(spoke::gemini, R"({"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA=="}}]}})", true).refused,
                HasSubstr("content: only text can be embedded there"));
    EXPECT_THAT(request(spoke::gemini, R"({"requests":[{"content":{"parts":[]},"outputDimensionality":1},{"content":{"parts":[]}}]})").refused,
                HasSubstr("requests: each of them must ask for the same"));
    EXPECT_THAT(request(spoke::gemini, R"({"requests":[]})").refused, HasSubstr("requests: there is nothing to embed"));
    EXPECT_THAT(request(spoke::gemini, R"({"requests":5})").refused, HasSubstr("requests: it must be a list"));
}

TEST(HubEmbeddings, AnswersKeepTheirNumbersAsTheyAreWritten) {
    const hub::embeddings_form form{.base64 = false, .single = false, .model = "mine", .estimated_input = 7};
    EXPECT_EQ(
        answer(spoke::chat, R"({"embeddings":[{"values":[0.10, -1e-3]},{"values":[1]}],"usageMetadata":{"promptTokenCount":5}})", form),
        R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.10, -1e-3]},{"object":"embedding","index":1,"embedding":[1]}],)"
        R"("model":"mine","usage":{"prompt_tokens":5,"total_tokens":5}})");
    EXPECT_THAT(answer(spoke::chat, R"({"embedding":{"values":[1]}})", form), HasSubstr(R"("usage":{"prompt_tokens":7,"total_tokens":7})"));
    const std::string openai =
        R"({"object":"list","data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1.5]}],"usage":{"prompt_tokens":3,"total_tokens":3}})";
    EXPECT_EQ(answer(spoke::gemini, openai, form), R"({"embeddings":[{"values":[1.5]},{"values":[2]}],"usageMetadata":{"promptTokenCount":3}})");
    EXPECT_EQ(answer(spoke::gemini, openai, {.single = true}), R"({"embedding":{"values":[1.5]},"usageMetadata":{"promptTokenCount":3}})");
}

TEST(HubEmbeddings, AreFloatsInBase64WhereOpenaisSdksAskForThem) {
    // 1.0 is 3F800000, -2.5 is C0200000.
    EXPECT_THAT(answer(spoke::chat, R"({"embeddings":[{"values":[ 1, -2.5 ]},{"values":[]}]})", {.base64 = true}),
                HasSubstr(R"("index":0,"embedding":"AACAPwAAIMA="},{"object":"embedding","index":1,"embedding":""})"));
}

TEST(HubEmbeddings, AreNoneWhereTheAnswerHasNone) {
    for (const char* const wrong : {"{}", "[]", R"({"embeddings":[]})", R"({"embeddings":[{"values":"x"}]})", R"({"embeddings":[{}]})"})
        EXPECT_EQ(answer(spoke::chat, wrong), "none") << wrong;
    for (const char* const wrong : {"{}", R"({"data":[]})", R"({"data":[{"embedding":"AACAPw=="}]})", R"({"data":[{}]})"})
        EXPECT_EQ(answer(spoke::gemini, wrong), "none") << wrong;
}
