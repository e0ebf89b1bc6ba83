// What a caller is told it may call: lists of models in each dialect's shape, with prices when the conf says so, and /llms.txt.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
namespace json = boost::json;
using namespace weir::test;

namespace {

constexpr const char* price_file =
    "models:\n"
    "  gpt-4o: {input: 2.5, cached_input: 1.25, output: 10}\n"
    "  gpt-4o-2024: {input: 3, output: 12}\n"
    "  claude-x: {input: 3, output: 15}\n"
    "  gemini-x: {input: 1, output: 4}\n"
    "upstreams:\n"
    "  dear: {gpt-4o: {input: 5, output: 20}}\n";

class Lists : public testing::Test {
protected:
    explicit Lists(const std::string& more = "models: {show_prices: true}\n") : a_(quick_provider("a")) {
        const auto up = [&](const std::string& name) { return "    upstreams: [{name: " + name + ", url: \"" + a_->url() + "\"}]\n"; };
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\", trusted_proxies: [10.0.0.0/8]}, {address: \"127.0.0.1:0\", trusted_proxies: [127.0.0.0/8]}]\n"
            "pools:\n  main:\n" +
                up("plain") + "  second:\n" + up("dear") + "  claude:\n    dialect: anthropic\n" + up("c") + "  gemini:\n    dialect: gemini\n" +
                up("g") +
                "routes:\n"
                "  - {models: [claude-x], pool: claude}\n  - {models: [gemini-x], pool: gemini}\n"
                "  - {models: [gpt-4o], pool: second}\n"
                "  - {models: [gpt-renamed, unpriced, \"gpt-5*\"], pool: main, rename: {gpt-renamed: gpt-4o-2024}}\n"
                "keys:\n  - {name: all, secret: sk-all}\n  - {name: narrow, secret: sk-narrow, models: [gpt-4o, \"gpt-5-n*\"]}\n"
                "prices: prices.yaml\n" +
                more + conf_end,
            gateway_process::files{{"prices.yaml", price_file}});
    }

    [[nodiscard]] response get(const std::string& path, headers more = {}, const std::string& key = "sk-all", std::size_t listener = 0,
                               const std::string& method = "GET") const {
        more.emplace_back("Authorization", "Bearer " + key);
        if (method == "HEAD") {
            raw_client client{weir_->url(listener)};
            client.send(request_text("HEAD", path, {}, more));
            return client.read_response(milliseconds{10000}, true);
        }
        return exchange_once(weir_->url(listener), request_text(method, path, {}, more));
    }
    /// `weir.prices` of an entry, as text; "" when it has none.
    static std::string prices_in(const json::value& entry) {
        const auto* own = entry.as_object().if_contains("weir");
        return own ? json::serialize(own->at("prices")) : std::string{};
    }

    std::unique_ptr<mock::provider> a_;
    std::unique_ptr<gateway_process> weir_;
};

