// Realtime sessions: WebSocket tunnels whose bytes pass untouched, whose usage is counted, and which end as the protocol asks for.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <csignal>

#include "http/websocket.hpp"
#include "support/gateway_process.hpp"
#include "support/websocket.hpp"

namespace mock = weir::mock;
namespace json = boost::json;
using namespace std::chrono_literals;
using namespace weir::test;
using weir::http::text_frame;

namespace {

std::string handshake(const std::string& more = {}, const std::string& query = "model=gpt-realtime") {
    return websocket_handshake("GET /v1/realtime?" + query + " HTTP/1.1", more);
}

/// A frame of a server with any first byte, up to 65535 long.
std::string server_frame(unsigned first, const std::string& payload) {
    auto out = text_frame(payload);
    out[0] = static_cast<char>(first);
    return out;
}

constexpr const char* done =
    R"({"type":"response.done","event_id":"e","response":{"id":"r","status":"completed","output":[{"usage":{"input_tokens":9}}],"usage":)"
    R"({"total_tokens":160,"input_tokens":120,"output_tokens":40,"input_token_details":{"text_tokens":50,"audio_tokens":70,"cached_tokens":60,)"
    R"("cached_tokens_details":{"text_tokens":20,"audio_tokens":40}},"output_token_details":{"text_tokens":10,"audio_tokens":30}}}})";
constexpr const char* created = R"({"type":"response.created","response":{"usage":null}})";

std::string audio_delta(std::size_t size) { return R"({"type":"response.output_audio.delta","delta":")" + std::string(size, 'A') + "\"}"; }

class Realtime : public testing::Test {
protected:
    void start(const std::string& pool = {}, const std::string& usd = "100", const std::string& limits = {}) {
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\nprices: prices.yaml\n" + limits + "pools:\n  main:\n" + pool + "    upstreams:\n" +
                upstream_of(*a_, "api_key: up-secret") +
                "routes:\n  - {models: [\"*\"], pool: main, rename: {old-name: gpt-realtime}}\n"
                "keys:\n  - {name: voice, secret: sk-voice, budgets: [{usd: " +
                usd +
                ", every: 30d}]}\n"
                "  - {name: narrow, secret: sk-narrow, models: [gpt-realtime-mini]}\n" +
                conf_end,
            gateway_process::files{
                {"prices.yaml", "models:\n  gpt-realtime: {input: 4, cached_input: 0.4, output: 16, audio_input: 32, audio_output: 64}\n"}});
    }

    /// A client behind the handshake, with the head that it got.
    std::unique_ptr<raw_client> open(const mock::script& says, response* head = nullptr,
                                     const std::string& more = "Authorization: Bearer sk-voice\r\n") {
        a_->once(says, "/realtime");
        auto client = std::make_unique<raw_client>(weir_->url());
        EXPECT_TRUE(client->send(handshake(more)));
        auto got = client->read_head();
        EXPECT_EQ(got.status, 101);
        if (head) *head = std::move(got);
        return client;
    }

    json::object logged() { return json::parse(weir_->log_line("/v1/realtime", 5s)).as_object(); }

    std::unique_ptr<mock::provider> a_ = quick_provider("a");
    std::unique_ptr<gateway_process> weir_;
};

}  // namespace

