// Bodies that are wrong, against every endpoint whose body weir reads: refused with a reason before any upstream is asked, in the client's dialect,
// and the connection stays usable. Bodies with a content coding are read as what they mean and passed on as they came.
#include <gtest/gtest.h>
#include <zlib.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;

namespace {

struct endpoint_row {
    const char* path;
    const char* member;  ///< what a good body has beside the model
    bool needs_model;
    bool multipart;
};

constexpr endpoint_row rows[] = {
    {"/v1/chat/completions", R"("messages":[])", true, false},
    {"/v1/completions", R"("prompt":"x")", true, false},
    {"/v1/responses", R"("input":"x")", true, false},
    {"/v1/embeddings", R"("input":"x")", true, false},
    {"/v1/moderations", R"("input":"x")", false, false},
    {"/v1/rerank", R"("query":"x")", true, false},
    {"/v1/images/generations", R"("prompt":"x")", false, false},
    {"/v1/images/edits", "", false, true},
    {"/v1/images/variations", "", false, true},
    {"/v1/audio/transcriptions", "", false, true},
    {"/v1/audio/translations", "", false, true},
    {"/v1/audio/speech", R"("input":"x")", true, false},
    {"/v1/videos", R"("prompt":"x")", false, false},
    {"/v1/video/generations", R"("prompt":"x")", false, false},
    {"/v1/messages", R"("max_tokens":9,"messages":[])", true, false},
    {"/v1/messages/count_tokens", R"("messages":[])", true, false},
    {"/v1beta/models/gem:generateContent", R"("contents":[])", false, false},
    {"/v1beta/models/gem:streamGenerateContent?alt=sse", R"("contents":[])", false, false},
    {"/v1beta/models/gem:countTokens", R"("contents":[])", false, false},
    {"/v1beta/models/gem:embedContent", R"("content":{})", false, false},
};

std::string model_of(const endpoint_row& row) {
    const std::string_view path{row.path};
    return path.starts_with("/v1/messages") ? "claude" : path.starts_with("/v1beta") ? "gem" : "gpt";
}

std::string json_of(const endpoint_row& row, const std::string& members) {
    std::string out = "{" + members;
    if (!members.empty() && *row.member) out += ",";
    return out + row.member + "}";
}

std::string field(const std::string& name, const std::string& value) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

std::string packed(const std::string& text, int window = 31) {
    z_stream s{};
    deflateInit2(&s, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&s, text.size()) + 32, '\0');
    s.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    s.avail_in = static_cast<uInt>(text.size());
    s.next_out = reinterpret_cast<Bytef*>(out.data());
    s.avail_out = static_cast<uInt>(out.size());
    deflate(&s, Z_FINISH);
    out.resize(s.total_out);
    deflateEnd(&s);
    return out;
}

class BadInput : public testing::Test {
protected:
    BadInput() {
        const auto pool = [&](const std::string& name, const std::string& more, const std::string& path) {
            return "  " + name + ":\n    ask_usage: false\n" + more + "    upstreams: [{url: \"" + provider_->url() + path + "\"}]\n";
        };
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n" + pool("openai", "", "/v1") +
                             pool("anthropic", "    dialect: anthropic\n", "") + pool("gemini", "    dialect: gemini\n", "") +
                             "routes:\n  - {models: [\"claude*\"], pool: anthropic}\n  - {models: [gem], pool: gemini}\n"
                             "  - {models: [\"*\"], pool: openai, rename: {old: gpt}}\n" +
                             conf_end);
        provider_->always({.status = 200, .body = "{}"});  // it reads no codings
        client_ = std::make_unique<raw_client>(weir_->url());
    }

    response send(const endpoint_row& row, const std::string& body, headers more = {}) {
        if (row.multipart && more.empty()) more = {{"Content-Type", "multipart/form-data; boundary=b"}};
        EXPECT_TRUE(client_->send(request_text("POST", row.path, body, more)));
        return client_->read_response();
    }

    void refused(const endpoint_row& row, const std::string& body, std::string_view why, const headers& more = {}, int status = 400) {
        SCOPED_TRACE(std::string{row.path} + " <- " + body.substr(0, 80));
        const auto got = send(row, body, more);
        EXPECT_EQ(got.status, status);
        EXPECT_NE(got.body.find(status == 415 ? "unsupported_encoding" : "bad_request"), std::string::npos) << got.body;
        EXPECT_NE(got.body.find(why), std::string::npos) << got.body;
        EXPECT_EQ(provider_->call_count(), 0u);
    }

    std::unique_ptr<mock::provider> provider_ = quick_provider("p");
    std::unique_ptr<gateway_process> weir_;
    std::unique_ptr<raw_client> client_;
};

const headers gzipped = {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}};

}  // namespace