class ListsWithoutPrices : public Lists {
protected:
    ListsWithoutPrices() : Lists("") {}
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_F(Lists, CarryThePriceOfTheModelThatIsServed) {
    EXPECT_TRUE(has(prices_in(json::parse(get("/v1/models/gpt-4o").body)), R"("input":5,)")) << "the upstream's own price";
    EXPECT_TRUE(has(prices_in(json::parse(get("/v1/models/gpt-renamed").body)), R"("input":3,)")) << "the price of what it is renamed to";
    EXPECT_EQ(prices_in(json::parse(get("/v1/models/unpriced").body)), "");
    const auto list = json::parse(get("/v1/models").body);
    std::size_t priced = 0;
    for (const auto& entry : list.at("data").as_array()) priced += prices_in(entry).empty() ? 0 : 1;
    EXPECT_EQ(priced, 4u) << list;
    EXPECT_EQ(a_->call_count(), 0u);
}

TEST_F(Lists, SpeakTheDialectOfWhoAsks) {
    const auto anthropic = json::parse(get("/v1/models", {{"anthropic-version", "2023-06-01"}}).body);
    EXPECT_TRUE(anthropic.at("has_more").is_bool());
    EXPECT_EQ(anthropic.at("data").at(0).at("type").as_string(), "model");
    EXPECT_FALSE(prices_in(anthropic.at("data").at(0)).empty());
    const auto gemini = json::parse(get("/v1beta/models").body);
    EXPECT_TRUE(gemini.at("models").at(0).at("name").as_string().starts_with("models/"));
    EXPECT_FALSE(prices_in(gemini.at("models").at(0)).empty());
    const auto google = json::parse(get("/v1/models", {{"x-goog-api-key", "as-its-sdk-sends-it"}}).body);
    EXPECT_TRUE(google.at("models").at(0).at("name").as_string().starts_with("models/"));
    const auto refused = json::parse(get("/v1/models", {{"anthropic-version", "2023-06-01"}}, "nobody").body);
    EXPECT_EQ(refused.at("type").as_string(), "error");
}

TEST_F(ListsWithoutPrices, SayNothingAboutThem) {
    for (const char* path : {"/v1/models", "/v1/models/gpt-4o", "/v1beta/models", "/llms.txt"}) {
        const auto got = get(path);
        EXPECT_EQ(got.status, 200) << path;
        EXPECT_FALSE(has(got.body, "prices") || has(got.body, "USD")) << got.body;
    }
}

TEST_F(Lists, TellCodingAgentsWhatTheirKeyMayCall) {
    const auto all = get("/llms.txt");
    EXPECT_EQ(all.status, 200);
    EXPECT_EQ(all.header("content-type"), "text/markdown; charset=utf-8");
    const auto authority = weir_->url(0);
    for (const char* part : {"`gpt-4o`: 5 USD", "`gpt-renamed`: 3 USD", "- `unpriced`\n", "`claude-x`", "`gemini-x`", "matches `gpt-5*`"})
        EXPECT_TRUE(has(all.body, part)) << part << "\n" << all.body;
    const auto narrow = get("/v1/llms.txt", {}, "sk-narrow");
    EXPECT_TRUE(has(narrow.body, "`gpt-4o`") && has(narrow.body, "matches `gpt-5-n*`")) << narrow.body;
    for (const char* part : {"claude", "gemini-x", "gpt-renamed", "`gpt-5*`"}) EXPECT_FALSE(has(narrow.body, part)) << part;
    EXPECT_TRUE(has(all.body, "- Codex CLI: `base_url = \"http://localhost/v1\"`")) << all.body;
    EXPECT_EQ(get("/llms.txt", {}, "nobody").status, 401);
    EXPECT_EQ(get("/llms.txt", {}, "sk-all", 0, "DELETE").status, 405);
    const auto head = get("/llms.txt", {}, "sk-all", 0, "HEAD");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("content-length"), std::to_string(all.body.size()));
    EXPECT_EQ(a_->call_count(), 0u);
}

// Whoever opens the listener by hand: no key is asked for, and nothing of the conf is said.
TEST_F(Lists, ShowAPageToWhoLooksByHand) {
    for (const char* path : {"/", "/v1", "/v1/?utm_source=x"}) {
        const auto html = get(path, {{"Accept", "text/html,*/*;q=0.8"}}, "nobody");
        EXPECT_EQ(html.status, 200) << path;
        EXPECT_EQ(html.header("content-type"), "text/html; charset=utf-8");
        EXPECT_TRUE(has(html.body, "http://localhost/v1")) << html.body;
        const auto plain = json::parse(get(path, {}, "nobody").body);
        EXPECT_EQ(plain.at("base_url").as_string(), "http://localhost/v1");
        for (const auto& body : {html.body, get(path, {}, "sk-all").body})
            for (const char* part : {"gpt-", "claude-x", "gemini-x", "plain", "dear", "narrow"}) EXPECT_FALSE(has(body, part)) << part << body;
    }
    EXPECT_EQ(get("/", {}, "nobody", 0, "HEAD").status, 200);
    EXPECT_EQ(get("/favicon.ico", {}, "nobody").status, 204);
    EXPECT_EQ(get("/", {}, "sk-all", 0, "POST").status, 404);
    EXPECT_EQ(get("/v1beta", {}, "sk-all").status, 404);
    EXPECT_EQ(a_->call_count(), 0u);
}

TEST_F(Lists, NameTheAddressThatTheCallerUsed) {
    const headers proxied{{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "llm.example"}};
    EXPECT_TRUE(has(get("/llms.txt", proxied, "sk-all", 1).body, "`https://llm.example/v1`"));
    const auto direct = get("/llms.txt", proxied).body;
    EXPECT_FALSE(has(direct, "llm.example")) << "only a trusted proxy is believed";
    EXPECT_TRUE(has(direct, "`http://")) << direct;
    EXPECT_FALSE(has(get("/llms.txt", {{"X-Forwarded-Host", "a b`c"}}, "sk-all", 1).body, "a b")) << "no text of a stranger";
}
