// Answers that are not streams: bytes, framing, keep-alive, pipelining, big and chunked bodies.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Unary : public testing::Test {
protected:
    static void SetUpTestSuite() {
        a_ = quick_provider("a");
        const std::string conf =
            "listeners: [{address: \"127.0.0.1:0\"}]\n"
            "prices: prices.yaml\n"
            "pools:\n  one:\n    ejection: {consecutive_failures: 1000}\n    retry: {attempts: 1}\n    upstreams:\n" +
            upstream_of(*a_) + std::string{conf_end};
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY, conf,
                                                  gateway_process::files{{"prices.yaml", "models:\n  \"*\": {input: 1.00, output: 2.00}\n"}});
    }
    static void TearDownTestSuite() {
        weir_.reset();
        a_.reset();
    }
    void SetUp() override { a_->forget(); }

    static response ask(const mock::script& how, const std::string& path = "/v1/chat/completions") {
        a_->once(how);
        return exchange_once(weir_->url(), request_text("POST", path, chat_body("m", false)));
    }

    static std::unique_ptr<mock::provider> a_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> Unary::a_;
std::unique_ptr<gateway_process> Unary::weir_;

}  // namespace

TEST_F(Unary, EqualsTheUpstreamsBytesInEveryFraming) {
    for (const auto frame : {mock::framing::content_length, mock::framing::chunked, mock::framing::close})
        for (const std::uint64_t n : {0u, 1u, 50u}) {
            const auto got = ask({.framing = frame, .write = n});
            EXPECT_EQ(got.status, 200);
            EXPECT_TRUE(got.clean());
            EXPECT_EQ(got.body, a_->calls().back().answered);
        }
}

TEST_F(Unary, PassesBinaryAndEncodedBodiesOnUntouched) {
    const auto got = ask({.headers = {{"content-encoding", "gzip"}}, .binary = 300'000});
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.header("content-encoding"), "gzip");
    EXPECT_EQ(got.body, a_->calls().back().answered);
    const auto speech = ask({}, "/v1/audio/speech");
    EXPECT_EQ(speech.header("content-type"), "audio/mpeg");
    EXPECT_EQ(speech.body, a_->calls().back().answered);
}

TEST_F(Unary, SaysWhoAnsweredAndWhatItCost) {
    const auto got = ask({});
    EXPECT_EQ(got.header("x-weir-upstream"), "a");
    EXPECT_EQ(got.header("x-weir-attempts"), "1");
    const auto call = a_->calls().back();
    const double cost = std::strtod(got.header("x-weir-cost-usd").c_str(), nullptr);
    EXPECT_NEAR(cost, (static_cast<double>(call.usage.prompt) * 1.0 + static_cast<double>(call.usage.completion) * 2.0) / 1e6, 1e-9);
}

TEST_F(Unary, PassesAnUpstreamsRefusalOnUnchanged) {
    for (const int status : {400, 401, 404, 422, 500, 503}) {
        const auto got = ask({.status = status, .headers = {{"retry-after", "3"}}, .body = R"({"error":{"message":"mine"}})"});
        EXPECT_EQ(got.status, status);
        EXPECT_EQ(got.body, R"({"error":{"message":"mine"}})");
        EXPECT_EQ(got.header("retry-after"), "3");
        // SDKs repeat 408, 409, 429 and 5xx by themselves; the others they leave alone anyway.
        if (status >= 500) {
            EXPECT_EQ(got.header("x-should-retry"), "false");
        }
    }
}

TEST_F(Unary, SwallowsInformationalHeads) {
    const auto got = ask({.informational = {103, 102}});
    EXPECT_EQ(got.status, 200);
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.body, a_->calls().back().answered);
}

TEST_F(Unary, AbortsACutBodySoThatTheClientSeesIt) {
    const auto by_length = ask({.text = std::string(200'000, 'x'), .cut = mock::cut{mock::cut::place::body, 150'000, 0}});
    EXPECT_FALSE(by_length.clean() && by_length.status == 200);
    const auto by_chunks =
        ask({.text = std::string(200'000, 'x'), .framing = mock::framing::chunked, .cut = mock::cut{mock::cut::place::body, 150'000, 0}});
    EXPECT_FALSE(by_chunks.clean() && by_chunks.status == 200);
}

TEST_F(Unary, RefusesAnswersWithAmbiguousFraming) {
    for (const char* raw :
         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", "garbage\r\n\r\n",
          "HTTP/1.1 200 OK\r\nBad Name: 1\r\nContent-Length: 0\r\n\r\n"}) {
        const auto got = ask({.raw = raw});
        EXPECT_EQ(got.status, 502) << raw;
        EXPECT_NE(got.body.find("upstream_invalid_response"), std::string::npos) << got.body;
    }
}

