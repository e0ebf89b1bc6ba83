// What each path of the admin address shows, without a socket.
#include "admin/pages.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include "admin/admin_api.hpp"

namespace weir::admin {
namespace {

/// What a request with this head and body gets.
page asked(const std::string& bytes, const admin_handlers& handlers, std::string_view body = {}) {
    http::request_head head;
    const auto parsed = http::parse_request_head(bytes, 64 * 1024, head, http::unsaid_length::none);
    EXPECT_EQ(parsed.state, http::parse_state::done) << parsed.why;
    return page_for(head, body, handlers);
}

admin_handlers some_handlers() {
    admin_handlers out;
    out.metrics = [](telemetry::exposition) { return std::string{"m 1\n"}; };
    out.ready = [](std::string&) { return true; };
    out.status_json = [] { return std::string{"{}"}; };
    return out;
}

TEST(Pages, GiveTheApiWhatItsHeadAndBodySay) {
    auto handlers = some_handlers();
    std::string heard;
    handlers.api = [&](const admin_request& r) {
        heard = std::string{r.method} + "|" + std::string{r.path} + "|" + std::string{r.query} + "|" + std::string{r.body} + "|" +
                std::string{r.authorization} + "|" + std::string{r.origin} + "|" + std::string{r.host};
        admin_reply reply;
        reply.status = 405;
        reply.allow = "GET";
        reply.events = true;
        return reply;
    };
    const auto got = asked("POST /api/x?y=1 HTTP/1.1\r\nHost: a:1\r\nAuthorization: Bearer t\r\nOrigin: http://b\r\n\r\n", handlers, "{}");
    EXPECT_EQ(heard, "POST|/api/x|y=1|{}|Bearer t|http://b|a:1");
    EXPECT_EQ(got.status, 405);
    EXPECT_EQ(got.allow, "GET");
    EXPECT_FALSE(got.events) << "events are for GET";
    EXPECT_NE(head_of(got).find("allow: GET\r\n"), std::string::npos);
}

TEST(Pages, SayInTheHeadWhatMayBeDoneWithThem) {
    const auto handlers = some_handlers();
    const auto html = head_of(asked("GET /status HTTP/1.1\r\nHost: a\r\n\r\n", handlers));
    EXPECT_NE(html.find("content-security-policy: default-src 'none'"), std::string::npos);
    for (const char* path : {"/status", "/metrics", "/healthz", "/nothing"}) {
        const auto head = head_of(asked(std::string{"GET "} + path + " HTTP/1.1\r\nHost: a\r\n\r\n", handlers));
        EXPECT_NE(head.find("cache-control: no-store\r\n"), std::string::npos) << path;
        EXPECT_NE(head.find("x-content-type-options: nosniff\r\n"), std::string::npos) << path;
        EXPECT_EQ(head.find("\r\n\r\n"), std::string::npos) << "what frames it is not written here";
    }
    page refused;
    refused.status = 401;
    EXPECT_NE(head_of(refused).find("www-authenticate: Bearer\r\n"), std::string::npos);
}

TEST(Pages, SayWhyTheyCannotBeMade) {
    auto handlers = some_handlers();
    handlers.status_json = []() -> std::string { throw std::runtime_error("the pool is gone"); };
    testing::internal::CaptureStderr();
    const auto got = asked("GET /api/status HTTP/1.1\r\nHost: a\r\n\r\n", handlers);
    EXPECT_NE(testing::internal::GetCapturedStderr().find("/api/status failed: the pool is gone"), std::string::npos);
    EXPECT_EQ(got.status, 500);
    EXPECT_NE(got.body.find("the pool is gone"), std::string::npos);
}

}  // namespace
}  // namespace weir::admin
