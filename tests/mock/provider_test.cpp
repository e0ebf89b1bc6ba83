// The mock provider over real sockets: what it says when well, and each way of being unwell.
#include "mock/provider.hpp"

#include <gtest/gtest.h>

#include "mock/certificates.hpp"
#include "support/raw_client.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using weir::test::chat_body;
using weir::test::end_of;
using weir::test::exchange_once;
using weir::test::raw_client;
using weir::test::request_text;
using weir::test::split_events;

namespace {

class Provider : public testing::Test {
protected:
    Provider() : provider_({.timing = mock::timing::none()}) { provider_.start(); }

    [[nodiscard]] std::string chat(bool stream = true) const { return request_text("POST", "/v1/chat/completions", chat_body("gpt-4o", stream)); }
    [[nodiscard]] weir::test::response ask(const mock::script& how, bool stream = true) {
        provider_.once(how);
        return exchange_once(provider_.url(), chat(stream));
    }
    [[nodiscard]] mock::call last_call() const {
        provider_.wait_for([](const auto& calls) { return !calls.empty() && calls.back().outcome != mock::outcome::running; });
        return provider_.calls().back();
    }

    mock::provider provider_;
};

}  // namespace

TEST_F(Provider, StreamsAndKeepsItsBooks) {
    raw_client client{provider_.url()};
    ASSERT_TRUE(client.send(chat()));
    const auto got = client.read_response();
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.header("content-type"), "text/event-stream; charset=utf-8");
    EXPECT_EQ(split_events(got.body).back(), "data: [DONE]\n\n");
    const auto call = last_call();
    EXPECT_EQ(call.answered, got.body);
    EXPECT_EQ(call.bytes_sent, got.wire.size());
    EXPECT_EQ(call.events_sent, split_events(got.body).size());
    EXPECT_EQ(call.outcome, mock::outcome::finished);
    EXPECT_EQ(call.model, "gpt-4o");
    EXPECT_EQ(call.body, chat_body("gpt-4o", true));
    EXPECT_EQ(call.header("HOST"), "localhost");
}

TEST_F(Provider, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
    raw_client client{provider_.url()};
    ASSERT_TRUE(client.send(chat(false) + request_text("GET", "/models") + chat(true)));
    EXPECT_NE(client.read_response().body.find("chat.completion"), std::string::npos);
    EXPECT_NE(client.read_response().body.find("\"list\""), std::string::npos);
    EXPECT_NE(client.read_response().body.find("[DONE]"), std::string::npos);
    const auto calls = provider_.calls();
    ASSERT_EQ(calls.size(), 3u);
    EXPECT_EQ(calls[0].connection, calls[2].connection);
}

TEST_F(Provider, ReadsARequestInAnySlices) {
    const auto text = chat(false);
    for (const std::size_t slice : {1u, 2u, 7u, 100u}) {
        raw_client client{provider_.url()};
        ASSERT_TRUE(client.send_sliced(text, slice));
        EXPECT_EQ(client.read_response().status, 200) << slice;
    }
    EXPECT_EQ(exchange_once(provider_.url(), weir::test::chunked_request_text("/v1/chat/completions", chat_body("m", false), 5)).status, 200);
    EXPECT_EQ(last_call().body, chat_body("m", false));
}

TEST_F(Provider, TakesScriptsFromTheHeaderAndFromTheModel) {
    const auto by_header = exchange_once(
        provider_.url(), request_text("POST", "/v1/chat/completions", chat_body("m", true), {{"x-mock", "status=429,header.retry-after=7"}}));
    EXPECT_EQ(by_header.status, 429);
    EXPECT_EQ(by_header.header("retry-after"), "7");
    const auto by_model = exchange_once(provider_.url(), request_text("POST", "/v1/chat/completions", chat_body("mock:status=503", true)));
    EXPECT_EQ(by_model.status, 503);
    const auto wrong = exchange_once(provider_.url(), request_text("POST", "/v1/chat/completions", chat_body("mock:sttus=503", true)));
    EXPECT_EQ(wrong.status, 400);
    EXPECT_NE(wrong.body.find("sttus"), std::string::npos);
}

