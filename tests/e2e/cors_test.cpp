// Web pages of other origins: what a browser asks first, and what lets a page read the answer.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;

namespace {

constexpr const char* app = "https://app.example";

struct stage {
    explicit stage(const std::string& cors)
        : provider(quick_provider("a")),
          weir(WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  main:\n    upstreams:\n" + upstream_of(*provider) +
                                "keys: [{name: page, secret: sk-page}]\n" + cors + conf_end) {}

    [[nodiscard]] response preflight(const std::string& origin, const std::string& path = "/v1/chat/completions") const {
        return exchange_once(weir.url(), request_text("OPTIONS", path, {},
                                                      {{"Origin", origin},
                                                       {"Access-Control-Request-Method", "POST"},
                                                       {"Access-Control-Request-Headers", "authorization,x-stainless-os"}}));
    }
    [[nodiscard]] response chat(bool stream, headers more, const std::string& secret = "sk-page") const {
        more.emplace_back("Authorization", "Bearer " + secret);
        return exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", stream), more));
    }

    std::unique_ptr<mock::provider> provider;
    gateway_process weir;
};

}  // namespace

TEST(CorsOnTheWire, IsAnsweredByWeirForPagesThatMayCall) {
    const stage s{"cors: {origins: [\"https://app.example\"]}\n"};
    for (const char* path : {"/v1/chat/completions", "/v1/models", "/v1/threads", "/nowhere"}) {
        const auto got = s.preflight(app, path);
        EXPECT_EQ(got.status, 204) << path;
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(got.header("access-control-allow-origin"), app);
        EXPECT_EQ(got.header("access-control-allow-headers"), "authorization,x-stainless-os");
        EXPECT_NE(got.header("access-control-allow-methods").find("POST"), std::string::npos);
        EXPECT_EQ(got.header("access-control-max-age"), "600");
        EXPECT_EQ(got.count("content-length"), 0u) << "RFC 9110 section 8.6";
        EXPECT_FALSE(got.header("x-request-id").empty());
    }
    const auto other = s.preflight("https://other.example");
    EXPECT_EQ(other.status, 403);
    EXPECT_EQ(other.count("access-control-allow-origin"), 0u);
    EXPECT_NE(other.body.find("address_not_allowed"), std::string::npos) << other.body;
    EXPECT_NE(other.body.find("cors.origins"), std::string::npos) << other.body;
    EXPECT_EQ(s.provider->call_count(), 0u);
}

TEST(CorsOnTheWire, LetsThosePagesReadEveryAnswerAndWeirsFields) {
    const stage s{"cors: {origins: [\"https://app.example\"]}\n"};
    const headers page{{"Origin", app}};
    const auto expect_readable = [](const response& got, int status) {
        EXPECT_EQ(got.status, status) << got.body;
        EXPECT_EQ(got.count("access-control-allow-origin"), 1u) << got.head;
        EXPECT_EQ(got.header("access-control-allow-origin"), app);
        EXPECT_NE(got.header("access-control-expose-headers").find("x-weir-cost-usd"), std::string::npos);
        EXPECT_NE(got.header("vary").find("origin"), std::string::npos);
    };
    expect_readable(s.chat(false, page), 200);
    expect_readable(s.chat(true, page), 200);
    expect_readable(s.chat(false, page, "sk-wrong"), 401);
    // What the provider says about its own origins would contradict.
    headers contradicting = page;
    contradicting.emplace_back("x-mock", "header.Access-Control-Allow-Origin=*,header.Access-Control-Expose-Headers=x-theirs");
    expect_readable(s.chat(false, contradicting), 200);
    expect_readable(s.chat(true, contradicting), 200);
    const auto other = s.chat(false, {{"Origin", "https://other.example"}});
    EXPECT_EQ(other.status, 200) << "the browser keeps the answer from the page; programs are not bound by it";
    EXPECT_EQ(other.count("access-control-allow-origin"), 0u);
}

TEST(CorsOnTheWire, IsOffUnlessTheConfSaysOtherwise) {
    const stage s{""};
    const auto got = s.preflight(app);
    EXPECT_EQ(got.status, 405);
    EXPECT_EQ(got.count("access-control-allow-methods"), 0u);
    const auto chat = s.chat(false, {{"Origin", app}, {"x-mock", "header.Access-Control-Allow-Origin=https://theirs.example"}});
    EXPECT_EQ(chat.header("access-control-allow-origin"), "https://theirs.example") << "what the provider says passes as it came";
    EXPECT_EQ(chat.count("vary"), 0u);
}