TEST_F(Realtime, CountsEveryFinishedResponseAndTouchesNoByte) {
    start();
    const std::string text{done};
    // One whole, one in fragments with a ping between them, one that comes byte by byte.
    const auto bytes = text_frame(created) + text_frame(audio_delta(70000)) + text_frame(done) + server_frame(0x01, text.substr(0, 37)) +
                       server_frame(0x89, "ping") + server_frame(0x00, text.substr(37, 100)) + server_frame(0x80, text.substr(137));
    auto client = open({.body = bytes, .terminator = false, .write = 977});
    EXPECT_EQ(client->read_bytes(bytes.size()), bytes);
    const auto mine = client_frame(0x81, R"({"type":"response.create"})") + client_frame(0x82, std::string(3000, '\0'));
    ASSERT_TRUE(client->send_sliced(mine, 7));
    EXPECT_TRUE(a_->wait_for([&](const auto& calls) { return calls.back().body == mine; })) << "no byte was changed on its way there";
    const auto goodbye = client_frame(0x88, "\x03\xe8");
    ASSERT_TRUE(client->send(goodbye));
    EXPECT_EQ(client->read_bytes(2), (std::string{'\x88', '\0'}));
    EXPECT_TRUE(client->wait_closed());
    EXPECT_EQ(a_->calls().back().body, mine + goodbye);
    const auto line = logged();
    EXPECT_EQ(line.at("status"), 101);
    EXPECT_TRUE(line.at("code").is_null());
    EXPECT_EQ(line.at("input_tokens"), 2 * 30);
    EXPECT_EQ(line.at("cached_input_tokens"), 2 * 60);
    EXPECT_EQ(line.at("audio_input_tokens"), 2 * 30);
    EXPECT_EQ(line.at("output_tokens"), 2 * 10);
    EXPECT_EQ(line.at("audio_output_tokens"), 2 * 30);
    EXPECT_EQ(line.at("estimated"), false);
    // 2 * (30*4 + 60*0.4 + 30*32 + 10*16 + 30*64) / 1e6 USD
    EXPECT_DOUBLE_EQ(line.at("cost_usd").as_double(), 0.006368);
    const auto metrics = weir_->metrics();
    EXPECT_EQ(metric(metrics, "weir_tokens_total", {"type=\"cached_input\"", "source=\"upstream\""}), 120);
    EXPECT_EQ(metric(metrics, "weir_tunnels_unread_total"), 0);
    EXPECT_EQ(metric(metrics, "weir_active_streams"), 0);
    EXPECT_NEAR(metric(metrics, "weir_budget_remaining_usd"), 100 - 0.006368, 1e-9);
}

TEST_F(Realtime, ShowsItsSpendWhileItGoesOn) {
    start();
    const auto bytes = text_frame(done);
    auto client = open({.body = bytes});
    EXPECT_EQ(client->read_bytes(bytes.size()), bytes);
    const auto metrics = weir_->metrics_when([](const std::string& m) { return metric(m, "weir_spend_usd_total") > 0; });
    EXPECT_NEAR(metric(metrics, "weir_spend_usd_total"), 0.003184, 1e-9);
    EXPECT_EQ(metric(metrics, "weir_active_streams"), 1);
}

TEST_F(Realtime, EndsTheSessionWhereTheBudgetIsSpent) {
    start({}, "0.018");  // a little more than a session reserves; each response costs 0.003184
    std::string bytes;
    for (int i = 0; i < 6; ++i) bytes += text_frame(done);
    auto client = open({.body = bytes + text_frame(audio_delta(10))});
    auto got = client->read_bytes(bytes.size() + 1000);
    ASSERT_EQ(got.substr(0, bytes.size()), bytes) << "what was paid for is delivered";
    const auto rest = got.substr(bytes.size());
    EXPECT_NE(rest.find(R"("type":"error")"), std::string::npos) << rest;
    EXPECT_NE(rest.find(R"("code":"budget_exceeded")"), std::string::npos);
    EXPECT_NE(rest.find("\x88\x11\x03\xf0"
                        "budget_exceeded"),
              std::string::npos)
        << "close code 1008";
    EXPECT_EQ(rest.find("AAAA"), std::string::npos) << "what came behind is not passed on";
    EXPECT_TRUE(client->wait_closed());
    const auto line = logged();
    EXPECT_EQ(line.at("code"), "budget_exceeded");
    EXPECT_DOUBLE_EQ(line.at("cost_usd").as_double(), 0.019104);
    const auto refused = exchange_once(weir_->url(), handshake("Authorization: Bearer sk-voice\r\n"));
    EXPECT_EQ(refused.status, 429);
}