TEST_F(Provider, CutsTheHead) {
    const auto got = ask({.cut = mock::cut{mock::cut::place::head, 20, 0}});
    EXPECT_EQ(got.end, end_of::eof);
    EXPECT_EQ(got.wire.size(), 20u);
    EXPECT_EQ(last_call().outcome, mock::outcome::cut);
}

TEST_F(Provider, CutsAfterEventsAndInsideOne) {
    const auto whole = split_events(ask({}).body);
    const auto after = ask({.cut = mock::cut{mock::cut::place::event, 3, 0}});
    EXPECT_EQ(after.end, end_of::eof);
    EXPECT_EQ(split_events(after.body).size(), 3u);
    EXPECT_TRUE(after.body.ends_with("\n\n"));
    const auto inside = ask({.cut = mock::cut{mock::cut::place::event, 3, 10}});
    ASSERT_EQ(split_events(inside.body).size(), 4u);
    EXPECT_EQ(split_events(inside.body)[3].size(), 10u);
    EXPECT_EQ(split_events(inside.body)[3], whole[3].substr(0, 10));
}

TEST_F(Provider, CutsBeforeTheTerminator) {
    const auto got = ask({.cut = mock::cut{mock::cut::place::terminator, 0, 0}});
    EXPECT_EQ(got.end, end_of::eof);
    EXPECT_EQ(got.body.find("[DONE]"), std::string::npos);
    EXPECT_NE(got.body.find(R"("finish_reason":"stop")"), std::string::npos);
    const auto clean = ask({.terminator = false});
    EXPECT_TRUE(clean.clean());
    EXPECT_EQ(clean.body.size(), got.body.size());
    EXPECT_EQ(clean.body.find("[DONE]"), std::string::npos);
}

TEST_F(Provider, ResetsWhenToldTo) {
    EXPECT_EQ(ask({.cut = mock::cut{mock::cut::place::event, 2, 0}, .ending = mock::ending::reset}).end, end_of::reset);
    EXPECT_EQ(ask({.ending = mock::ending::reset, .drop = true}).end, end_of::reset);
}

TEST_F(Provider, HangsUntilThePeerLeaves) {
    provider_.once({.cut = mock::cut{mock::cut::place::event, 2, 0}, .ending = mock::ending::hang});
    raw_client client{provider_.url()};
    ASSERT_TRUE(client.send(chat()));
    EXPECT_EQ(client.read_response(200ms).end, end_of::timed_out);
    client.close();
    EXPECT_TRUE(provider_.wait_for([&](const auto&) { return provider_.open_connections() == 0; }));
}

TEST_F(Provider, NoticesAtOnceThatThePeerLeft) {
    provider_.once({.first_event = 1ms, .stall_after = 3, .stall = 60s});
    raw_client client{provider_.url()};
    ASSERT_TRUE(client.send(chat()));
    EXPECT_EQ(client.read_head().status, 200);
    EXPECT_NE(client.read_raw(1s), "");
    client.close();
    const auto left = std::chrono::steady_clock::now();
    EXPECT_EQ(last_call().outcome, mock::outcome::aborted);
    EXPECT_LT(std::chrono::steady_clock::now() - left, 2s);
}

TEST_F(Provider, SlicesItsWritesWithoutChangingAByte) {
    const auto plain = ask({.text = "Grüße, 你好 🌊"}).body;
    const auto id_free = [](std::string text) { return text.substr(text.find("\"object\"")); };
    for (const std::uint64_t n : {1u, 3u, 50u}) {
        const auto sliced = ask({.text = "Grüße, 你好 🌊", .write = n});
        EXPECT_TRUE(sliced.clean());
        EXPECT_EQ(split_events(sliced.body).size(), split_events(plain).size());
        EXPECT_EQ(last_call().answered, sliced.body);
        const auto chunked = ask({.text = "Grüße, 你好 🌊", .chunk = n});
        EXPECT_TRUE(chunked.clean());
        EXPECT_EQ(last_call().answered, chunked.body);
        EXPECT_EQ(id_free(chunked.body).size(), id_free(plain).size());
    }
    EXPECT_TRUE(ask({.events_per_write = 1000}).clean());
}

