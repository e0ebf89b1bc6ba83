// The client behind proxies: X-Forwarded-For from trusted ones, the PROXY protocol in front of plain and TLS connections. What
// counts is what a key's networks and the log see.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Peer : public testing::Test {
protected:
    Peer() : a_(quick_provider("a")) {
        const auto certificate = authority_.issue();
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners:\n"
            "  - {address: \"127.0.0.1:0\", trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]}\n"
            "  - {address: \"127.0.0.1:0\"}\n"
            "  - {address: \"127.0.0.1:0\", proxy_protocol: on}\n"
            "  - {address: \"127.0.0.1:0\", proxy_protocol: on, trusted_proxies: [192.0.2.0/24]}\n"
            "  - {address: \"127.0.0.1:0\", proxy_protocol: on, tls: {certificate: cert.pem, private_key: key.pem}}\n"
            "pools:\n  main:\n    upstreams:\n" +
                upstream_of(*a_) + "keys: [{name: office, secret: sk-office, allow: [203.0.113.0/24, \"2001:db8::/32\"]}]\n" + conf_end,
            gateway_process::files{{"cert.pem", certificate.pem}, {"key.pem", certificate.private_key}});
    }

    static std::string question(const headers& more = {}) {
        headers with = {{"Authorization", "Bearer sk-office"}};
        with.insert(with.end(), more.begin(), more.end());
        return request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", false), with);
    }
    int ask(std::size_t listener, const std::string& in_front, const headers& more = {}) const {
        return exchange_once(weir_->url(listener), in_front + question(more)).status;
    }

    static constexpr const char* office = "PROXY TCP4 203.0.113.9 198.51.100.1 4711 80\r\n";
    mock::authority authority_;
    std::unique_ptr<mock::provider> a_;
    std::unique_ptr<gateway_process> weir_;
};

}  // namespace

TEST_F(Peer, IsReadFromTheRightOfXForwardedFor) {
    EXPECT_EQ(ask(0, ""), 403) << "the proxy itself";
    EXPECT_EQ(ask(0, "", {{"X-Forwarded-For", "203.0.113.7"}}), 200);
    EXPECT_EQ(ask(0, "", {{"x-forwarded-for", "203.0.113.7, 10.1.2.3"}}), 200);
    EXPECT_EQ(ask(0, "", {{"X-Forwarded-For", "203.0.113.7"}, {"X-Forwarded-For", "10.1.2.3"}}), 200) << "two lines are one list";
    EXPECT_EQ(ask(0, "", {{"X-Forwarded-For", "2001:db8::7"}}), 200);
    EXPECT_EQ(ask(0, "", {{"X-Forwarded-For", "203.0.113.7, 198.51.100.4"}}), 403) << "anybody can write the first";
    EXPECT_EQ(ask(0, "", {{"X-Forwarded-For", "203.0.113.7, nonsense"}}), 403);
}

TEST_F(Peer, IsNotAskedOfAnybodyElse) { EXPECT_EQ(ask(1, "", {{"X-Forwarded-For", "203.0.113.7"}}), 403); }

TEST_F(Peer, ChangesWithEachRequestOfAProxysConnection) {
    raw_client client{weir_->url(0)};
    for (const auto& [address, status] : {std::pair{"203.0.113.7", 200}, {"198.51.100.4", 403}, {"203.0.113.8", 200}}) {
        ASSERT_TRUE(client.send(question({{"X-Forwarded-For", address}, {"x-request-id", std::string{"from-"} + address}})));
        EXPECT_EQ(client.read_response().status, status) << address;
        EXPECT_NE(weir_->log_line(std::string{"from-"} + address).find("\"client\":\"" + std::string{address} + "\""), std::string::npos);
    }
}

TEST_F(Peer, IsNamedByAProxyHeader) {
    EXPECT_EQ(ask(2, office), 200);
    const std::string v2{"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x09\xc6\x33\x64\1\x12\x67\0\x50", 28};
    EXPECT_EQ(ask(2, v2), 200);
    EXPECT_EQ(ask(2, "PROXY UNKNOWN\r\n"), 403) << "then the connection's own address counts";
    EXPECT_EQ(ask(2, ""), 0) << "a connection without one is closed";
    EXPECT_EQ(ask(3, office), 403) << "from one who is not trusted the header is read and not believed";
}

TEST_F(Peer, IsNamedBeforeTls) {
    // The header goes in front in the clear; the handshake follows it at once.
    const auto* address = "PROXY TCP4 203.0.113.9 198.51.100.1 4711 443\r\n";
    raw_client client{weir_->url(4), tls_choice{.ca_pem = authority_.pem(), .before_handshake = address}};
    ASSERT_TRUE(client.connected()) << client.fault();
    ASSERT_TRUE(client.send(question()));
    EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(Peer, IsReadFromAHeaderThatComesByteByByte) {
    raw_client client{weir_->url(2)};
    ASSERT_TRUE(client.send_sliced(office + question(), 1, std::chrono::microseconds{500}));
    EXPECT_EQ(client.read_response().status, 200);
}