TEST_F(Realtime, GoesOnUncountedBehindBytesThatAreNoFrames) {
    start();
    const auto bytes = text_frame(done) + server_frame(0xC1, "reserved bit") + text_frame(done);
    auto client = open({.body = bytes});
    EXPECT_EQ(client->read_bytes(bytes.size()), bytes);
    ASSERT_TRUE(client->send("neither is this"));
    EXPECT_EQ(client->read_bytes(15), "neither is this");
    client->close();
    const auto line = logged();
    EXPECT_EQ(line.at("audio_output_tokens"), 30);
    EXPECT_EQ(line.at("estimated"), true);
    EXPECT_EQ(metric(weir_->metrics(), "weir_tunnels_unread_total", {"pool=\"main\""}), 1);
    EXPECT_NE(weir_->program().err().find("reserved bit"), std::string::npos);
}

TEST_F(Realtime, OffersNoExtensionSendsNoClientKeyAndRenames) {
    start();
    a_->once({.headers = {{"sec-websocket-protocol", "realtime"}}}, "/realtime");
    raw_client client{weir_->url()};
    ASSERT_TRUE(
        client.send(handshake("Sec-WebSocket-Extensions: permessage-deflate\r\n"
                              "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.sk-voice, openai-beta.realtime-v1\r\n",
                              "a=1&model=old-name")));
    EXPECT_EQ(client.read_head().header("sec-websocket-protocol"), "realtime");
    const auto call = a_->calls().back();
    EXPECT_EQ(call.header("sec-websocket-extensions"), "");
    EXPECT_EQ(call.header("sec-websocket-protocol"), "realtime, openai-beta.realtime-v1");
    EXPECT_EQ(call.header("authorization"), "Bearer up-secret");
    EXPECT_EQ(call.target, "/v1/realtime?a=1&model=gpt-realtime");
    EXPECT_EQ(call.raw_head.find("sk-voice"), std::string::npos);
}

