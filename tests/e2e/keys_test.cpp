// What a key lets its owner do, and where its secret goes: into no upstream and into no log. Budgets are tested
// elsewhere.
#include <gtest/gtest.h>

#include <array>
#include <boost/json.hpp>
#include <set>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
namespace json = boost::json;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Keys : public testing::Test {
protected:
    static void SetUpTestSuite() {
        a_ = quick_provider("a");
        const auto at_root = "      - {name: a, url: \"" + a_->url() + "\", api_key: up-secret-1}\n";
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "pools:\n"
            "  main:\n    ask_usage: false\n    upstreams:\n" +
            upstream_of(*a_, "api_key: up-secret-1") + "  bare:\n    ask_usage: false\n    upstreams:\n" + upstream_of(*a_) +
            "  claude:\n    dialect: anthropic\n    upstreams:\n" + at_root + "  gemini:\n    dialect: gemini\n    upstreams:\n" + at_root +
            "routes:\n"
            "  - {models: [\"claude*\"], pool: claude}\n"
            "  - {models: [\"gemini*\"], pool: gemini}\n"
            "  - {models: [bare], pool: bare}\n"
            "  - {models: [gpt-4o, gpt-4o-mini, \"gpt-5*\"], pool: main}\n"
            "keys:\n"
            "  - {name: all, secret: sk-weir-all}\n"
            "  - {name: narrow, secret: sk-weir-narrow, models: [gpt-4o, \"claude-a*\"]}\n"
            "  - {name: globbed, secret: sk-weir-globbed, models: [\"gpt-4o*\", gpt-5-nano, unrouted]}\n"
            "  - {name: elsewhere, secret: sk-weir-elsewhere, allow: [10.0.0.0/8, \"::2\"]}\n"
            "  - {name: here, secret: sk-weir-here, allow: [127.0.0.0/8]}\n"
            "  - {name: old, secret: sk-weir-old, expires: 2020-01-01}\n"
            "  - {name: slow, secret: sk-weir-slow, requests_per_minute: 2}\n"
            "  - {name: terse, secret: sk-weir-terse, tokens_per_minute: 60}\n"
            "  - {name: single, secret: sk-weir-single, concurrent: 1}\n"
            "  - {name: capped, secret: sk-weir-capped, max_output_tokens: 16}\n" +
            std::string{conf_end};
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY, conf);
    }
    static void TearDownTestSuite() {
        weir_.reset();
        a_.reset();
    }
    void SetUp() override { a_->forget(); }

    static response send(const std::string& path, const std::string& body, const headers& with) {
        return exchange_once(weir_->url(), request_text("POST", path, body, with));
    }
    static response chat(const std::string& secret, const std::string& model = "gpt-4o", const std::string& more = {}) {
        return send("/v1/chat/completions", chat_body(model, false, more), {{"Authorization", "Bearer " + secret}});
    }
    /// The body that reached the upstream.
    static std::string passed(const std::string& path, const std::string& body, const std::string& secret) {
        const auto before = a_->call_count();
        const auto got = send(path, body, {{"Authorization", "Bearer " + secret}});
        EXPECT_EQ(got.status, 200) << got.body;
        return a_->call_count() == before + 1 ? a_->calls().back().body : std::string{};
    }

    static std::unique_ptr<mock::provider> a_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Keys::a_;
std::unique_ptr<gateway_process> Keys::weir_;

struct endpoint_case {
    const char* path;
    const char* body;
};

constexpr endpoint_case openai_chat{"/v1/chat/completions", R"({"model":"gpt-4o","messages":[]})"};
constexpr endpoint_case openai_responses{"/v1/responses", R"({"model":"gpt-4o","input":"Say"})"};
constexpr endpoint_case anthropic{"/v1/messages", R"({"model":"claude-x","max_tokens":9,"messages":[]})"};
constexpr endpoint_case gemini{"/v1beta/models/gemini-x:generateContent", R"({"contents":[]})"};

json::object object_of(const std::string& text) {
    json::error_code failed;
    const auto value = json::parse(text, failed);
    EXPECT_TRUE(!failed && value.is_object()) << text;
    return value.is_object() ? value.as_object() : json::object{};
}

