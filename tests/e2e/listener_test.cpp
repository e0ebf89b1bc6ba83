// How clients get in: TLS, resumption, client certificates, unix sockets; and TLS towards the upstream.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Listener : public testing::Test {
protected:
    static void SetUpTestSuite() {
        const auto upstream = root_.issue();
        plain_ = quick_provider("plain");
        secure_ = quick_provider("secure", mock::tls_options{upstream.pem, upstream.private_key, ""});
        const auto own = root_.issue();
        const std::string conf =
            "listeners:\n"
            "  - address: 127.0.0.1:0\n"
            "  - address: 127.0.0.1:0\n    tls: {certificate: cert.pem, private_key: key.pem}\n"
            "  - address: 127.0.0.1:0\n    tls: {certificate: cert.pem, private_key: key.pem, client_ca: ca.pem, "
            "min_version: \"1.3\"}\n"
            "  - address: \"unix:{folder}/weir.sock\"\n"
            "pools:\n"
            "  plain:\n    upstreams:\n" +
            upstream_of(*plain_) + "  secure:\n    upstreams:\n" + upstream_of(*secure_, "tls: {ca: ca.pem, server_name: localhost}") +
            "  distrusted:\n    retry: {attempts: 1}\n    upstreams:\n" + upstream_of(*secure_) +
            "  misnamed:\n    retry: {attempts: 1}\n    upstreams:\n" + upstream_of(*secure_, "tls: {ca: ca.pem, server_name: other.example}") +
            "  unverified:\n    upstreams:\n" + upstream_of(*secure_, "tls: {verify: false}") +
            "routes:\n"
            "  - {models: [secure], pool: secure}\n  - {models: [distrusted], pool: distrusted}\n  - {models: "
            "[misnamed], pool: misnamed}\n"
            "  - {models: [unverified], pool: unverified}\n  - {models: [\"*\"], pool: plain}\n" +
            std::string{conf_end};
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY, conf, gateway_process::files{{"ca.pem", root_.pem()}, {"cert.pem", own.pem}, {"key.pem", own.private_key}});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        plain_.reset();
        secure_.reset();
    }

    static std::string chat(std::string_view model = "m") { return request_text("POST", "/v1/chat/completions", chat_body(model, true)); }
    static tls_choice trusting() { return {.ca_pem = root_.pem()}; }

    static mock::authority root_;
    static std::unique_ptr<mock::provider> plain_, secure_;
    static std::unique_ptr<gateway_process> weir_;
};

mock::authority Listener::root_;
std::unique_ptr<mock::provider> Listener::plain_, Listener::secure_;
std::unique_ptr<gateway_process> Listener::weir_;

}  // namespace

TEST_F(Listener, SaysWhereItListensAndHow) {
    ASSERT_EQ(weir_->addresses().size(), 4u);
    EXPECT_TRUE(weir_->url(0).starts_with("http://127.0.0.1:"));
    EXPECT_TRUE(weir_->url(1).starts_with("https://127.0.0.1:"));
    EXPECT_TRUE(weir_->url(3).starts_with("unix:"));
}

TEST_F(Listener, SpeaksTlsOfBothVersions) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        auto choice = trusting();
        choice.max_version = version;
        raw_client client{weir_->url(1), choice};
        ASSERT_TRUE(client.connected()) << client.fault();
        EXPECT_EQ(client.tls_version(), version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
        ASSERT_TRUE(client.send(chat()));
        const auto got = client.read_response();
        EXPECT_TRUE(got.clean());
        EXPECT_TRUE(got.body.ends_with("[DONE]\n\n"));
        EXPECT_EQ(client.alpn(), "http/1.1");
    }
}

TEST_F(Listener, ResumesTlsSessions) {
    raw_client first{weir_->url(1), trusting()};
    ASSERT_TRUE(first.send(chat()));
    ASSERT_TRUE(first.read_response().clean());
    auto again = trusting();
    again.resume = first.session();
    raw_client second{weir_->url(1), again};
    EXPECT_TRUE(second.resumed());
    ASSERT_TRUE(second.send(chat()));
    EXPECT_TRUE(second.read_response().clean());
    SSL_SESSION_free(again.resume);
}

