// What is no plain POST with a 200: other methods, ranges, redirects, answers without a body, binary ones, trailers, and clients that wait for a
// 100, plain and over TLS on both sides.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

std::string every_byte(std::size_t size) {
    std::string out;
    std::uint32_t state = 7;
    while (out.size() < size) out.push_back(static_cast<char>((state = state * 1664525u + 1013904223u) >> 24));
    return out;
}

class Methods : public testing::TestWithParam<bool> {
protected:
    Methods() {
        const auto certificate = root_.issue();
        const bool tls = GetParam();
        provider_ = quick_provider("p", tls ? std::optional{mock::tls_options{certificate.pem, certificate.private_key, ""}} : std::nullopt);
        const std::string with = tls ? ", tls: {ca: ca.pem, server_name: localhost}" : "";
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            std::string{"listeners: [{address: \"127.0.0.1:0\""} + (tls ? ", tls: {certificate: cert.pem, private_key: key.pem}" : "") +
                "}]\npools:\n  main:\n    upstreams: [{url: \"" + provider_->url() + "/v1\"" + with + "}]\n" + conf_end,
            gateway_process::files{{"ca.pem", root_.pem()}, {"cert.pem", certificate.pem}, {"key.pem", certificate.private_key}});
    }

    [[nodiscard]] std::unique_ptr<raw_client> connect() const {
        auto client = std::make_unique<raw_client>(weir_->url(), GetParam() ? std::optional{tls_choice{.ca_pem = root_.pem()}} : std::nullopt);
        EXPECT_TRUE(client->connected()) << client->fault();
        return client;
    }

    /// One request; the answer must come whole and leave the connection usable.
    response ask(const std::string& method, const std::string& path, mock::script answer, const headers& more = {}, const std::string& body = {}) {
        SCOPED_TRACE(method + " " + path);
        provider_->forget();
        provider_->once(std::move(answer), path.substr(0, path.find('?')));
        auto client = connect();
        EXPECT_TRUE(client->send(request_text(method, path, body, more)));
        auto got = client->read_response(10s, method == "HEAD");
        EXPECT_TRUE(got.clean());
        EXPECT_EQ(provider_->call_count(), 1u);
        if (provider_->call_count() == 1) {
            const auto call = provider_->calls().back();
            EXPECT_EQ(call.method, method);
            EXPECT_EQ(call.target, path);
            EXPECT_EQ(call.body, body);
        }
        if (got.header("connection") != "close") {
            EXPECT_TRUE(client->send(request_text("GET", "/v1/files", {})));
            EXPECT_EQ(client->read_response().status, 200) << "the connection goes on after " << method << ' ' << path;
        }
        return got;
    }

    mock::authority root_;
    std::unique_ptr<mock::provider> provider_;
    std::unique_ptr<gateway_process> weir_;
};

}  // namespace

TEST_P(Methods, GetsAndDeletesWhatEarlierRequestsMade) {
    for (const char* path : {"/v1/files", "/v1/files/file-1", "/v1/batches?limit=2&after=b", "/v1/responses/resp_1", "/v1/videos/video_1",
                             "/v1/chat/completions/chatcmpl-1/messages", "/v1/fine_tuning/jobs/j/events", "/v1/video/query?id=7"}) {
        const std::string document = R"({ "id" : "x", "n": 1.0 })";
        const auto got = ask("GET", path, {.body = document});
        EXPECT_EQ(got.status, 200);
        EXPECT_EQ(got.body, document);
    }
    for (const char* path : {"/v1/files/file-1", "/v1/responses/resp_1", "/v1/videos/video_1"})
        EXPECT_EQ(ask("DELETE", path, {.body = R"({"deleted":true})"}).body, R"({"deleted":true})");
    EXPECT_EQ(ask("DELETE", "/v1/files/file-1", {.status = 204, .body = ""}).status, 204);
    EXPECT_EQ(ask("POST", "/v1/responses/resp_1/cancel", {.body = "{}"}).body, "{}");
    EXPECT_EQ(ask("PATCH", "/v1/threads/t", {.body = "{}"}, {{"Content-Type", "application/json"}}, R"({"a": 1})").status, 200);
}

TEST_P(Methods, AnswersHeadWithTheHeadThatGetWouldHave) {
    const auto got = ask("HEAD", "/v1/files/file-1/content", {.headers = {{"etag", "\"e\""}}, .binary = 70000});
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.header("content-length"), "70000");
    EXPECT_EQ(got.header("etag"), "\"e\"");
    EXPECT_EQ(got.body, "");
}