TEST_F(Unary, ReusesUpstreamConnections) {
    raw_client client{weir_->url()};
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", false))));
        ASSERT_EQ(client.read_response().status, 200);
    }
    EXPECT_EQ(a_->calls().front().connection, a_->calls().back().connection);
}

TEST_F(Unary, SendsAgainWhenAKeptConnectionHasJustGone) {
    raw_client client{weir_->url()};
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", false), {{"x-mock", "keep_alive=off"}})));
        EXPECT_EQ(client.read_response().status, 200);
    }
}

TEST_F(Unary, AnswersPipelinedRequestsInOrder) {
    raw_client client{weir_->url()};
    std::string all;
    for (int i = 0; i < 6; ++i)
        all += request_text("POST", "/v1/chat/completions", chat_body("m", i % 2 == 1),
                            {{"x-mock", "text=number-" + std::to_string(i) + ",before_head=" + std::to_string(30 - 5 * i)}});
    ASSERT_TRUE(client.send(all));
    for (int i = 0; i < 6; ++i) {
        const auto got = client.read_response();
        EXPECT_TRUE(got.clean());
        EXPECT_NE(got.body.find("number-" + std::to_string(i)), std::string::npos) << got.body;
    }
}

TEST_F(Unary, ReadsRequestsInEverySlicing) {
    const auto text = request_text("POST", "/v1/chat/completions", chat_body("m", false));
    for (const std::size_t slice : {1u, 2u, 3u, 11u, 64u}) {
        raw_client client{weir_->url()};
        ASSERT_TRUE(client.send_sliced(text, slice, 20us));
        EXPECT_EQ(client.read_response().status, 200) << slice;
        EXPECT_EQ(a_->calls().back().body, chat_body("m", false));
    }
}

TEST_F(Unary, ReadsChunkedRequestBodiesInAnyChunks) {
    const auto body = chat_body("m", false);
    for (const std::size_t chunk : {1u, 7u, 1000u})
        for (const std::size_t slice : {1u, 5u, 100000u}) {
            raw_client client{weir_->url()};
            ASSERT_TRUE(client.send_sliced(chunked_request_text("/v1/chat/completions", body, chunk), slice));
            EXPECT_EQ(client.read_response().status, 200) << chunk << " " << slice;
            EXPECT_EQ(a_->calls().back().body, body);
        }
}

TEST_F(Unary, CarriesBigBodiesBothWays) {
    const auto body = chat_body("m", false, R"("padding":")" + std::string(20'000'000, 'p') + '"');
    a_->once({.text = std::string(10'000'000, 'q')});
    const auto got = exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", body));
    EXPECT_EQ(got.status, 200);
    EXPECT_TRUE(got.clean());
    const auto call = a_->calls().back();
    EXPECT_TRUE(call.body == body);
    EXPECT_TRUE(call.answered == got.body);
}