TEST_F(Provider, FramesTheBodyInEveryWay) {
    const auto length = ask({.framing = mock::framing::content_length});
    EXPECT_TRUE(length.clean());
    EXPECT_EQ(length.header("content-length"), std::to_string(length.body.size()));
    const auto close = ask({.framing = mock::framing::close});
    EXPECT_TRUE(close.clean());
    EXPECT_EQ(close.header("connection"), "close");
    EXPECT_EQ(last_call().answered, close.body);
    const auto chunked = ask({.framing = mock::framing::chunked}, false);
    EXPECT_EQ(chunked.header("transfer-encoding"), "chunked");
    EXPECT_TRUE(chunked.clean());
}

TEST_F(Provider, WritesWrongFramingAsItIsTold) {
    const auto both = ask({.headers = {{"Content-Length", "5"}}});
    EXPECT_EQ(both.end, end_of::malformed);
    const auto raw = ask({.raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello"});
    EXPECT_EQ(raw.end, end_of::malformed);
    EXPECT_TRUE(raw.wire.ends_with("zz\r\n"));
}

TEST_F(Provider, SendsInformationalHeadsFirst) {
    const auto got = ask({.informational = {103, 102}}, false);
    EXPECT_EQ(got.informational, (std::vector<int>{103, 102}));
    EXPECT_EQ(got.status, 200);
}

TEST_F(Provider, SendsExtraAndUnsolicitedBytes) {
    provider_.once({.extra = "EXTRA"});
    raw_client client{provider_.url()};
    ASSERT_TRUE(client.send(chat(false)));
    EXPECT_TRUE(client.read_response().clean());
    EXPECT_EQ(client.read_raw(1s), "EXTRA");
    provider_.once({.idle_bytes = "HTTP/1.1 408 Idle\r\n\r\n"});
    ASSERT_TRUE(client.send(chat(false)));
    EXPECT_TRUE(client.read_response().clean());
    EXPECT_EQ(client.read_raw(1s), "HTTP/1.1 408 Idle\r\n\r\n");
}

TEST_F(Provider, AnswersEarlyWithoutReadingTheBody) {
    raw_client client{provider_.url()};
    ASSERT_TRUE(
        client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nx-mock: early,status=413\r\nContent-Length: "
                    "1000000\r\n\r\n{"));
    EXPECT_EQ(client.read_response().status, 413);
    EXPECT_TRUE(client.wait_closed());
}

TEST_F(Provider, AsksToContinue) {
    raw_client client{provider_.url()};
    const auto body = chat_body("m", false);
    ASSERT_TRUE(client.send(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n"));
    EXPECT_EQ(client.read_raw(2s), "HTTP/1.1 100 Continue\r\n\r\n");
    ASSERT_TRUE(client.send(body));
    EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(Provider, PushesAHundredMegabytesFast) {
    const auto got = ask({.push = 100'000'000});
    EXPECT_TRUE(got.clean());
    EXPECT_GT(got.body.size(), 100'000'000u);
    EXPECT_TRUE(got.body.ends_with("data: [DONE]\n\n"));
}

TEST_F(Provider, SendsBinaryBodies) {
    const auto got = ask({.headers = {{"content-encoding", "gzip"}}, .binary = 70'000}, false);
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.body.size(), 70'000u);
    EXPECT_EQ(got.body, last_call().answered);
}

TEST_F(Provider, RefusesConnectionsInEveryWay) {
    provider_.set_door(mock::door::reset);
    EXPECT_EQ(exchange_once(provider_.url(), chat()).end, end_of::reset);
    provider_.set_door(mock::door::silent);
    EXPECT_EQ(exchange_once(provider_.url(), chat(), std::nullopt, 100ms).end, end_of::timed_out);
    const auto url = provider_.url();
    provider_.stop();
    EXPECT_FALSE(raw_client{url}.connected());
    provider_.set_door(mock::door::open);
    provider_.start();
    EXPECT_EQ(provider_.url(), url);
    EXPECT_EQ(exchange_once(url, chat()).status, 200);
}

TEST_F(Provider, TunnelsWebSocketsByEcho) {
    raw_client client{provider_.url()};
    ASSERT_TRUE(
        client.send("GET /v1/realtime?model=m HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
    const auto head = client.read_head();
    EXPECT_EQ(head.status, 101);
    EXPECT_EQ(head.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    ASSERT_TRUE(client.send("any bytes"));
    EXPECT_EQ(client.read_raw(2s), "any bytes");
}

TEST_F(Provider, SaysSoWhenTheAddressIsTaken) {
    mock::provider second{{.address = "127.0.0.1:" + std::to_string(provider_.port())}};
    EXPECT_THROW(second.start(), std::runtime_error);
}

TEST(ProviderWithKey, RefusesEveryOtherCredential) {
    mock::provider provider{{.timing = mock::timing::none(), .api_key = "right"}};
    provider.start();
    const auto with = [&](const char* name, const char* value) {
        return exchange_once(provider.url(), request_text("POST", "/v1/messages", chat_body("m", false), {{name, value}})).status;
    };
    EXPECT_EQ(with("Authorization", "Bearer wrong"), 401);
    EXPECT_EQ(with("Authorization", "Bearer right"), 200);
    EXPECT_EQ(with("x-api-key", "right"), 200);
}

TEST(ProviderOverTls, ResumesSessionsAndClosesWithCloseNotify) {
    const mock::authority root;
    const auto server = root.issue();
    mock::provider provider{{.tls = mock::tls_options{server.pem, server.private_key, ""}, .timing = mock::timing::none()}};
    provider.start();
    weir::test::tls_choice choice{.ca_pem = root.pem()};
    raw_client first{provider.url(), choice};
    ASSERT_TRUE(first.connected()) << first.fault();
    ASSERT_TRUE(first.send(request_text("POST", "/v1/chat/completions", chat_body("m", true), {{"x-mock", "framing=close"}})));
    const auto got = first.read_response();
    EXPECT_TRUE(got.clean()) << static_cast<int>(got.end);
    EXPECT_TRUE(got.body.ends_with("[DONE]\n\n"));
    choice.resume = first.session();
    raw_client second{provider.url(), choice};
    SSL_SESSION_free(choice.resume);
    EXPECT_TRUE(second.resumed());
    const auto cut = exchange_once(provider.url(), request_text("POST", "/v1/chat/completions", chat_body("m", true), {{"x-mock", "cut=event:2"}}));
    EXPECT_EQ(cut.end, end_of::reset);
}

TEST(ProviderOverTls, RequiresAClientCertificateWhenToldTo) {
    const mock::authority root;
    const auto server = root.issue();
    const auto client = root.issue({.common_name = "client", .names = {}, .client = true});
    mock::provider provider{{.tls = mock::tls_options{server.pem, server.private_key, root.pem()}, .timing = mock::timing::none()}};
    provider.start();
    EXPECT_NE(exchange_once(provider.url(), request_text("GET", "/models"), weir::test::tls_choice{.ca_pem = root.pem()}).status, 200);
    const weir::test::tls_choice with{.ca_pem = root.pem(), .certificate_pem = client.pem, .private_key_pem = client.private_key};
    EXPECT_EQ(exchange_once(provider.url(), request_text("GET", "/models"), with).status, 200);
}

TEST(ProviderOverTls, RefusesAnExpiredCertificateAtTheClient) {
    const mock::authority root;
    const auto expired = root.issue({.valid_until_s = -60});
    mock::provider provider{{.tls = mock::tls_options{expired.pem, expired.private_key, ""}}};
    provider.start();
    const raw_client client{provider.url(), weir::test::tls_choice{.ca_pem = root.pem()}};
    EXPECT_FALSE(client.connected());
    EXPECT_NE(client.fault().find("certificate"), std::string::npos) << client.fault();
}