/// Checks the error's shape in the dialect that `path` speaks.
void expect_error(const response& got, const endpoint_case& where, int status, const std::string& code) {
    SCOPED_TRACE(std::string{where.path} + " " + code + "\n" + got.wire);
    EXPECT_EQ(got.status, status);
    EXPECT_TRUE(got.clean());
    const auto all = object_of(got.body);
    const auto* error = all.if_contains("error");
    ASSERT_TRUE(error != nullptr && error->is_object());
    const auto& e = error->as_object();
    ASSERT_TRUE(e.contains("message") && e.contains("code"));
    EXPECT_FALSE(e.at("message").as_string().empty());
    if (std::string_view{where.path}.starts_with("/v1beta/")) {
        EXPECT_EQ(e.at("code").to_number<int>(), status);
        EXPECT_EQ(e.at("details").as_array().front().as_object().at("reason").as_string(), code.c_str());
    } else {
        EXPECT_EQ(e.at("code").as_string(), code.c_str());
        EXPECT_TRUE(e.at("type").is_string());
    }
    if (std::string_view{where.path} == "/v1/messages") {
        EXPECT_EQ(all.at("type").as_string(), "error");
    }
}

std::string without(std::string text, const std::string& part) {
    const auto at = text.find(part);
    return at == std::string::npos ? text : text.erase(at, part.size());
}

std::string with_instead(std::string text, const std::string& part, const std::string& other) {
    return text.replace(text.find(part), part.size(), other);
}

std::set<std::string> models_of(const response& list) {
    std::set<std::string> out;
    const auto all = object_of(list.body);
    if (!all.contains("data")) return out;
    for (const auto& each : all.at("data").as_array()) out.insert(std::string{each.as_object().at("id").as_string()});
    return out;
}

}  // namespace

TEST_F(Keys, AreRefusedInEachDialectsShape) {
    for (const auto& where : {openai_chat, openai_responses, anthropic, gemini}) {
        const auto ask = [&](const std::string& secret) { return send(where.path, where.body, {{"Authorization", "Bearer " + secret}}); };
        expect_error(send(where.path, where.body, {}), where, 401, "invalid_key");
        expect_error(ask("sk-weir-unknown"), where, 401, "invalid_key");
        expect_error(ask("sk-weir-al"), where, 401, "invalid_key");
        expect_error(ask("sk-weir-old"), where, 403, "key_expired");
        expect_error(ask("sk-weir-elsewhere"), where, 403, "address_not_allowed");
    }
    for (const auto& where : {anthropic, gemini})
        expect_error(send(where.path, where.body, {{"x-api-key", "sk-weir-narrow"}}), where, 403, "model_not_allowed");
    expect_error(chat("sk-weir-narrow", "gpt-5-nano"), openai_chat, 403, "model_not_allowed");
    EXPECT_EQ(a_->call_count(), 0u);
    EXPECT_EQ(chat("sk-weir-here").status, 200);
    EXPECT_EQ(chat("sk-weir-narrow").status, 200);
}

TEST_F(Keys, AreReadFromEveryPlaceAndReachNoUpstream) {
    const std::string secret = "sk-weir-all";
    const std::vector<std::pair<std::string, headers>> places = {
        {"", {{"Authorization", "Bearer " + secret}}},
        {"", {{"authorization", "bearer " + secret}}},
        {"", {{"x-api-key", secret}}},
        {"", {{"api-key", secret}}},
        {"", {{"X-Goog-Api-Key", secret}}},
        {"?key=" + secret, {}},
        {"?first=1&key=" + secret + "&last=2", {}},
        {"?key=" + secret, {{"Authorization", "Bearer " + secret}, {"x-api-key", secret}, {"api-key", secret}, {"x-goog-api-key", secret}}},
    };
    for (const std::string model : {"gpt-4o", "bare"})
        for (const auto& [query, with] : places) {
            SCOPED_TRACE(model + query + (with.empty() ? "" : " " + with.front().first));
            a_->forget();
            ASSERT_EQ(send("/v1/chat/completions" + query, chat_body(model, false), with).status, 200);
            ASSERT_EQ(a_->call_count(), 1u);
            const auto call = a_->calls().back();
            EXPECT_EQ(call.raw_head.find(secret), std::string::npos) << call.raw_head;
            EXPECT_EQ(call.header("authorization"), model == "bare" ? "" : "Bearer up-secret-1");
            EXPECT_EQ(call.target.find("key="), std::string::npos) << call.target;
            EXPECT_EQ(call.target.find("first=1") != std::string::npos, query.starts_with("?first"));
            EXPECT_EQ(call.target.find("last=2") != std::string::npos, query.starts_with("?first"));
        }
}

