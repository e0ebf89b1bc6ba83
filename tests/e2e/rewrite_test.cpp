// What the upstream gets: spliced bodies, swapped credentials, headers that cross and headers that stop.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;

namespace {

constexpr const char* client_key = "sk-client-secret-1";
constexpr const char* upstream_key = "upstream-secret-2";

class Rewrite : public testing::Test {
protected:
    static void SetUpTestSuite() {
        a_ = quick_provider("a", std::nullopt, upstream_key);
        open_ = quick_provider("open");
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "pools:\n"
            "  keyed:\n    retry: {attempts: 1}\n    upstreams:\n" +
            upstream_of(*a_, std::string{"api_key: "} + upstream_key + ", headers: {OpenAI-Organization: org-7}") +
            "  claude:\n    dialect: anthropic\n    upstreams:\n      - {name: a, url: \"" + a_->url() + "\", api_key: " + upstream_key + "}\n" +
            "  open:\n    upstreams:\n" + upstream_of(*open_) +
            "routes:\n"
            "  - models: [asked]\n    pool: keyed\n    rename: {asked: served-2024-11-20}\n"
            "  - {models: [\"claude*\"], pool: claude}\n"
            "  - {models: [open], pool: open}\n"
            "  - {models: [\"*\"], pool: keyed}\n"
            "keys:\n"
            "  - {name: one, secret: " +
            std::string{client_key} +
            "}\n"
            "  - {name: capped, secret: sk-capped, max_output_tokens: 100}\n" +
            std::string{conf_end};
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY, conf);
    }
    static void TearDownTestSuite() {
        weir_.reset();
        a_.reset();
        open_.reset();
    }
    void SetUp() override {
        a_->forget();
        a_->always({});
        open_->forget();
    }

    static headers with_key(headers more = {}) {
        more.emplace_back("Authorization", std::string{"Bearer "} + client_key);
        return more;
    }
    static response ask(const std::string& body, const headers& more, const std::string& path = "/v1/chat/completions") {
        return exchange_once(weir_->url(), request_text("POST", path, body, more));
    }
    static mock::call last_call() { return a_->calls().back(); }

    static std::unique_ptr<mock::provider> a_, open_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Rewrite::a_, Rewrite::open_;
std::unique_ptr<gateway_process> Rewrite::weir_;

}  // namespace

TEST_F(Rewrite, RenamesTheModelAndLeavesEveryOtherByte) {
    // Odd spacing, escapes, number spellings and member order must all survive.
    const std::string before =
        "{ \"temperature\":1.50e0 ,\n\t\"messages\" : [ {\"role\":\"user\",\"content\":\"\\u00e9 asked \\/ "
        "\\\"model\\\":\\\"asked\\\"\"} ],  \"model\"  :  ";
    const std::string after = " ,\"seed\":12345678901234567890, \"x\":{\"model\":\"asked\"} }\n";
    EXPECT_EQ(ask(before + "\"asked\"" + after, with_key()).status, 200);
    EXPECT_EQ(last_call().body, before + "\"served-2024-11-20\"" + after);
    EXPECT_EQ(last_call().header("content-length"), std::to_string(last_call().body.size()));
}

TEST_F(Rewrite, RenamesAModelThatIsWrittenWithEscapes) {
    EXPECT_EQ(ask(R"({"m\u006fdel":"\u0061sked","messages":[]})", with_key()).status, 200);
    EXPECT_EQ(last_call().body, R"({"m\u006fdel":"served-2024-11-20","messages":[]})");
}

TEST_F(Rewrite, LeavesAnUntouchedBodyAsItIs) {
    const std::string body = "{\"model\" : \"gpt-4o\",\"messages\":[ ] }";
    EXPECT_EQ(ask(body, with_key()).status, 200);
    EXPECT_EQ(last_call().body, body);
}

TEST_F(Rewrite, CapsTheOutputLimitWhereItStands) {
    const headers capped = {{"Authorization", "Bearer sk-capped"}};
    EXPECT_EQ(ask(R"({"model":"m", "max_tokens" : 5000 ,"messages":[]})", capped).status, 200);
    EXPECT_EQ(last_call().body, R"({"model":"m", "max_tokens" : 100 ,"messages":[]})");
    EXPECT_EQ(ask(R"({"model":"m","max_tokens":7,"messages":[]})", capped).status, 200);
    EXPECT_EQ(last_call().body, R"({"model":"m","max_tokens":7,"messages":[]})");
    EXPECT_EQ(ask(R"({"model":"m","messages":[]})", capped).status, 200);
    EXPECT_NE(last_call().body.find(":100"), std::string::npos) << last_call().body;
}

TEST_F(Rewrite, SwapsCredentialsInEveryPlaceAClientMayPutThem) {
    const std::string body = chat_body("m", false);
    for (const auto& [name, value] : headers{{"Authorization", std::string{"Bearer "} + client_key},
                                             {"x-api-key", client_key},
                                             {"api-key", client_key},
                                             {"x-goog-api-key", client_key}}) {
        EXPECT_EQ(ask(body, {{name, value}}).status, 200) << name;
        EXPECT_EQ(last_call().raw_head.find(client_key), std::string::npos) << last_call().raw_head;
        EXPECT_EQ(last_call().header("authorization"), std::string{"Bearer "} + upstream_key);
    }
    EXPECT_EQ(ask(body, {}, std::string{"/v1/chat/completions?a=1&key="} + client_key).status, 200);
    EXPECT_EQ(last_call().raw_head.find(client_key), std::string::npos) << last_call().raw_head;
    EXPECT_NE(last_call().target.find("a=1"), std::string::npos);
}

