// Keys against endpoints, with real requests: who is refused gets the code that the table says, and the provider's books stay empty.
// tests/app/rights_test.cpp has the whole table without sockets.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;

namespace {

class RightsSweep : public testing::Test {
protected:
    static void SetUpTestSuite() {
        a_ = quick_provider("a");
        const auto at_root = "      - {name: a, url: \"" + a_->url() + "\"}\n";
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "pools:\n"
            "  main:\n    upstreams:\n" +
                upstream_of(*a_) + "  claude:\n    dialect: anthropic\n    upstreams:\n" + at_root +
                "  gemini:\n    dialect: gemini\n    upstreams:\n" + at_root +
                "routes:\n"
                "  - {models: [\"claude*\"], pool: claude}\n"
                "  - {models: [\"gemini*\"], pool: gemini}\n"
                "  - {models: [\"*\"], pool: main}\n"
                "keys:\n"
                "  - {name: free, secret: sk-free}\n"
                "  - {name: models, secret: sk-models, models: [gpt-4o, \"claude*\", \"gemini*\"]}\n"
                "  - {name: budget, secret: sk-budget, budgets: [{usd: 1000, every: 1d}]}\n"
                "  - {name: capped, secret: sk-capped, max_output_tokens: 16}\n"
                "  - {name: chat, secret: sk-chat, endpoints: [chat]}\n"
                "  - {name: batch, secret: sk-batch, models: [gpt-4o], endpoints: [chat, batches, other]}\n"
                "prices: prices.yaml\n" +
                std::string{conf_end},
            gateway_process::files{
                {"prices.yaml",
                 "models:\n  gpt-4o: {input: 1, output: 1}\n  \"claude*\": {input: 1, output: 1}\n  \"gemini*\": {input: 1, output: 1}\n"}});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        a_.reset();
    }