// The second of two like requests is read in one piece, as far as it is there.
TEST_F(Unary, TakesLargeRequestsOneAfterAnotherHoweverTheyArrive) {
    const auto padded = [](std::size_t size) { return chat_body("m", false, R"("padding":")" + std::string(size, 'p') + '"'); };
    const auto sent = [&](std::size_t size) { return request_text("POST", "/v1/chat/completions", padded(size)); };
    raw_client client{weir_->url()};
    const auto expect_answers = [&](std::initializer_list<std::size_t> sizes) {
        for (const auto size : sizes) {
            EXPECT_EQ(client.read_response().status, 200) << size;
            const auto calls = a_->calls();
            EXPECT_TRUE(std::any_of(calls.begin(), calls.end(), [&](const auto& c) { return c.body == padded(size); })) << size;
            a_->forget();
        }
    };
    for (const std::size_t size : {64'000u, 64'001u, 20'000u, 100'000u, 140'000u, 130'000u, 10u, 64'000u}) {
        ASSERT_TRUE(client.send(sent(size)));
        expect_answers({size});
    }
    ASSERT_TRUE(client.send_sliced(sent(60'000), 17'000, 1ms));  // a piece is there, the rest comes
    expect_answers({60'000});
    ASSERT_TRUE(client.send(sent(30'000) + sent(11) + sent(90'000)));  // more than one is there
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.read_response().status, 200) << i;
    const auto calls = a_->calls();
    ASSERT_EQ(calls.size(), 3u);
    EXPECT_TRUE(calls[0].body == padded(30'000));
    EXPECT_TRUE(calls[1].body == padded(11));
    EXPECT_TRUE(calls[2].body == padded(90'000));
}

TEST_F(Unary, AnswersExpectContinue) {
    const auto body = chat_body("m", false);
    raw_client client{weir_->url()};
    ASSERT_TRUE(
        client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: "
                    "100-continue\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n"));
    EXPECT_TRUE(client.read_raw(2s).starts_with("HTTP/1.1 100 "));
    ASSERT_TRUE(client.send(body));
    EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(Unary, ClosesWhenTheClientAsksForIt) {
    raw_client client{weir_->url()};
    ASSERT_TRUE(client.send(request_text("POST", "/v1/chat/completions", chat_body("m", false), {{"Connection", "close"}})));
    const auto got = client.read_response();
    EXPECT_TRUE(got.clean());
    EXPECT_EQ(got.header("connection"), "close");
    EXPECT_TRUE(client.wait_closed(2s));
}

TEST_F(Unary, FindsTheModelInMultipartFormsAndPassesThemOn) {
    const std::string body =
        "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\x01\x02\r\n"
        "--xx\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--xx--\r\n";
    const auto got =
        exchange_once(weir_->url(), request_text("POST", "/v1/audio/transcriptions", body, {{"Content-Type", "multipart/form-data; boundary=xx"}}));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(a_->calls().back().body, body);
    EXPECT_EQ(a_->calls().back().model, "whisper-1");
}

constexpr std::string_view upgrade_fields =
    "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

TEST_F(Unary, TunnelsRealtimeWebSockets) {
    raw_client client{weir_->url()};
    ASSERT_TRUE(client.send("GET /v1/realtime?model=m HTTP/1.1\r\n" + std::string{upgrade_fields}));
    const auto head = client.read_head();
    ASSERT_EQ(head.status, 101);
    EXPECT_EQ(head.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (const char* text : {"one", "two", "three"}) {
        ASSERT_TRUE(client.send(text));
        EXPECT_EQ(client.read_raw(2s), text);
    }
}

TEST_F(Unary, AnswersOtherWebSocketsSoThatClientsFallBackToHttp) {
    raw_client client{weir_->url()};
    ASSERT_TRUE(client.send("GET /v1/chat/completions HTTP/1.1\r\n" + std::string{upgrade_fields}));
    const auto got = client.read_response();
    EXPECT_EQ(got.status, 426);
    EXPECT_NE(got.body.find("upgrade_not_served"), std::string::npos) << got.body;
}

TEST_F(Unary, DatesAnAnswerThatCameWithoutADate) {  // RFC 9110, 6.6.1
    EXPECT_EQ(ask({}).count("date"), 1u);
    const auto dated = ask({.headers = {{"date", "Sat, 01 Jan 2000 00:00:00 GMT"}}});
    EXPECT_EQ(dated.count("date"), 1u);
    EXPECT_EQ(dated.header("date"), "Sat, 01 Jan 2000 00:00:00 GMT");
}

TEST_F(Unary, SendsABodyLargerThanTheSendBufferOnANewConnection) {
    gateway_process fresh{WEIR_BINARY,
                          "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  one:\n    upstreams:\n" + upstream_of(*a_) + std::string{conf_end}};
    const auto body = chat_body("m", false, R"("padding":")" + std::string(30'000'000, 'p') + '"');
    EXPECT_EQ(exchange_once(fresh.url(), request_text("POST", "/v1/chat/completions", body)).status, 200);
    EXPECT_TRUE(!a_->calls().empty() && a_->calls().back().body == body);
}

TEST_F(Unary, PassesARateLimitOnWithoutAskingAgainWhenNobodyElseCanAnswer) {
    gateway_process fresh{WEIR_BINARY,
                          "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  one:\n    upstreams:\n" + upstream_of(*a_) + std::string{conf_end}};
    a_->forget();
    a_->once({.status = 429, .headers = {{"retry-after", "7"}}, .body = R"({"error":{"message":"slow down"}})"});
    const auto got = exchange_once(fresh.url(), request_text("POST", "/v1/chat/completions", chat_body("m", false)));
    EXPECT_EQ(got.status, 429);
    EXPECT_EQ(got.header("retry-after"), "7");
    EXPECT_EQ(got.header("x-should-retry"), "false");
    EXPECT_EQ(got.body, R"({"error":{"message":"slow down"}})");
    EXPECT_EQ(a_->call_count(), 1u);
}
