// Large request bodies: what weir need not look into goes on while it comes, what it keeps goes back to the system, and every way in which an
// upload can fail.
#include <gtest/gtest.h>

#include <thread>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

constexpr std::size_t large = 25u << 20;

std::string file_bytes(std::size_t size) {
    std::string out;
    std::uint32_t state = 3;
    while (out.size() < size) out.push_back(static_cast<char>((state = state * 1664525u + 1013904223u) >> 24));
    return out;
}

std::string upload_head(std::size_t size, const std::string& more = {}) {
    return "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: " + std::to_string(size) +
           "\r\n" + more + "\r\n";
}

class Upload : public testing::Test {
protected:
    void start(const std::string& upstreams, const std::string& limits = {}) {
        weir_ = std::make_unique<gateway_process>(WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\n" + limits +
                                                                   "pools:\n  main:\n    retry: {backoff: 10ms}\n    upstreams:\n" + upstreams +
                                                                   conf_end);
    }

    std::unique_ptr<mock::provider> a_ = quick_provider("a"), b_ = quick_provider("b");
    std::unique_ptr<gateway_process> weir_;
};

}  // namespace

TEST_F(Upload, CostsNoMemoryForFilesThatGoOnWhileTheyCome) {
    start(upstream_of(*a_));
    const auto bytes = file_bytes(large);
    ASSERT_EQ(exchange_once(weir_->url(), upload_head(bytes.size()) + bytes, {}, 60s).status, 200);
    EXPECT_TRUE(a_->calls().back().body == bytes);
    a_->forget();
    const auto before = weir_->program().peak_resident_kib();
    std::vector<std::thread> clients;
    for (int i = 0; i < 16; ++i)
        clients.emplace_back([&] { EXPECT_EQ(exchange_once(weir_->url(), upload_head(bytes.size()) + bytes, {}, 60s).status, 200); });
    for (auto& c : clients) c.join();
    EXPECT_LT(weir_->program().peak_resident_kib(), before + 16 * 1024) << "for 400 MB in all";
    for (const auto& call : a_->calls()) EXPECT_TRUE(call.body == bytes);
}

TEST_F(Upload, GivesTheMemoryOfBodiesThatItKeptBack) {
    start(upstream_of(*a_));
    std::string body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n" + file_bytes(large) +
                       "\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b--\r\n";
    const auto wire = request_text("POST", "/v1/audio/transcriptions", body, {{"Content-Type", "multipart/form-data; boundary=b"}});
    const auto before = weir_->program().resident_kib();
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) clients.emplace_back([&] { EXPECT_EQ(exchange_once(weir_->url(), wire, {}, 60s).status, 200); });
    for (auto& c : clients) c.join();
    EXPECT_LT(weir_->program().resident_kib(), before + 24 * 1024) << "of 200 MB";
    EXPECT_EQ(metric(weir_->metrics(), "weir_buffered_body_bytes"), 0);
}

TEST_F(Upload, PassesAnEarlyAnswerOnBeforeTheClientHasSentAll) {
    start(upstream_of(*a_));
    a_->once({.status = 413, .body = R"({"error":{"message":"too large for me"}})", .early = true});
    raw_client client{weir_->url()};
    ASSERT_TRUE(client.send(upload_head(large) + file_bytes(300000)));
    const auto got = client.read_response();
    EXPECT_EQ(got.status, 413);
    EXPECT_NE(got.body.find("too large for me"), std::string::npos);
    EXPECT_EQ(got.header("connection"), "close");
}

TEST_F(Upload, LosesPatienceWithAClientThatStops) {
    start(upstream_of(*a_), "limits: {body_timeout: 300ms}\n");
    raw_client client{weir_->url()};
    ASSERT_TRUE(client.send(upload_head(large) + file_bytes(2u << 20)));
    const auto got = client.read_response();
    EXPECT_EQ(got.status, 408);
    EXPECT_NE(got.body.find("client_timeout"), std::string::npos) << got.body;
    EXPECT_TRUE(a_->wait_for([](const auto& calls) { return calls.back().outcome == mock::outcome::aborted; }));
    EXPECT_EQ(metric(weir_->metrics(), "weir_upstream_failures_total"), 0) << "not the upstream's fault";
}

TEST_F(Upload, EndsWithTheClientThatLeaves) {
    start(upstream_of(*a_));
    {
        raw_client client{weir_->url()};
        ASSERT_TRUE(client.send(upload_head(large) + file_bytes(2u << 20)));
        ASSERT_TRUE(a_->wait_for([](const auto& calls) { return !calls.empty(); }));
    }
    EXPECT_NE(weir_->log_line("\"status\":499"), "");
    EXPECT_TRUE(a_->wait_for([](const auto& calls) { return calls.back().outcome == mock::outcome::aborted; }));
}

TEST_F(Upload, SaysThatTheOnlyUpstreamCannotBeReached) {
    start("      - {url: \"http://127.0.0.1:" + std::to_string(refusing_port()) + "/v1\"}\n");
    constexpr std::size_t just_streamed = (1u << 20) + 1000;
    const auto got = exchange_once(weir_->url(), upload_head(just_streamed) + file_bytes(just_streamed));
    EXPECT_EQ(got.status, 502);
    EXPECT_NE(got.body.find("upstream_unreachable"), std::string::npos);
}

TEST_F(Upload, PassesAFailureOnThatCameAfterTheBodyWasGone) {
    start(upstream_of(*a_));
    a_->once({.status = 503, .body = R"({"error":{"message":"later"}})"});
    const auto got = exchange_once(weir_->url(), upload_head(2u << 20) + file_bytes(2u << 20));
    EXPECT_EQ(got.status, 503);
    EXPECT_NE(got.body.find("later"), std::string::npos);
    EXPECT_EQ(a_->call_count(), 1u);
}

TEST_F(Upload, IsKeptWhereAnotherUpstreamCouldTakeIt) {
    start(upstream_of(*a_) + upstream_of(*b_));
    a_->always({.status = 503, .body = "{}"});
    const auto bytes = file_bytes(2u << 20);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(exchange_once(weir_->url(), upload_head(bytes.size()) + bytes).status, 200);
    EXPECT_EQ(b_->call_count(), 2u);
    EXPECT_TRUE(b_->calls().back().body == bytes);
}
