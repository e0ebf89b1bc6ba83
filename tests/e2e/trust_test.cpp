// Whom weir trusts is what the files of its conf say after a reload: CAs of upstreams and of clients, connections and sessions made before.
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Trust : public testing::Test {
protected:
    static std::string conf(const std::string& listener, const std::string& upstream) {
        return "listeners: [" + listener +
               "]\npools:\n  main:\n    retry: {attempts: 1}\n    ejection: {consecutive_failures: 1000}\n    upstreams:\n" + upstream +
               "routes: [{models: [\"*\"], pool: main}]\n" + std::string{conf_end};
    }
    static void reload(gateway_process& weir) {
        const auto times = [](const std::string& said) {
            std::size_t n = 0;
            for (std::size_t at = 0; (at = said.find("reloaded", at)) != std::string::npos; ++at) ++n;
            return n;
        };
        std::size_t before = 0;
        (void)weir.program().wait_err([&](const std::string& said) { return before = times(said), true; });
        weir.program().signal(SIGHUP);
        ASSERT_TRUE(weir.program().wait_err([&](const std::string& said) { return times(said) > before; }));
    }
    static int ask(gateway_process& weir) {
        return exchange_once(weir.url(), request_text("POST", "/v1/chat/completions", chat_body("m", false))).status;
    }
    /// The workers hear of a reload a moment later.
    static bool becomes(gateway_process& weir, int status) {
        int got = 0;
        for (int i = 0; i < 100 && got != status; ++i) {
            if (i > 0) std::this_thread::sleep_for(20ms);
            got = ask(weir);
        }
        return got == status;
    }
};

}  // namespace

TEST_F(Trust, AnUpstreamsCaFileThatWasRotatedHoldsFromTheReloadOn) {
    const mock::authority before, after;
    const auto own = before.issue();
    const auto provider = quick_provider("secure", mock::tls_options{own.pem, own.private_key, ""});
    gateway_process weir{WEIR_BINARY,
                         conf("{address: \"127.0.0.1:0\"}", upstream_of(*provider, "tls: {ca: ca.pem, server_name: localhost}")),
                         {{"ca.pem", before.pem()}}};
    for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(weir), 200);
    (void)weir.folder().write("ca.pem", after.pem());
    reload(weir);
    EXPECT_TRUE(becomes(weir, 502)) << "it is not trusted any more, nor are connections that were kept";
    for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(weir), 502);
    (void)weir.folder().write("ca.pem", after.pem() + before.pem());
    reload(weir);
    EXPECT_TRUE(becomes(weir, 200));
    for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(weir), 200);
}

TEST_F(Trust, ConnectionsThatStayOpenOverAReloadAreStillCounted) {
    const auto provider = quick_provider("a");
    gateway_process weir{WEIR_BINARY, conf("{address: \"127.0.0.1:0\"}", upstream_of(*provider))};
    provider->once({.stall_after = 2, .stall = 1500ms});
    raw_client client{weir.url()};
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", true))));
    auto streaming = client.read_head();
    EXPECT_EQ(metric(weir.metrics(), "weir_upstream_connections"), 1);
    reload(weir);
    EXPECT_EQ(metric(weir.metrics(), "weir_upstream_connections"), 1);
    reload(weir);
    EXPECT_EQ(metric(weir.metrics(), "weir_upstream_connections"), 1);
    client.read_body(streaming);
    EXPECT_TRUE(streaming.clean());
    EXPECT_EQ(ask(weir), 200);
    EXPECT_EQ(metric(weir.metrics(), "weir_upstream_connections"), static_cast<double>(provider->open_connections()));
}

TEST_F(Trust, NoTlsSessionOutlivesTheClientCaThatAReloadTookOut) {
    const mock::authority server, before, after;
    const auto own = server.issue();
    const auto client_of = [](const mock::authority& ca) { return ca.issue({.common_name = "client", .names = {}, .client = true}); };
    const auto removed = client_of(before), stays = client_of(after);
    const auto provider = quick_provider("a");
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SCOPED_TRACE(version);
        gateway_process weir{
            WEIR_BINARY,
            conf("{address: \"127.0.0.1:0\", tls: {certificate: c.pem, private_key: k.pem, client_ca: ca.pem}}", upstream_of(*provider)),
            {{"c.pem", own.pem}, {"k.pem", own.private_key}, {"ca.pem", before.pem() + after.pem()}}};
        const auto status_on = [](raw_client& client) {
            if (!client.connected() || !client.send(request_text("POST", "/v1/chat/completions", chat_body("m", false)))) return 0;
            return client.read_response(3s).status;
        };
        const auto as = [&](const mock::certificate& who, SSL_SESSION* resume) {
            tls_choice choice{.ca_pem = server.pem(), .certificate_pem = who.pem, .private_key_pem = who.private_key};
            choice.resume = resume;
            choice.max_version = version;
            return raw_client{weir.url(), choice};
        };
        auto first = as(removed, nullptr);
        ASSERT_EQ(status_on(first), 200);
        auto* const session = first.session();
        ASSERT_NE(session, nullptr);
        auto resumed = as(removed, session);
        EXPECT_TRUE(resumed.resumed()) << "while its CA is there";
        EXPECT_EQ(status_on(resumed), 200);
        (void)weir.folder().write("ca.pem", after.pem());
        reload(weir);
        int refused = 0;
        for (int i = 0; i < 100 && refused < 4; ++i) {
            auto again = as(removed, session);
            if (status_on(again) == 0) {
                ++refused;
            } else {
                refused = 0;
                std::this_thread::sleep_for(20ms);
            }
        }
        EXPECT_EQ(refused, 4);
        SSL_SESSION_free(session);
        auto other = as(stays, nullptr);
        EXPECT_EQ(status_on(other), 200);
    }
}