TEST_P(Methods, PassesRangesAndConditionsOn) {
    const auto part = every_byte(100);
    const auto got =
        ask("GET", "/v1/files/file-1/content",
            {.status = 206, .headers = {{"content-range", "bytes 100-199/1000"}}, .body = part, .content_type = "application/octet-stream"},
            {{"Range", "bytes=100-199"}, {"If-Range", "\"e\""}});
    EXPECT_EQ(got.status, 206);
    EXPECT_EQ(got.header("content-range"), "bytes 100-199/1000");
    EXPECT_EQ(got.body, part);
    EXPECT_EQ(provider_->calls().front().header("range"), "bytes=100-199");
    EXPECT_EQ(provider_->calls().front().header("if-range"), "\"e\"");
    const auto same =
        ask("GET", "/v1/files/file-1/content", {.status = 304, .headers = {{"etag", "\"e\""}}, .body = ""}, {{"If-None-Match", "\"e\""}});
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.header("etag"), "\"e\"");
    const auto beyond = ask("GET", "/v1/files/file-1/content", {.status = 416, .headers = {{"content-range", "bytes */1000"}}, .body = "{}"},
                            {{"Range", "bytes=5000-"}});
    EXPECT_EQ(beyond.status, 416);
    EXPECT_EQ(beyond.header("content-range"), "bytes */1000");
}

TEST_P(Methods, PassesRedirectsOnWithoutFollowingThem) {
    for (const int status : {301, 302, 303, 307, 308}) {
        const auto got = ask("GET", "/v1/videos/video_1/content",
                             {.status = status, .headers = {{"location", "https://cdn.example/v.mp4?sig=a%2Fb"}}, .body = "moved"});
        EXPECT_EQ(got.status, status);
        EXPECT_EQ(got.header("location"), "https://cdn.example/v.mp4?sig=a%2Fb");
        EXPECT_EQ(got.body, "moved");
    }
}

TEST_P(Methods, PassesBinaryAnswersOnInEveryFraming) {
    const auto bytes = every_byte(3u << 20);
    for (const auto how : {mock::framing::content_length, mock::framing::chunked, mock::framing::close}) {
        const auto got = ask("GET", "/v1/files/file-1/content", {.body = bytes, .content_type = "audio/mpeg", .framing = how});
        EXPECT_EQ(got.status, 200);
        EXPECT_EQ(got.header("content-type"), "audio/mpeg");
        EXPECT_TRUE(got.body == bytes);
    }
    const auto encoded = ask("GET", "/v1/files/file-1/content", {.headers = {{"content-encoding", "gzip"}}, .body = bytes.substr(0, 5000)},
                             {{"Accept-Encoding", "gzip"}});
    EXPECT_EQ(encoded.header("content-encoding"), "gzip");
    EXPECT_TRUE(encoded.body == bytes.substr(0, 5000));
}

// RFC 9110 section 6.5.1: an intermediary may discard trailers, and must not merge them into the head.
TEST_P(Methods, TakesTrailersFromBothSidesAndPassesNoneOn) {
    provider_->once({.raw = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n"
                            "2\r\n{}\r\n0\r\nx-sum: 1\r\n\r\n"});
    auto client = connect();
    ASSERT_TRUE(
        client->send("POST /v1/threads HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: x-digest\r\n\r\n"
                     "5\r\nhello\r\n0\r\nx-digest: not-for-you\r\n\r\n"));
    const auto got = client->read_response();
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "{}");
    EXPECT_EQ(got.wire.find("x-sum: 1"), std::string::npos);
    const auto call = provider_->calls().back();
    EXPECT_EQ(call.body, "hello");
    EXPECT_EQ(call.raw_head.find("not-for-you"), std::string::npos);
    ASSERT_TRUE(client->send(request_text("GET", "/v1/files", {})));
    EXPECT_EQ(client->read_response().status, 200) << "the request behind the trailers";
}

TEST_P(Methods, SendsA100ToClientsThatWaitForIt) {
    const auto bytes = every_byte(25u << 20);
    for (const bool chunked : {false, true}) {
        SCOPED_TRACE(chunked ? "chunked" : "sized");
        provider_->forget();
        auto client = connect();
        std::string wire = bytes;
        std::string framing = "Content-Length: " + std::to_string(bytes.size());
        if (chunked) {
            const auto whole = chunked_request_text("/v1/files", bytes, 65536);
            wire = whole.substr(whole.find("\r\n\r\n") + 4);
            framing = "Transfer-Encoding: chunked";
        }
        ASSERT_TRUE(client->send("POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nExpect: 100-continue\r\n" +
                                 framing + "\r\n\r\n"));
        ASSERT_TRUE(client->read_raw(5s).starts_with("HTTP/1.1 100 "));
        ASSERT_TRUE(client->send(wire));
        const auto got = client->read_response(30s);
        EXPECT_EQ(got.status, 200);
        ASSERT_EQ(provider_->call_count(), 1u);
        EXPECT_TRUE(provider_->calls().back().body == bytes);
        EXPECT_EQ(provider_->calls().back().header("expect"), "");
    }
    auto client = connect();
    ASSERT_TRUE(client->send("POST /v1/files HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 999999999999\r\n\r\n"));
    EXPECT_EQ(client->read_response().status, 413) << "refused before the client sends anything";
}

INSTANTIATE_TEST_SUITE_P(Over, Methods, testing::Values(false, true), [](const auto& each) { return each.param ? "Tls" : "Plain"; });