    static std::unique_ptr<mock::provider> a_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> RightsSweep::a_;
std::unique_ptr<gateway_process> RightsSweep::weir_;

struct row {
    const char* method;
    const char* path;
    const char* body;
    const char* type;
    // free, models, budget, capped, chat, batch: "" is served
    const char* want[6];
};

constexpr const char* keys[] = {"free", "models", "budget", "capped", "chat", "batch"};
constexpr auto json = "application/json";
constexpr auto form = "multipart/form-data; boundary=b";
constexpr auto shut = "endpoint_not_allowed";
constexpr auto model = "model_not_allowed";
constexpr auto price = "model_not_priced";

constexpr auto file_part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nsound\r\n--b--\r\n";
constexpr auto image_part = "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\npicture\r\n--b--\r\n";

const row rows[] = {
    {"POST", "/v1/chat/completions", R"({"model":"gpt-4o","messages":[]})", json, {"", "", "", "", "", ""}},
    {"POST", "/v1/chat/completions", R"({"model":"free-lunch","messages":[]})", json, {"", model, price, "", "", model}},
    {"POST", "/v1/chat/completions", R"({"model":"free-lunch","messages":[],"stream":true})", json, {"", model, price, "", "", model}},
    {"POST", "/v1/chat/completions", R"({"model":"openai/gpt-4o","messages":[]})", json, {"", model, "", "", "", model}},
    {"POST", "/v1/responses", R"({"model":"gpt-4o","input":"x"})", json, {"", "", "", "", shut, shut}},
    {"POST", "/v1/responses", R"({"prompt":{"id":"p"}})", json, {"", model, price, "", shut, shut}},
    {"POST", "/v1/responses/input_tokens", R"({"model":"gpt-4o","input":"x"})", json, {"", "", "", "", "", ""}},
    {"POST", "/v1/messages", R"({"model":"claude-x","max_tokens":9,"messages":[]})", json, {"", "", "", "", shut, shut}},
    {"POST", "/v1/messages/count_tokens", R"({"model":"claude-x","messages":[]})", json, {"", "", "", "", "", model}},
    {"POST", "/v1beta/models/gemini-x:generateContent", R"({"contents":[]})", json, {"", "", "", "", shut, shut}},
    {"POST", "/v1beta/models/gemini-x:countTokens", R"({"contents":[]})", json, {"", "", "", "", "", model}},
    {"POST", "/v1/embeddings", R"({"model":"gpt-4o","input":"x"})", json, {"", "", "", "", shut, shut}},
    {"POST", "/v1/images/generations", R"({"prompt":"x"})", json, {"", model, price, "", shut, shut}},
    {"POST", "/v1/images/edits", image_part, form, {"", model, price, "", shut, shut}},
    {"POST", "/v1/videos", R"({"prompt":"x"})", json, {"", model, price, "", shut, shut}},
    {"POST", "/v1/moderations", R"({"input":"x"})", json, {"", model, price, "", shut, shut}},
    {"POST", "/v1/audio/transcriptions", file_part, form, {"bad_request", "bad_request", "bad_request", "bad_request", shut, shut}},
    {"POST", "/v1/audio/translations", file_part, form, {"bad_request", "bad_request", "bad_request", "bad_request", shut, shut}},
    {"POST", "/v1/batches", R"({"input_file_id":"f"})", json, {"", shut, shut, shut, shut, ""}},
    {"POST", "/v1/messages/batches", R"({"requests":[]})", json, {"", shut, shut, shut, shut, ""}},
    {"POST", "/v1beta/models/gemini-x:batchGenerateContent", R"({})", json, {"", shut, shut, shut, shut, model}},
    {"POST", "/v1beta/tunedModels/m:generateContent", R"({"contents":[]})", json, {"", shut, shut, shut, shut, ""}},
    {"POST", "/v1/threads/runs", R"({"model":"dear"})", json, {"", shut, shut, shut, shut, ""}},
    {"POST", "/v1/engines/m/completions", R"({"prompt":"x"})", json, {"", shut, shut, shut, shut, ""}},
    {"POST", "/v1/complete", R"({"model":"claude","prompt":"x"})", json, {"", shut, shut, shut, shut, ""}},
    {"POST", "/v1/files", file_part, form, {"", shut, shut, shut, shut, shut}},
    {"GET", "/v1/files", "", "", {"", shut, shut, shut, shut, shut}},
    {"GET", "/v1/batches", "", "", {"", shut, shut, shut, shut, shut}},
    {"GET", "/v1/organization/users", "", "", {"", shut, shut, shut, shut, shut}},
    {"GET", "/v1/dashboard/billing/usage", "", "", {"", shut, shut, shut, shut, shut}},
    {"DELETE", "/v1/models/ft:gpt-4o:me", "", "", {"", shut, shut, shut, shut, shut}},
};

}  // namespace

TEST_F(RightsSweep, RefusedRequestsNeverReachAProviderAndTheOthersDo) {
    for (const auto& r : rows)
        for (std::size_t i = 0; i < std::size(keys); ++i) {
            SCOPED_TRACE(std::string{keys[i]} + ": " + r.method + " " + r.path + " " + r.body);
            headers with{{"Authorization", "Bearer sk-" + std::string{keys[i]}}};
            if (*r.type) with.emplace_back("Content-Type", r.type);
            const auto before = a_->call_count();
            const auto got = exchange_once(weir_->url(), request_text(r.method, r.path, r.body, with));
            EXPECT_TRUE(got.clean()) << got.wire;
            const std::string_view want = r.want[i];
            EXPECT_EQ(a_->call_count() - before, want.empty() ? 1U : 0U) << got.wire;
            if (want.empty()) continue;
            EXPECT_EQ(got.status, want == "bad_request" ? 400 : 403) << got.wire;
            EXPECT_NE(got.body.find("\"" + std::string{want} + "\""), std::string::npos) << got.wire;
        }
}

TEST_F(RightsSweep, ListsOfModelsAndLlmsTxtAreForEveryKey) {
    for (const char* key : keys)
        for (const char* path : {"/v1/models", "/v1/models/gpt-4o", "/llms.txt"}) {
            const auto got = exchange_once(weir_->url(), request_text("GET", path, {}, {{"Authorization", "Bearer sk-" + std::string{key}}}));
            EXPECT_EQ(got.status, 200) << key << " " << path << got.wire;
        }
}