TEST_F(BadInput, IsRefusedByEveryEndpointThatReadsJson) {
    for (const auto& row : rows) {
        if (row.multipart) continue;
        const auto model = R"("model":")" + model_of(row) + "\"";
        const auto good = json_of(row, model);
        if (row.needs_model) {
            refused(row, json_of(row, ""), "model");
            refused(row, json_of(row, R"("model":null)"), "model");
            refused(row, json_of(row, R"("model":"")"), "model");
        }
        for (const char* wrong : {"7", "true", "[\"gpt\"]", "{\"a\":1}"})
            refused(row, json_of(row, std::string{"\"model\":"} + wrong), "`model` must be a string");
        for (const char* wrong : {"\"true\"", "1", "[]"})
            refused(row, json_of(row, model + ",\"stream\":" + wrong), "`stream` must be true or false");
        refused(row, json_of(row, model + "," + model), "stands twice");
        refused(row, json_of(row, model + R"(,"m\u006fdel":"x")"), "stands twice");
        refused(row, json_of(row, R"("stream":false,"stre\u0061m":true,)" + model), "stands twice");
        for (std::size_t size = 0; size < good.size(); size += 5) refused(row, good.substr(0, size), "body");
        refused(row, json_of(row, model + ",\"x\":" + std::string(100000, '[') + std::string(100000, ']')), "nest");
        refused(row, json_of(row, model + ",\"x\":\"\xff\xfe\""), "UTF-8");
        refused(row, json_of(row, model + ",\"x\":\"\xed\xa0\x80\""), "UTF-8");
        refused(row, "\xEF\xBB\xBF" + good, "byte order mark");
        refused(row, good + "{}", "body");
        refused(row, "[" + good + "]", "JSON object");
    }
}

TEST_F(BadInput, IsRefusedByEveryEndpointThatReadsForms) {
    for (const auto& row : rows) {
        if (!row.multipart) continue;
        const auto good = field("file", "\x01\x02\x03") + field("model", "gpt") + "--b--\r\n";
        for (std::size_t size = 0; size + 4 < good.size(); size += 3) {
            if (size == 0) continue;
            refused(row, good.substr(0, size), "multipart");
        }
        refused(row, field("model", "gpt") + field("model", "gpt") + "--b--\r\n", "`model` twice");
        refused(row, field("stream", "true") + field("stream", "false") + "--b--\r\n", "`stream` twice");
        refused(row, field("model", "") + "--b--\r\n", "empty `model`");
        refused(row, "--b\r\nContent-Disposition: form-data; name=\"model\"; filename=\"m\"\r\n\r\ngpt\r\n--b--\r\n", "as a file");
        refused(row, good, "boundary", {{"Content-Type", "multipart/form-data"}});
        refused(row, good, "boundary", {{"Content-Type", "multipart/form-data; boundary=other"}});
        provider_->forget();
        if (std::string_view{row.path}.starts_with("/v1/audio/")) {
            refused(row, field("file", "x") + "--b--\r\n", "`model` is missing");
        } else {
            EXPECT_EQ(send(row, field("file", "x") + "--b--\r\n").status, 200) << "no model: the default route";
        }
        provider_->forget();
    }
}

TEST_F(BadInput, ReadsWhatACodingMeansAndPassesItOnAsItCame) {
    for (const auto& row : rows) {
        SCOPED_TRACE(row.path);
        const auto plain =
            row.multipart ? field("file", "\x01\x02") + field("model", "gpt") + "--b--\r\n" : json_of(row, R"("model":")" + model_of(row) + "\"");
        for (const int window : {31, 15}) {
            const auto body = packed(plain, window);
            const std::string coding = window == 31 ? "gzip" : "deflate";
            provider_->forget();
            const auto got = send(
                row, body, {{"Content-Type", row.multipart ? "multipart/form-data; boundary=b" : "application/json"}, {"Content-Encoding", coding}});
            EXPECT_EQ(got.status, 200) << got.body;
            ASSERT_EQ(provider_->call_count(), 1u);
            EXPECT_EQ(provider_->calls().back().body, body);
            EXPECT_EQ(provider_->calls().back().header("content-encoding"), coding);
        }
        provider_->forget();
        if (row.multipart) continue;
        refused(row, packed(json_of(row, R"("model":7)")), "`model` must be a string", gzipped);
        refused(row, packed("{\"model\":"), "body", gzipped);
        const auto whole = packed(plain);
        refused(row, whole.substr(0, whole.size() - 9), "ends too early", gzipped);
        refused(row, whole + whole, "goes on behind its end", gzipped);
        refused(row, plain, "is damaged", gzipped);
        refused(row, whole, "not understood here", {{"Content-Type", "application/json"}, {"Content-Encoding", "br"}}, 415);
        refused(row, whole, "not understood here", {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip, gzip"}}, 415);
    }
}

TEST_F(BadInput, SendsADecodedBodyWhereAValueInItChanges) {
    const auto got = send(rows[0], packed(R"({"model":"old","messages":[]})"), gzipped);
    EXPECT_EQ(got.status, 200);
    const auto call = provider_->calls().back();
    EXPECT_EQ(call.body, R"({"model":"gpt","messages":[]})");
    EXPECT_EQ(call.header("content-encoding"), "");
    EXPECT_EQ(call.header("content-length"), std::to_string(call.body.size()));
}

TEST_F(BadInput, StopsABodyThatIsMadeToUseUpMemory) {
    const auto before = weir_->program().peak_resident_kib();
    const std::string zeros(60u << 20, '0');
    refused(rows[0], packed(R"({"model":"gpt","x":")" + zeros + "\"}"), "hundredfold", gzipped);
    EXPECT_LT(weir_->program().peak_resident_kib(), before + 24 * 1024) << "of the 60 MB that it would be";
    // A text that repeats itself, as prompts do, is no bomb.
    std::string lines;
    while (lines.size() < (600u << 10)) lines += "the same line of a log, again and again; ";
    EXPECT_EQ(send(rows[0], packed(R"({"model":"gpt","messages":[],"x":")" + lines + "\"}"), gzipped).status, 200);
}