TEST_F(Keys, AreReplacedByTheUpstreamsOwnInEachDialectsHeader) {
    ASSERT_EQ(send(anthropic.path, anthropic.body, {{"x-api-key", "sk-weir-all"}}).status, 200);
    EXPECT_EQ(a_->calls().back().header("x-api-key"), "up-secret-1");
    ASSERT_EQ(send(std::string{gemini.path} + "?key=sk-weir-all", gemini.body, {}).status, 200);
    EXPECT_EQ(a_->calls().back().header("x-goog-api-key"), "up-secret-1");
    for (const auto& call : a_->calls()) EXPECT_EQ(call.raw_head.find("sk-weir"), std::string::npos) << call.raw_head;
}

TEST_F(Keys, StandInNoAnswerAndNoLog) {
    std::string answers;
    for (const char* secret : {"sk-weir-all", "sk-weir-old", "sk-weir-narrow", "sk-weir-never-known"})
        for (const std::string place : {"/v1/chat/completions?key=", "/v1/nowhere?key="}) {
            const auto got = send(place + secret, chat_body("gpt-5-nano", false), {{"x-request-id", "last-one"}});
            answers += got.wire;
            answers += send("/v1/chat/completions", "not json", {{"x-api-key", secret}}).wire;
        }
    ASSERT_NE(weir_->log_line("last-one"), "");
    const auto kept = weir_->folder().read("access.log") + weir_->program().err() + weir_->program().out() + weir_->metrics() +
                      weir_->ask_admin("/api/status").body + answers;
    EXPECT_EQ(kept.find("sk-weir"), std::string::npos);
    EXPECT_EQ(kept.find("up-secret"), std::string::npos);
}

TEST_F(Keys, SendASlowDownWithItsNumbers) {
    EXPECT_EQ(chat("sk-weir-slow").status, 200);
    EXPECT_EQ(chat("sk-weir-slow").status, 200);
    const auto got = chat("sk-weir-slow");
    expect_error(got, openai_chat, 429, "rate_limited");
    const int wait = std::atoi(got.header("retry-after").c_str());
    EXPECT_GT(wait, 0);
    EXPECT_LE(wait, 60);
    EXPECT_EQ(got.header("x-ratelimit-limit-requests"), "2");
    EXPECT_EQ(got.header("x-ratelimit-remaining-requests"), "0");
    EXPECT_NE(got.header("x-ratelimit-reset-requests"), "");
    EXPECT_EQ(a_->call_count(), 2u);
    EXPECT_EQ(chat("sk-weir-all").status, 200) << "one key's limit holds no other key back";
}

TEST_F(Keys, CountTheTokensOfAMinute) {
    response got;
    int served = 0;
    for (; served < 60; ++served)
        if (got = chat("sk-weir-terse", "gpt-4o", R"("max_tokens":5)"); got.status != 200) break;
    EXPECT_GT(served, 0);
    expect_error(got, openai_chat, 429, "rate_limited");
    EXPECT_GT(std::atoi(got.header("retry-after").c_str()), 0);
    EXPECT_EQ(got.header("x-ratelimit-limit-tokens"), "60");
    EXPECT_NE(got.header("x-ratelimit-remaining-tokens"), "");
}

