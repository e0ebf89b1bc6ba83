// Clients of OpenAI's embeddings at a pool of Gemini's, and the other way round.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;

namespace {

class EmbeddingsTranslation : public testing::Test {
protected:
    void SetUp() override { upstream_ = quick_provider("u"); }
    void start(const std::string& pool) {
        weir_ =
            std::make_unique<gateway_process>(WEIR_BINARY,
                                              "listeners: [{address: \"127.0.0.1:0\"}]\nprices: prices.yaml\npools:\n  p:\n" + pool +
                                                  "    upstreams:\n" + upstream_of(*upstream_, "rename: {m: there}") + std::string{conf_end},
                                              gateway_process::files{{"prices.yaml", "models: {there: {input: 1000000}, m: {input: 1000000}}\n"}});
    }
    [[nodiscard]] response ask(const std::string& path, const std::string& body) const {
        return exchange_once(weir_->url(), request_text("POST", path, body, {{"content-type", "application/json"}, {"x-request-id", "embed"}}));
    }

    std::unique_ptr<mock::provider> upstream_;
    std::unique_ptr<gateway_process> weir_;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_F(EmbeddingsTranslation, OpenaisClientsGetGeminis) {
    start("    dialect: gemini\n");
    const auto got = ask("/v1/embeddings", R"({"model":"m","input":["one","two"],"dimensions":4,"input_type":"x"})");
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_TRUE(upstream_->calls().back().target.ends_with("/models/there:batchEmbedContents"));
    EXPECT_TRUE(has(upstream_->calls().back().body,
                    R"({"requests":[{"model":"models/there","content":{"parts":[{"text":"one"}]},"outputDimensionality":4})"));
    EXPECT_EQ(got.header("x-weir-translated"), "embeddings>gemini");
    EXPECT_EQ(got.header("x-weir-dropped"), "input_type");
    EXPECT_TRUE(has(got.body, R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[)")) << got.body;
    EXPECT_TRUE(has(got.body, R"("index":1)") && has(got.body, R"("model":"m")") && !has(got.body, R"("prompt_tokens":0)")) << got.body;
    const auto line = weir_->log_line("\"embed\"");
    EXPECT_TRUE(has(line, R"("endpoint":"/v1/embeddings")") && has(line, R"("translated":"embeddings>gemini")")) << line;
    EXPECT_TRUE(has(line, R"("estimated":true)") && !has(line, R"("cost_usd":0,)")) << line;
}

TEST_F(EmbeddingsTranslation, AreCountedForTheNameThatIsSentWhereNobodyReports) {
    // The two count this text differently.
    const std::string text = "\u7070\u8272\u7684\u9c7c\u6881\u62e6\u4f4f\u4e86\u6cb3\u6c34";
    const std::string conf = "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  p:\n    dialect: gemini\n    upstreams:\n";
    weir_ = std::make_unique<gateway_process>(WEIR_BINARY, conf + upstream_of(*upstream_, "rename: {gpt-4: there}") + std::string{conf_end});
    upstream_->once({.body = R"({"embeddings":[{"values":[1]}]})"});
    const auto got = ask("/v1/embeddings", R"({"model":"gpt-4","input":")" + text + "\"}");
    ASSERT_EQ(got.status, 200) << got.body;
    const auto begin = got.body.find(R"("prompt_tokens":)");
    ASSERT_NE(begin, std::string::npos) << got.body;
    const auto told = got.body.substr(begin, got.body.find(',', begin) - begin);
    const auto line = weir_->log_line("\"embed\"");
    EXPECT_TRUE(has(line, told + ",")) << "the client hears what it is charged: " << got.body << line;
}

TEST_F(EmbeddingsTranslation, GeminisClientsGetOpenais) {
    start("    dialect: openai\n");
    const auto one = ask("/v1beta/models/m:embedContent", R"({"content":{"parts":[{"text":"one"}]},"taskType":"CLUSTERING"})");
    EXPECT_EQ(one.status, 200) << one.body;
    EXPECT_EQ(upstream_->calls().back().target, "/v1/embeddings");
    EXPECT_EQ(upstream_->calls().back().body, R"({"model":"there","input":"one","encoding_format":"float"})");
    EXPECT_EQ(one.header("x-weir-translated"), "gemini>embeddings");
    EXPECT_EQ(one.header("x-weir-dropped"), "taskType");
    EXPECT_TRUE(one.body.starts_with(R"({"embedding":{"values":[)")) << one.body;
    const auto line = weir_->log_line("\"embed\"");
    EXPECT_TRUE(has(line, R"("estimated":false)") && !has(line, R"("cost_usd":0,)")) << line;
    const auto batch =
        ask("/v1beta/models/m:batchEmbedContents", R"({"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]}}]})");
    EXPECT_TRUE(batch.body.starts_with(R"({"embeddings":[{"values":[)")) << batch.body;
}

TEST_F(EmbeddingsTranslation, ErrorsAndRefusalsAreInTheClientsWords) {
    start("    dialect: gemini\n    retry: {attempts: 1}\n");
    const auto tokens = ask("/v1/embeddings", R"({"model":"m","input":[1,2]})");
    EXPECT_EQ(tokens.status, 400);
    EXPECT_TRUE(has(tokens.body, R"("param":"input","code":"cannot_translate")")) << tokens.body;
    EXPECT_EQ(upstream_->call_count(), 0u);
    upstream_->once({.status = 429});
    const auto busy = ask("/v1/embeddings", R"({"model":"m","input":"a"})");
    EXPECT_EQ(busy.status, 429);
    EXPECT_TRUE(has(busy.body, R"({"error":{"message":)")) << busy.body;
    EXPECT_EQ(busy.header("x-weir-translated"), "embeddings>gemini");
}

TEST_F(EmbeddingsTranslation, GoAsTheyCameWhereThePoolSaysSo) {
    start("    dialect: gemini\n    speaks: [chat, embeddings]\n");
    const auto got = ask("/v1/embeddings", R"({"model":"m","input":"a"})");
    EXPECT_EQ(got.header("x-weir-translated"), "");
    EXPECT_TRUE(has(upstream_->calls().back().body, R"("input":"a")"));
}

TEST_F(EmbeddingsTranslation, AreRefusedWhereNothingIsTranslated) {
    start("    dialect: gemini\n    translate: off\n");
    const auto got = ask("/v1/embeddings", R"({"model":"m","input":"a"})");
    EXPECT_EQ(got.status, 400);
    EXPECT_TRUE(has(got.body, "cannot_translate")) << got.body;
}