TEST_F(Realtime, RefusesAFaultyHandshakeOnEitherSide) {
    start();
    auto wire = handshake("Authorization: Bearer sk-voice\r\n");
    wire.replace(wire.find("13"), 2, "12");
    const auto old = exchange_once(weir_->url(), wire);
    EXPECT_EQ(old.status, 426);
    EXPECT_EQ(old.header("sec-websocket-version"), "13");
    wire = handshake("Authorization: Bearer sk-voice\r\n");
    wire.replace(wire.find("dGhl"), 4, "!!!!");
    EXPECT_EQ(exchange_once(weir_->url(), wire).status, 400);
    EXPECT_EQ(a_->call_count(), 0u);
    for (const auto& [name, value] : headers{{"sec-websocket-accept", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
                                             {"sec-websocket-extensions", "permessage-deflate"},
                                             {"sec-websocket-protocol", "never-offered"}}) {
        a_->forget();
        a_->always({.headers = {{name, value}}});
        const auto got = exchange_once(weir_->url(), handshake("Authorization: Bearer sk-voice\r\n"));
        EXPECT_EQ(got.status, 502) << name;
        EXPECT_NE(got.body.find("upstream_invalid_response"), std::string::npos) << got.body;
    }
}

TEST_F(Realtime, IsOpenToAKeyForItsModelsOnly) {
    start();
    for (const char* query : {"model=gpt-realtime", "intent=transcription"}) {
        const auto refused = exchange_once(weir_->url(), handshake("Authorization: Bearer sk-narrow\r\n", query));
        EXPECT_EQ(refused.status, 403) << query;
        EXPECT_NE(refused.body.find("model_not_allowed"), std::string::npos) << refused.body;
    }
    EXPECT_EQ(a_->call_count(), 0u);
    raw_client client{weir_->url()};
    ASSERT_TRUE(client.send(handshake("Authorization: Bearer sk-narrow\r\n", "model=gpt-realtime-mini")));
    EXPECT_EQ(client.read_head().status, 101);
}

TEST_F(Realtime, PassesAnUpstreamsRefusalOn) {
    start();
    a_->once({.status = 403, .body = R"({"error":{"message":"no realtime for you"}})"}, "/realtime");
    const auto got = exchange_once(weir_->url(), handshake("Authorization: Bearer sk-voice\r\n"));
    EXPECT_EQ(got.status, 403);
    EXPECT_EQ(got.body, R"({"error":{"message":"no realtime for you"}})");
}

TEST_F(Realtime, EndsASilentSessionWithACloseFrame) {
    start("    timeouts: {idle: 300ms}\n");
    auto client = open({});
    const auto got = client->read_bytes(4);
    EXPECT_TRUE(got.starts_with("\x88") && got.substr(2, 2) == "\x03\xe9") << "close code 1001";
    EXPECT_TRUE(client->wait_closed());
    EXPECT_EQ(logged().at("close_reason"), "idle");
    EXPECT_TRUE(a_->wait_for([](const auto& calls) { return calls.back().body.size() == 8; }, 3s)) << "the upstream got a close frame too";
}

TEST_F(Realtime, ShowsABrokenUpstreamAsBroken) {
    start();
    const auto bytes = text_frame(created);
    auto client = open({.body = bytes, .cut = mock::cut{}, .ending = mock::ending::reset});
    const auto got = client->read_bytes(bytes.size() + 2);
    EXPECT_TRUE(got.empty() || got == bytes) << "and no close frame";
    EXPECT_TRUE(client->wait_closed());
    const auto line = logged();
    EXPECT_EQ(line.at("code"), "stream_interrupted");
    EXPECT_EQ(line.at("estimated"), true) << "a response had begun";
}

TEST_F(Realtime, IsDrainedOnShutdown) {
    start({}, "100", "limits: {drain_timeout: 4s}\n");
    auto quiet = open({.body = text_frame(done)});
    auto busy = open({.body = text_frame(created)});  // its response is never done
    (void)quiet->read_bytes(10);
    (void)busy->read_bytes(10);
    const auto begin = std::chrono::steady_clock::now();
    weir_->program().signal(SIGTERM);
    for (auto* client : {quiet.get(), busy.get()}) {
        std::string got;
        while (got.find("\x03\xe9") == std::string::npos) {
            const auto more = client->read_raw(6s);
            if (more.empty()) break;
            got += more;
        }
        EXPECT_NE(got.find("\x03\xe9"), std::string::npos) << "close code 1001";
        const auto took = std::chrono::steady_clock::now() - begin;
        if (client == quiet.get())
            EXPECT_LT(took, 3500ms);
        else
            EXPECT_GT(took, 3s) << "it may end its response first";
        client->close();
    }
    EXPECT_EQ(weir_->program().wait(10s), 0);
}

TEST_F(Realtime, HoldsBackWhoeverSendsFasterThanTheOtherReads) {
    start();
    std::string bytes;
    while (bytes.size() < (24u << 20)) bytes += text_frame(audio_delta(60000));
    bytes += text_frame(done);
    auto client = open({.body = bytes});
    std::this_thread::sleep_for(500ms);
    EXPECT_LT(weir_->program().resident_kib(), 100 * 1024) << "nothing is queued for a client that does not read";
    EXPECT_TRUE(client->read_bytes(bytes.size()) == bytes);
    client->close();
    EXPECT_EQ(logged().at("audio_output_tokens"), 30);
}

TEST_F(Realtime, WaitsForTheBillOfAClientThatLeft) {
    start("    on_disconnect: drain\n");
    auto client = open({.body = text_frame(created) + text_frame(done), .write = text_frame(created).size(), .write_pause = 300ms});
    (void)client->read_bytes(10);
    client->close();
    const auto line = logged();
    EXPECT_EQ(line.at("status"), 499);
    EXPECT_EQ(line.at("audio_output_tokens"), 30);
    EXPECT_EQ(line.at("estimated"), false);
}