TEST_F(Listener, SendsLargeAnswersOverTls) {
    plain_->once({.text = std::string(3'000'000, 'z')});
    const auto got = exchange_once(weir_->url(1), request_text("POST", "/v1/chat/completions", chat_body("m", false)), trusting());
    EXPECT_TRUE(got.clean());
    EXPECT_TRUE(got.body == plain_->calls().back().answered);
}

TEST_F(Listener, ReadsLargeSlicedRequestsOverTls) {
    const auto body = chat_body("m", false, R"("padding":")" + std::string(400'000, 'p') + '"');
    raw_client client{weir_->url(1), trusting()};
    ASSERT_TRUE(client.send_sliced(request_text("POST", "/v1/chat/completions", body), 1777));
    EXPECT_EQ(client.read_response().status, 200);
    EXPECT_TRUE(plain_->calls().back().body == body);
}

TEST_F(Listener, DemandsClientCertificates) {
    auto choice = trusting();
    EXPECT_EQ(exchange_once(weir_->url(2), chat(), choice).status, 0);
    const auto good = root_.issue({.common_name = "client", .names = {}, .client = true});
    choice.certificate_pem = good.pem;
    choice.private_key_pem = good.private_key;
    EXPECT_EQ(exchange_once(weir_->url(2), chat(), choice).status, 200);
    const mock::authority stranger;
    for (const auto& bad : {stranger.issue({.names = {}, .client = true}), root_.issue({.names = {}, .client = true, .valid_until_s = -60})}) {
        choice.certificate_pem = bad.pem;
        choice.private_key_pem = bad.private_key;
        EXPECT_EQ(exchange_once(weir_->url(2), chat(), choice).status, 0);
    }
}

TEST_F(Listener, RefusesTlsBelowTheMinimum) {
    auto choice = trusting();
    choice.max_version = TLS1_2_VERSION;
    EXPECT_FALSE(raw_client(weir_->url(2), choice).connected());
}

TEST_F(Listener, SurvivesPlainTextAndSilenceOnATlsPort) {
    raw_client plain{weir_->url(1).substr(8)};
    ASSERT_TRUE(plain.send(chat()));
    EXPECT_TRUE(plain.wait_closed(5s));
    EXPECT_EQ(exchange_once(weir_->url(1), chat(), trusting()).status, 200);
}

TEST_F(Listener, ServesAUnixSocket) {
    const auto got = exchange_once(weir_->url(3), chat());
    EXPECT_EQ(got.status, 200);
    EXPECT_TRUE(got.clean());
}

TEST_F(Listener, TrustsAnUpstreamOnlyWithItsAuthorityAndName) {
    EXPECT_EQ(exchange_once(weir_->url(), chat("secure")).status, 200);
    EXPECT_EQ(secure_->calls().back().tls.value().server_name, "localhost");
    EXPECT_EQ(exchange_once(weir_->url(), chat("unverified")).status, 200);
    const auto before = secure_->call_count();
    for (const char* model : {"distrusted", "misnamed"}) {
        const auto got = exchange_once(weir_->url(), chat(model));
        EXPECT_EQ(got.status, 502) << model;
        EXPECT_NE(got.body.find("upstream_unreachable"), std::string::npos) << got.body;
        EXPECT_NE(got.body.find(secure_->url()), std::string::npos) << got.body;
    }
    EXPECT_EQ(secure_->call_count(), before);
}

TEST_F(Listener, ResumesTlsTowardsTheUpstream) {
    // A session is kept when its connection has been kept; closing connections then makes new ones that resume it.
    for (const char* how : {"keep_alive=on", "keep_alive=off"})
        for (int i = 0; i < 8; ++i) {
            const auto text = request_text("POST", "/v1/chat/completions", chat_body("secure", false), {{"x-mock", how}});
            EXPECT_EQ(exchange_once(weir_->url(), text).status, 200);
        }
    const auto calls = secure_->calls();
    EXPECT_TRUE(std::any_of(calls.begin(), calls.end(), [](const mock::call& each) { return each.tls && each.tls->resumed; }));
}
