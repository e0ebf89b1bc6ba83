// What a request may cost is known before it is asked: the dearest candidate is reserved, and a key with a budget gets nothing that has no price.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Pricing : public testing::Test {
protected:
    Pricing() {
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "prices: prices.yaml\n"
            "pools:\n"
            "  main:\n    ask_usage: false\n    retry: {attempts: 1}\n    upstreams:\n" +
                upstream_of(*a_) + "  spare:\n    ask_usage: false\n    retry: {attempts: 1}\n    upstreams:\n" + upstream_of(*b_) +
                "routes:\n"
                "  - {models: [cheap-name], pool: main, rename: {cheap-name: dear}}\n"
                "  - {models: [unpriced-first], pool: main, fallback: [{pool: spare, model: cheap}]}\n"
                "  - {models: [unpriced-last], pool: main, rename: {unpriced-last: cheap}, fallback: [{pool: spare, model: nameless}]}\n"
                "  - {models: [falls-to-dear], pool: main, rename: {falls-to-dear: cheap}, fallback: [{pool: spare, model: dear}]}\n"
                "  - {models: [own], pool: spare}\n"
                "  - {models: [\"*\"], pool: main}\n"
                "keys:\n"
                "  - {name: paying, secret: sk-paying, budgets: [{usd: 10, every: 30d}]}\n"
                "  - {name: small, secret: sk-small, budgets: [{usd: 1, every: 30d}]}\n"
                "  - {name: tiny, secret: sk-tiny, budgets: [{usd: 0.001, every: 30d}]}\n"
                "  - {name: lenient, secret: sk-lenient, unpriced: serve, budgets: [{usd: 10, every: 30d}]}\n"
                "  - {name: strict, secret: sk-strict, unpriced: refuse}\n"
                "  - {name: free, secret: sk-free}\n" +
                conf_end,
            gateway_process::files{
                {"prices.yaml",
                 "models:\n  dear: {input: 0, output: 1000.00}\n  cheap: {input: 0, output: 1.00}\n  cheap-name: {input: 0, output: 0}\n"
                 "  gpt-4o: {input: 2.50, output: 10.00}\n  gpt-4o-transcribe: {input: 2.50, output: 10.00}\n  priced-call: {per_request: 0.5}\n"
                 "upstreams:\n  b:\n    own: {input: 0, output: 1000.00}\n"}});
    }

    response chat(const std::string& key, const std::string& model, const std::string& more = {}) {
        return exchange_once(weir_->url(),
                             request_text("POST", "/v1/chat/completions", chat_body(model, false, more), {{"Authorization", "Bearer sk-" + key}}));
    }
    static void expect_code(const response& got, int status, const std::string& code) {
        EXPECT_EQ(got.status, status) << got.wire;
        EXPECT_NE(got.body.find("\"" + code + "\""), std::string::npos) << got.body;
    }

    std::unique_ptr<mock::provider> a_ = quick_provider("a"), b_ = quick_provider("b");
    std::unique_ptr<gateway_process> weir_;
};

constexpr auto many = R"("max_tokens":2000)";  // 2 USD of `dear`
constexpr auto few = R"("max_tokens":10)";

}  // namespace

TEST_F(Pricing, ReservesForTheDearestCandidateByTheNameThatIsSent) {
    expect_code(chat("small", "cheap-name", many), 429, "budget_exceeded");
    expect_code(chat("small", "falls-to-dear", many), 429, "budget_exceeded");
    expect_code(chat("small", "own", many), 429, "budget_exceeded");
    EXPECT_EQ(a_->call_count() + b_->call_count(), 0U);
    for (const char* model : {"cheap-name", "falls-to-dear", "own", "cheap"}) EXPECT_EQ(chat("small", model, few).status, 200) << model;
}

