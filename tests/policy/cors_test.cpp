// What browsers are told about pages of other origins.
#include "policy/cors.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir::policy;

cors_settings one_origin() {
    cors_settings rules;
    rules.origins = {"https://app.example", "http://localhost:3000"};
    return rules;
}

bool has(const std::string& fields, const std::string& line) { return fields.find(line + "\r\n") != std::string::npos; }

TEST(Cors, AllowsTheOriginsOfTheConfAndNoOther) {
    const auto rules = one_origin();
    EXPECT_TRUE(allows_origin(rules, "https://app.example"));
    EXPECT_TRUE(allows_origin(rules, "https://APP.example"));
    EXPECT_TRUE(allows_origin(rules, "http://localhost:3000"));
    for (const char* other :
         {"", "null", "http://app.example", "https://app.example:8443", "https://app.example.evil", "https://x.app.example", "http://localhost", "*"})
        EXPECT_FALSE(allows_origin(rules, other)) << other;
    cors_settings all;
    all.origins = {"*"};
    EXPECT_TRUE(allows_origin(all, "null"));
}

TEST(Cors, NamesTheOriginThatMayReadTheAnswer) {
    const auto rules = one_origin();
    const auto mine = cors_fields(rules, "https://app.example");
    EXPECT_TRUE(has(mine, "access-control-allow-origin: https://app.example")) << mine;
    EXPECT_TRUE(has(mine, "vary: origin"));
    EXPECT_NE(mine.find("x-weir-cost-usd"), std::string::npos);
    EXPECT_EQ(mine.find("allow-credentials"), std::string::npos);
    EXPECT_EQ(cors_fields(rules, "https://other.example"), "vary: origin\r\n");
    EXPECT_EQ(cors_fields(rules, ""), "vary: origin\r\n");
}

TEST(Cors, SaysTheSameToEverybodyWhereEverybodyMay) {
    cors_settings all;
    all.origins = {"*"};
    const auto fields = cors_fields(all, "https://any.example");
    EXPECT_TRUE(has(fields, "access-control-allow-origin: *"));
    EXPECT_EQ(fields.find("vary"), std::string::npos);
    EXPECT_EQ(cors_fields(all, ""), "");
}

TEST(Cors, AnswersAPreflightWithWhatThePageMaySend) {
    auto rules = one_origin();
    const auto asked = preflight_fields(rules, "https://app.example", "authorization,content-type");
    EXPECT_TRUE(has(asked, "access-control-allow-headers: authorization,content-type")) << asked;
    EXPECT_TRUE(has(asked, "access-control-max-age: 600"));
    EXPECT_TRUE(has(asked, "vary: origin, access-control-request-headers"));
    EXPECT_NE(asked.find("access-control-allow-methods: GET, HEAD, POST"), std::string::npos);
    rules.headers = {"Authorization", "X-One"};
    rules.max_age = std::chrono::milliseconds{0};
    const auto named = preflight_fields(rules, "https://app.example", "x-two");
    EXPECT_TRUE(has(named, "access-control-allow-headers: Authorization, X-One")) << named;
    EXPECT_TRUE(has(named, "access-control-max-age: 0"));
    EXPECT_EQ(preflight_fields(rules, "https://app.exampl", "x-two"), "vary: origin, access-control-request-headers\r\n");
}

TEST(Cors, RefusesWithTheKeyOfTheConfThatWouldAllowIt) {
    const auto rules = one_origin();
    EXPECT_FALSE(check_origin(rules, "https://app.example"));
    const auto why = check_origin(rules, "https://other.example");
    EXPECT_EQ(why.what, weir::core::code::address_not_allowed);
    EXPECT_NE(why.message.find("https://other.example"), std::string::npos);
    EXPECT_NE(why.message.find("cors.origins"), std::string::npos);
}

TEST(Cors, KnowsTheFieldsOfAnUpstreamsOwnAnswer) {
    EXPECT_TRUE(is_cors_answer_field("Access-Control-Allow-Origin"));
    EXPECT_TRUE(is_cors_answer_field("access-control-expose-headers"));
    EXPECT_FALSE(is_cors_answer_field("access-control-"));
    EXPECT_FALSE(is_cors_answer_field("accept"));
}

}  // namespace