TEST_F(Keys, LimitWhatIsInFlight) {
    a_->once({.stall_after = 2, .stall = 5s});
    raw_client first{weir_->url()};
    ASSERT_TRUE(first.send(request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", true), {{"Authorization", "Bearer sk-weir-single"}})));
    ASSERT_EQ(first.read_head().status, 200);
    const auto got = chat("sk-weir-single");
    expect_error(got, openai_chat, 429, "rate_limited");
    EXPECT_GT(std::atoi(got.header("retry-after").c_str()), 0);
    first.close();  // the place comes back however the request ends
    int status = 429;
    for (int i = 0; i < 100 && status == 429; ++i) {
        std::this_thread::sleep_for(20ms);
        status = chat("sk-weir-single").status;
    }
    EXPECT_EQ(status, 200);
    EXPECT_EQ(chat("sk-weir-single").status, 200);
}

TEST_F(Keys, LowerTheRequestsOwnLimitInPlace) {
    const std::vector<std::pair<std::string, std::string>> bodies = {
        {"/v1/chat/completions", "{ \"model\" : \"gpt-4o\",\n\t\"max_tokens\" : 500 ,\"messages\":[] , \"x\":1.50e1}"},
        {"/v1/chat/completions", R"({"max_completion_tokens":500,"messages":[],"model":"gpt-4o"})"},
        {"/v1/completions", R"({"model":"gpt-4o","prompt":"max_tokens: 7","max_tokens":500})"},
        {"/v1/responses", R"({"input":"Say","max_output_tokens":500,"model":"gpt-4o"})"},
        {"/v1/messages", R"({"model":"claude-x","max_tokens":500,"messages":[{"role":"user","content":"\"max_tokens\":9"}]})"},
        {gemini.path, R"({"contents":[], "generationConfig":{"temperature":1,"maxOutputTokens": 500 }})"},
    };
    for (const auto& [path, body] : bodies) {
        SCOPED_TRACE(path);
        EXPECT_EQ(passed(path, body, "sk-weir-capped"), with_instead(body, "500", "16"));
        const auto small = with_instead(body, "500", "15");
        EXPECT_EQ(passed(path, small, "sk-weir-capped"), small);
        EXPECT_EQ(passed(path, body, "sk-weir-all"), body);
    }
}

TEST_F(Keys, SetALimitWhereTheRequestHasNone) {
    const std::vector<std::array<std::string, 3>> cases = {
        {"/v1/chat/completions", " { \"messages\":[] ,\r\n \"model\":\"gpt-4o\"} ", "\"max_completion_tokens\":16,"},
        {"/v1/completions", R"({"model":"gpt-4o","prompt":"Say"})", "\"max_tokens\":16,"},
        {"/v1/responses", R"({"input":"Say","model":"gpt-4o"})", "\"max_output_tokens\":16,"},
        {gemini.path, R"({"contents":[]})", "\"generationConfig\":{\"maxOutputTokens\":16},"},
        {gemini.path, R"({"contents":[],"generationConfig":{"topK":2}})", "\"maxOutputTokens\":16,"},
    };
    for (const auto& [path, body, added] : cases) {
        SCOPED_TRACE(path + " " + added);
        const auto got = passed(path, body, "sk-weir-capped");
        EXPECT_NE(got.find(added), std::string::npos) << got;
        EXPECT_EQ(without(got, added), body);
        EXPECT_TRUE(json::parse(got).is_object());
    }
    const std::string null_limit = R"({"model":"gpt-4o","max_completion_tokens":null,"messages":[]})";
    EXPECT_EQ(passed("/v1/chat/completions", null_limit, "sk-weir-capped"), with_instead(null_limit, "null", "16"));
    const std::string embed = R"({"model":"gpt-4o","input":"no output to limit"})";
    EXPECT_EQ(passed("/v1/embeddings", embed, "sk-weir-capped"), embed);
}

TEST_F(Keys, ListOnlyTheModelsTheyMayCall) {
    const auto list = [](const std::string& secret) {
        return exchange_once(weir_->url(), request_text("GET", "/v1/models", {}, {{"Authorization", "Bearer " + secret}}));
    };
    EXPECT_EQ(models_of(list("sk-weir-narrow")), (std::set<std::string>{"gpt-4o"}));
    EXPECT_EQ(models_of(list("sk-weir-globbed")), (std::set<std::string>{"gpt-4o", "gpt-4o-mini", "gpt-5-nano"}));
    EXPECT_EQ(models_of(list("sk-weir-all")), (std::set<std::string>{"bare", "gpt-4o", "gpt-4o-mini"}));
    EXPECT_EQ(list("sk-weir-old").status, 403);
    EXPECT_EQ(list("nobody").status, 401);
    const auto one = [](const std::string& model) {
        return exchange_once(weir_->url(), request_text("GET", "/v1/models/" + model, {}, {{"Authorization", "Bearer sk-weir-narrow"}})).status;
    };
    EXPECT_EQ(one("gpt-4o"), 200);
    EXPECT_EQ(one("gpt-4o-mini"), 404);
    // Nothing but the lists of the pools that no written name leads to, each once.
    EXPECT_EQ(a_->call_count(), 2u);
    for (const auto& call : a_->calls())
        EXPECT_TRUE(call.target.starts_with("/v1/models?") || call.target.starts_with("/v1beta/models?")) << call.target;
}