// Of `dear` only the output costs something, and these have none.
TEST_F(Pricing, ReservesNoOutputWhereNoneIsWritten) {
    const auto ask = [&](const std::string& path, const std::string& body) {
        return exchange_once(weir_->url(), request_text("POST", path, body, {{"Authorization", "Bearer sk-tiny"}})).status;
    };
    EXPECT_EQ(ask("/v1/embeddings", R"({"model":"dear","input":"hi"})"), 200);
    EXPECT_EQ(ask("/v1/moderations", R"({"model":"dear","input":"hi"})"), 200);
    EXPECT_NE(ask("/v1beta/models/dear:embedContent", R"({"content":{"parts":[{"text":"hi"}]}})"), 429);
    expect_code(chat("tiny", "dear"), 429, "budget_exceeded");
}

TEST_F(Pricing, RefusesModelsWithoutAPriceForKeysWithBudgetsAndShowsTheLine) {
    for (const char* key : {"paying", "strict"}) {
        const auto got = chat(key, "vendor/brand-new");
        expect_code(got, 403, "model_not_priced");
        EXPECT_NE(got.body.find("vendor/brand-new: {per_request: 0.01}"), std::string::npos) << got.body;
    }
    EXPECT_EQ(a_->call_count(), 0U);
    for (const char* key : {"lenient", "free"}) EXPECT_EQ(chat(key, "vendor/brand-new").status, 200) << key;
    EXPECT_EQ(chat("paying", "vendor/gpt-4o").status, 200) << "the part behind the slash has a price";
}

TEST_F(Pricing, PassesOverCandidatesWithoutAPriceAndRefusesOnlyWhereNoneIsLeft) {
    EXPECT_EQ(chat("paying", "unpriced-first", few).status, 200);
    EXPECT_EQ(a_->call_count(), 0U);
    EXPECT_EQ(b_->call_count(), 1U);
    EXPECT_EQ(chat("free", "unpriced-first", few).status, 200);
    EXPECT_EQ(a_->call_count(), 1U) << "who has no budget is served as before";

    a_->once({.status = 503, .body = "{}"});
    EXPECT_EQ(chat("paying", "unpriced-last", few).status, 503) << "the fallback has no price";
    EXPECT_EQ(b_->call_count(), 1U);
    a_->once({.status = 503, .body = "{}"});
    EXPECT_EQ(chat("free", "unpriced-last", few).status, 200);
    EXPECT_EQ(b_->call_count(), 2U);
}

TEST_F(Pricing, AskingAboutAModelCostsNothing) {
    EXPECT_EQ(exchange_once(weir_->url(), request_text("GET", "/v1/models/priced-call", {}, {{"Authorization", "Bearer sk-paying"}})).status, 200);
    const auto metrics = weir_->metrics_when([](const std::string& m) { return metric(m, "weir_requests_total", {"endpoint=\"/v1/models\""}) > 0; });
    EXPECT_EQ(metric(metrics, "weir_requests_total", {"endpoint=\"/v1/models\""}), 1);
    EXPECT_EQ(metric(metrics, "weir_spend_usd_total"), 0);
    EXPECT_EQ(metric(metrics, "weir_budget_remaining_usd", {"key=\"paying\""}), 10);
}

// Twenty megabytes of sound were five million tokens, 12.50 USD; a picture of four was a million.
TEST_F(Pricing, CountsFilesAndPicturesAsWhatTheyAre) {
    const std::string sound(20'000'000, '\x55');
    const std::string form =
        "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-4o-transcribe\r\n--b\r\nContent-Disposition: form-data; "
        "name=\"file\"; filename=\"a.mp3\"\r\n\r\n" +
        sound + "\r\n--b--\r\n";
    const auto heard =
        exchange_once(weir_->url(), request_text("POST", "/v1/audio/transcriptions", form,
                                                 {{"Authorization", "Bearer sk-small"}, {"Content-Type", "multipart/form-data; boundary=b"}}));
    EXPECT_EQ(heard.status, 200) << heard.body.substr(0, 500);
    std::string picture(4'000'000, 'A');
    for (std::size_t i = 0; i < picture.size(); i += 3) picture[i] = "bcdXYZ019+/"[i % 11];
    const auto body =
        R"({"model":"gpt-4o","max_tokens":10,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,)" +
        picture + R"("}}]}]})";
    const auto seen = exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", body, {{"Authorization", "Bearer sk-small"}}));
    EXPECT_EQ(seen.status, 200) << seen.body.substr(0, 500);
}
