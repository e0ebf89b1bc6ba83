// What a person is told who opens a listener by hand.
#include "exchange/own/front_page.hpp"

#include <gtest/gtest.h>

using namespace weir::exchange;

TEST(FrontPage, IsWhatPeopleOpenByHand) {
    for (const auto* path : {"/", "/v1", "/v1/", "/favicon.ico"}) {
        EXPECT_TRUE(is_front_page("GET", path)) << path;
        EXPECT_TRUE(is_front_page("HEAD", path)) << path;
        EXPECT_FALSE(is_front_page("POST", path)) << path;
        EXPECT_FALSE(is_front_page("OPTIONS", path)) << path;
    }
    for (const auto* path : {"", "/v1/models", "/v1beta", "/index.html", "//", "*"}) EXPECT_FALSE(is_front_page("GET", path)) << path;
}

TEST(FrontPage, IsHtmlForBrowsersAndJsonForOthers) {
    const auto html = front_page_at("/", "text/html,application/xhtml+xml;q=0.9", "https://weir.example");
    EXPECT_EQ(html.status, 200);
    EXPECT_EQ(html.type, "text/html; charset=utf-8");
    EXPECT_NE(html.body.find("<code>https://weir.example/v1</code>"), std::string::npos);
    for (const auto* from_outside : {"src=", "@import", "<script", "http-equiv"})
        EXPECT_EQ(html.body.find(from_outside), std::string::npos) << from_outside;
    const auto json = front_page_at("/v1", "*/*", "http://127.0.0.1:8080");
    EXPECT_EQ(json.type, "application/json");
    EXPECT_NE(json.body.find("\"base_url\": \"http://127.0.0.1:8080/v1\""), std::string::npos);
    EXPECT_EQ(front_page_at("/favicon.ico", "image/png", "http://h").status, 204);
}

TEST(FrontPage, EscapesWhereItWasReached) {
    EXPECT_EQ(front_page_at("/", "text/html", "http://<b>\"'&").body.find("<b>"), std::string::npos);
    EXPECT_NE(front_page_at("/", "", "http://\"").body.find(R"(http://\"/v1)"), std::string::npos);
}
