// A weir without keys and the browsers of its machine: no page of the web may spend its owner's money or read what it answers, not even under a
// name of its own that was pointed here. Programs are not bound by this.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"
#include "support/websocket.hpp"

namespace mock = weir::mock;
using namespace weir::test;

namespace {

struct stage {
    explicit stage(const std::string& listeners, const std::string& more = {}, const std::string& admin = "127.0.0.1:0")
        : provider(quick_provider("a")),
          weir(WEIR_BINARY, "listeners: [" + listeners + "]\npools:\n  main:\n    upstreams:\n" + upstream_of(*provider) + more +
                                "admin: {address: \"" + admin +
                                "\", hosts: [admin.lan]}\nworkers: 2\nstate: {ledger: off}\nlog: {access: access.log, level: info}\n") {}

    // The first conf of the README, but for the port.
    static std::string loopback() { return "{address: \"127.0.0.1:0\", hosts: [weir.lan]}"; }
    static std::string everywhere() { return "{address: \"0.0.0.0:0\", hosts: [weir.lan]}"; }

    [[nodiscard]] std::string port() const { return weir.url().substr(weir.url().rfind(':')); }
    // What a page can send without asking first: a POST of text.
    [[nodiscard]] response post(const std::string& host, const std::string& origin, std::size_t listener = 0) const {
        const auto body = chat_body("gpt-4o", false);
        std::string text = "POST /v1/chat/completions HTTP/1.1\r\n";
        if (!host.empty()) text += "Host: " + host + "\r\n";
        if (!origin.empty()) text += "Origin: " + origin + "\r\n";
        return exchange_once("127.0.0.1" + weir.url(listener).substr(weir.url(listener).rfind(':')),
                             text + "Content-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }

    std::unique_ptr<mock::provider> provider;
    gateway_process weir;
};

void expect_refused(const response& got, const std::string& code, const std::string& what) {
    EXPECT_EQ(got.status, 403) << what;
    EXPECT_NE(got.body.find("\"" + code + "\""), std::string::npos) << what << got.body;
    EXPECT_EQ(got.header("x-should-retry"), "false") << what;
}

}  // namespace

TEST(WebPages, CannotSendRequestsToAWeirWithoutKeys) {
    const stage s{stage::loopback()};
    const auto own = "127.0.0.1" + s.port();
    for (const char* origin : {"https://evil.example", "http://127.0.0.1:1", "null", "http://evil.example:8080"})
        expect_refused(s.post(own, origin), "origin_not_allowed", origin);
    EXPECT_EQ(s.provider->call_count(), 0u);
    for (const std::string& origin : {std::string{}, "http://" + own, std::string{"app://obsidian.md"}, std::string{"vscode-webview://x"}})
        EXPECT_EQ(s.post(own, origin).status, 200) << origin;
    EXPECT_EQ(s.post("weir.lan", "http://weir.lan").status, 200);
    EXPECT_EQ(s.provider->call_count(), 5u);
}

TEST(WebPages, CannotHideAnOriginBehindAnother) {
    const stage s{stage::loopback()};
    const auto own = "127.0.0.1" + s.port();
    expect_refused(s.post(own, "http://" + own + "\r\nOrigin: https://evil.example"), "origin_not_allowed", "the second of two");
    EXPECT_EQ(s.provider->call_count(), 0u);
}

TEST(WebPages, CannotReadAnswersUnderANameOfTheirOwn) {
    const stage s{stage::loopback()};
    for (const std::string target : {"/v1/models", "/v1/files", "/llms.txt", "/nowhere", "/v1/chat/completions", "*"}) {
        const std::string method = target == "*" ? "OPTIONS" : "GET";
        expect_refused(exchange_once(s.weir.url(), method + " " + target + " HTTP/1.1\r\nHost: evil.example" + s.port() + "\r\n\r\n"),
                       "host_not_allowed", target);
    }
    expect_refused(exchange_once(s.weir.url(), "GET http://evil.example/v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"), "host_not_allowed",
                   "in the target");
    EXPECT_EQ(s.provider->call_count(), 0u);
    for (const char* host : {"localhost", "chat.localhost:7", "[::1]:80", "WEIR.lan:1"})
        EXPECT_EQ(exchange_once(s.weir.url(), std::string{"GET /v1/models HTTP/1.1\r\nHost: "} + host + "\r\n\r\n").status, 200) << host;
    EXPECT_EQ(exchange_once(s.weir.url(), "GET /v1/models HTTP/1.0\r\n\r\n").status, 200) << "HTTP/1.0 without Host is no browser's";
}

TEST(WebPages, CannotOpenWebSockets) {
    const stage s{stage::loopback()};
    const auto own = "127.0.0.1" + s.port();
    const auto shake = [&](const std::string& origin) {
        return exchange_once(
            s.weir.url(),
            "GET /v1/realtime?model=m HTTP/1.1\r\nHost: " + own + "\r\nOrigin: " + origin +
                "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    };
    expect_refused(shake("https://evil.example"), "origin_not_allowed", "websocket");
    EXPECT_EQ(s.provider->call_count(), 0u);
}

TEST(WebPages, FindNoOpenDoorInAPublishedContainer) {
    const stage s{stage::everywhere()};
    // By any name, since who knows how it is called; but pages only by what cannot be another site's name.
    EXPECT_EQ(s.post("evil.example" + s.port(), {}).status, 200);
    expect_refused(s.post("evil.example" + s.port(), "http://evil.example" + s.port()), "origin_not_allowed", "a rebound name");
    EXPECT_EQ(s.post("192.168.7.7" + s.port(), "http://192.168.7.7" + s.port()).status, 200);
    EXPECT_EQ(s.post("weir.lan", "https://weir.lan").status, 200);
}

TEST(WebPages, MayCallWhereCorsNamesThem) {
    const stage s{stage::loopback(), "cors: {origins: [\"https://app.example\"]}\n"};
    const auto own = "127.0.0.1" + s.port();
    EXPECT_EQ(s.post(own, "https://app.example").status, 200);
    expect_refused(s.post(own, "https://other.example"), "origin_not_allowed", "not named");
    const auto preflight = [&](const std::string& origin) {
        return exchange_once(s.weir.url(),
                             request_text("OPTIONS", "/v1/chat/completions", {}, {{"Origin", origin}, {"Access-Control-Request-Method", "POST"}}));
    };
    EXPECT_EQ(preflight("https://app.example").status, 204);
    expect_refused(preflight("https://other.example"), "origin_not_allowed", "preflight");
}

TEST(WebPages, AreTheKeysAffairWhereThereAreKeys) {
    const stage s{stage::loopback(), "keys: [{name: k, secret: sk-k}]\n"};
    const auto body = chat_body("gpt-4o", false);
    const auto got = exchange_once(s.weir.url(),
                                   "POST /v1/chat/completions HTTP/1.1\r\nHost: evil.example\r\nOrigin: https://evil.example\r\nAuthorization: "
                                   "Bearer sk-k\r\nContent-Type: application/json\r\nContent-Length: " +
                                       std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_EQ(s.post("evil.example", "https://evil.example").status, 401);
}

TEST(WebPages, AreKeptFromUnixSocketsByTheirOriginAlone) {
    const stage s{"{address: \"unix:{folder}/weir.sock\"}"};
    EXPECT_EQ(exchange_once(s.weir.url(), "GET /v1/models HTTP/1.1\r\nHost: any.example\r\n\r\n").status, 200);
    expect_refused(exchange_once(s.weir.url(), "GET /v1/models HTTP/1.1\r\nHost: any.example\r\nOrigin: https://any.example\r\n\r\n"),
                   "origin_not_allowed", "unix");
}

TEST(WebPages, CannotReadTheAdminPages) {
    const stage s{stage::loopback()};
    const auto by = [&](const std::string& path, const std::string& host) {
        return exchange_once(s.weir.admin(), "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    };
    for (const char* path : {"/metrics", "/status", "/api/status", "/api/requests", "/api/keys", "/"}) {
        const auto refused = by(path, "evil.example:9464");
        EXPECT_EQ(refused.status, 403) << path;
        EXPECT_NE(refused.body.find("admin.hosts"), std::string::npos) << refused.body;
        for (const char* host : {"localhost:9464", "127.0.0.1", "admin.lan"}) EXPECT_LT(by(path, host).status, 400) << path << ' ' << host;
    }
    for (const char* path : {"/healthz", "/readyz"}) EXPECT_EQ(by(path, "evil.example").status, 200) << path;
}