TEST_F(Rewrite, UsesAnthropicsOwnHeaderForItsKey) {
    const auto got =
        ask(R"({"model":"claude-x","max_tokens":5,"messages":[{"role":"user","content":"hi"}]})",
            {{"x-api-key", client_key}, {"anthropic-version", "2023-06-01"}, {"anthropic-beta", "a"}, {"anthropic-beta", "b"}}, "/v1/messages");
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_EQ(last_call().header("x-api-key"), upstream_key);
    EXPECT_EQ(last_call().header("anthropic-version"), "2023-06-01");
    EXPECT_EQ(last_call().header("authorization"), "");
    EXPECT_EQ(last_call().target, "/v1/messages");
}

TEST_F(Rewrite, NeverSendsAWeirKeyToAnUpstreamWithoutOne) {
    EXPECT_EQ(ask(chat_body("open", false), with_key()).status, 200);
    EXPECT_EQ(open_->calls().back().raw_head.find(client_key), std::string::npos);
}

TEST_F(Rewrite, NeverShowsASecretInAnswersOrLogs) {
    const auto refused = ask(chat_body("m", false), {{"Authorization", "Bearer sk-wrong-secret-3"}});
    EXPECT_EQ(refused.status, 401);
    // Each time: a kept connection that breaks before its first byte is tried once more on a new one.
    a_->always({.cut = mock::cut{mock::cut::place::head, 0, 0}, .ending = mock::ending::reset});
    const auto broken = ask(chat_body("m", false), with_key());
    EXPECT_EQ(broken.status, 502);
    (void)weir_->log_line("upstream_unreachable");
    const auto everything = refused.wire + broken.wire + weir_->folder().read("access.log") + weir_->program().err() + weir_->program().out() +
                            weir_->metrics() + weir_->ask_admin("/api/status").body + weir_->ask_admin("/status").body;
    for (const char* secret : {"sk-wrong-secret-3", client_key, upstream_key}) EXPECT_EQ(everything.find(secret), std::string::npos) << secret;
}

TEST_F(Rewrite, AddsTheUpstreamsOwnHeaders) {
    (void)ask(chat_body("m", false), with_key({{"OpenAI-Organization", "the-clients"}}));
    EXPECT_EQ(last_call().header("openai-organization"), "org-7");
}

TEST_F(Rewrite, StopsHopByHopHeadersAndEmitsItsOwnFraming) {
    const auto got = ask(chat_body("m", false), with_key({{"Connection", "keep-alive, X-Secret-Hop"},
                                                          {"X-Secret-Hop", "1"},
                                                          {"Keep-Alive", "timeout=5"},
                                                          {"TE", "gzip"},
                                                          {"Proxy-Authorization", "Basic eA=="},
                                                          {"X-Custom", "stays"}}));
    EXPECT_EQ(got.status, 200);
    const auto call = last_call();
    for (const char* name : {"x-secret-hop", "keep-alive", "te", "proxy-authorization"}) EXPECT_EQ(call.header(name), "") << name;
    EXPECT_EQ(call.header("x-custom"), "stays");
    EXPECT_EQ(call.header("host"), a_->url().substr(7));
}

TEST_F(Rewrite, StopsTheUpstreamsHopByHopHeaders) {
    a_->once({.headers = {
                  {"Connection", "X-Hop"}, {"X-Hop", "1"}, {"Keep-Alive", "timeout=1"}, {"X-Kept", "yes"}, {"x-ratelimit-remaining-tokens", "9"}}});
    const auto got = ask(chat_body("m", false), with_key());
    EXPECT_EQ(got.header("x-hop"), "");
    EXPECT_EQ(got.header("keep-alive"), "");
    EXPECT_EQ(got.header("x-kept"), "yes");
}

TEST_F(Rewrite, KeepsOrMakesARequestId) {
    const auto kept = ask(chat_body("m", false), with_key({{"x-request-id", "my-id-1"}}));
    EXPECT_EQ(kept.header("x-request-id"), "my-id-1");
    EXPECT_EQ(kept.count("x-request-id"), 1u);
    EXPECT_EQ(last_call().header("x-request-id"), "my-id-1");
    const auto made = ask(chat_body("m", false), with_key()).header("x-request-id");
    ASSERT_EQ(made.size(), 36u) << made;
    EXPECT_EQ(made[14], '7');  // UUIDv7
    EXPECT_EQ(last_call().header("x-request-id"), made);
}

TEST_F(Rewrite, ContinuesATrace) {
    const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
    (void)ask(chat_body("m", false), with_key({{"traceparent", "00-" + id + "-00f067aa0ba902b7-01"}, {"tracestate", "vendor=1"}}));
    const auto parent = last_call().header("traceparent");
    EXPECT_EQ(parent.size(), 55u);
    EXPECT_EQ(parent.substr(3, 32), id);
    EXPECT_EQ(parent.substr(52), "-01");
    EXPECT_EQ(last_call().header("tracestate"), "vendor=1");
}

TEST_F(Rewrite, ServesHarmlessPathMistakesWithAHint) {
    for (const char* path : {"/v1/v1/chat/completions", "/chat/completions", "/v1/chat/completions/chat/completions"}) {
        const auto got = ask(chat_body("m", false), with_key(), path);
        EXPECT_EQ(got.status, 200) << path << got.body;
        EXPECT_EQ(last_call().target, "/v1/chat/completions") << path;
    }
    EXPECT_NE(ask(chat_body("m", false), with_key(), "/v1/v1/chat/completions").header("x-weir-hint"), "");
    EXPECT_EQ(ask(chat_body("m", false), with_key()).header("x-weir-hint"), "");
}
