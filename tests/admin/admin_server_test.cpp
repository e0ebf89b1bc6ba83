// The admin address over real sockets: its paths, its limits, its end.
#include "admin/admin_server.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "admin/admin_api.hpp"
#include "admin/status_view.hpp"
#include "support/raw_client.hpp"
#include "support/slowness.hpp"
#include "support/temp_folder.hpp"

namespace weir::admin {
namespace {

using namespace std::chrono_literals;
using test::raw_client;

std::string get(std::string_view target, std::string_view more = {}) {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: admin\r\n" + std::string{more} + "\r\n";
}

class AdminServer : public testing::Test {
protected:
    void SetUp() override { serve("127.0.0.1:0"); }
    void serve(const std::string& address) {
        server_.reset();
        admin::admin_handlers handlers;
        handlers.metrics = [this](telemetry::exposition format) {
            if (broken_) throw std::runtime_error("the shard is gone");
            return format == telemetry::exposition::text ? metrics_ : "# EOF\n";
        };
        handlers.ready = [this](std::string& why) {
            why = unready_;
            return why.empty();
        };
        handlers.status_json = [] { return std::string{R"({"version":"x"})"}; };
        handlers.knows_host = [](std::string_view host) { return host != "evil.example"; };
        handlers.live = [] { return std::string{"now"}; };
        handlers.api = [](const admin::admin_request& asked) {
            admin::admin_reply out;
            out.status = asked.host == "evil.example" ? 403 : 200;
            out.events = asked.path == "/api/live/stream";
            out.body = asked.path == "/api/status" ? R"({"version":"x"})" : std::string{asked.method} + " " + std::string{asked.body};
            return out;
        };
        server_ = std::make_unique<admin::admin_server>(address, std::move(handlers));
        server_->start();
    }
    [[nodiscard]] test::response ask(const std::string& bytes) { return test::exchange_once(server_->address(), bytes); }

    // Set before a request is sent and read while it is answered.
    std::string metrics_ = "weir_build_info 1\n";
    std::string unready_;
    std::atomic<bool> broken_{false};
    std::unique_ptr<admin::admin_server> server_;
};

TEST_F(AdminServer, ServesEachOfItsPathsWithItsContentType) {
    const auto metrics = ask(get("/metrics"));
    EXPECT_EQ(metrics.status, 200);
    EXPECT_EQ(metrics.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(metrics.body, "weir_build_info 1\n");
    EXPECT_EQ(metrics.header("vary"), "Accept");
    const auto open = ask(get("/metrics", "Accept: text/plain;q=0.5\r\nAccept: application/openmetrics-text; version=1.0.0\r\n"));
    EXPECT_EQ(open.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    EXPECT_EQ(open.body, "# EOF\n");
    const auto health = ask(get("/healthz"));
    EXPECT_EQ(health.status, 200);
    EXPECT_EQ(health.body, "ok\n");
    const auto status = ask(get("/api/status?at=now"));
    EXPECT_EQ(status.status, 200);
    EXPECT_EQ(status.header("content-type"), "application/json");
    EXPECT_EQ(status.body, R"({"version":"x"})");
    const auto page = ask(get("/status"));
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
    EXPECT_NE(page.header("content-security-policy").find("default-src 'none'"), std::string::npos);
    EXPECT_EQ(page.body, admin::status_page());
    const auto root = ask(get("/"));
    EXPECT_EQ(root.status, 302);
    EXPECT_EQ(root.header("location"), "/status");
}

TEST_F(AdminServer, SaysWhyItIsNotReady) {
    EXPECT_EQ(ask(get("/readyz")).status, 200);
    EXPECT_EQ(ask(get("/readyz")).body, "ready\n");
    unready_ = "no pool has a usable upstream";
    const auto got = ask(get("/readyz"));
    EXPECT_EQ(got.status, 503);
    EXPECT_EQ(got.body, "no pool has a usable upstream\n");
    EXPECT_EQ(ask(get("/healthz")).status, 200);
}

TEST_F(AdminServer, AnswersHeadWithTheLengthAndNoBody) {
    raw_client client{server_->address()};
    for (const char* path : {"/metrics", "/status", "/nothing", "/"}) {
        SCOPED_TRACE(path);
        const auto whole = ask(get(path));
        ASSERT_TRUE(client.send("HEAD " + std::string{path} + " HTTP/1.1\r\nHost: admin\r\n\r\n"));
        const auto head = client.read_response(5s, true);
        EXPECT_EQ(head.status, whole.status);
        EXPECT_EQ(head.header("content-length"), std::to_string(whole.body.size()));
    }
}

TEST_F(AdminServer, RefusesOtherMethodsAndListsWhatThereIs) {
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
        SCOPED_TRACE(method);
        const auto got = ask(std::string{method} + " /metrics HTTP/1.1\r\nHost: admin\r\nContent-Length: 4\r\n\r\nbody");
        EXPECT_EQ(got.status, 405);
        EXPECT_EQ(got.header("allow"), "GET, HEAD");
    }
    const auto got = ask(get("/metric"));
    EXPECT_EQ(got.status, 404);
    for (const char* path : {"/metrics", "/healthz", "/readyz", "/status", "/api/status"})
        EXPECT_NE(got.body.find(std::string{path} + " "), std::string::npos) << path;
}

TEST_F(AdminServer, KeepsTheConnectionAndTakesPipelinedRequests) {
    raw_client client{server_->address()};
    ASSERT_TRUE(client.send(get("/healthz") + get("/readyz") + get("/healthz", "Connection: close\r\n")));
    EXPECT_EQ(client.read_response().body, "ok\n");
    EXPECT_EQ(client.read_response().body, "ready\n");
    const auto last = client.read_response();
    EXPECT_EQ(last.body, "ok\n");
    EXPECT_EQ(last.header("connection"), "close");
    EXPECT_TRUE(client.wait_closed());
}

TEST_F(AdminServer, ReadsARequestInAnySlicing) {
    const auto bytes = get("/healthz", "X-Long: " + std::string(100, 'a') + "\r\n");
    for (const std::size_t slice : {1u, 2u, 7u, 64u}) {
        SCOPED_TRACE(slice);
        raw_client client{server_->address()};
        ASSERT_TRUE(client.send_sliced(bytes, slice));
        EXPECT_EQ(client.read_response().body, "ok\n");
    }
}

TEST_F(AdminServer, ClosesAfterAnHttp10Request) {
    raw_client client{server_->address()};
    ASSERT_TRUE(client.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    EXPECT_EQ(client.read_response().body, "ok\n");
    EXPECT_TRUE(client.wait_closed());
}

TEST_F(AdminServer, BoundsHeadAndBody) {
    EXPECT_EQ(ask(get("/healthz", "X-Big: " + std::string(20'000, 'a') + "\r\n")).status, 431);
    EXPECT_EQ(ask("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + std::string(1000, 'b')).status, 413);
    EXPECT_EQ(ask("GET\r\n\r\n").status, 400);
    EXPECT_EQ(ask(get("/healthz")).status, 200);
}

TEST_F(AdminServer, GivesTheAnswerAlthoughTheClientIsStillSending) {
    raw_client client{server_->address()};
    ASSERT_TRUE(client.send("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n"));
    (void)client.send(std::string(300'000, 'b'));
    EXPECT_EQ(client.read_response().status, 413);
}

TEST_F(AdminServer, AlwaysHasRoomForOneMoreClient) {
    raw_client regular{server_->address()};
    std::vector<raw_client> slow;
    for (int i = 0; i < 200; ++i) {
        slow.emplace_back(server_->address());
        ASSERT_TRUE(slow.back().connected());
        (void)slow.back().send("GET /healthz HT");
    }
    EXPECT_EQ(ask(get("/healthz")).status, 200);
    int open = 0;
    for (auto& one : slow) open += one.wait_closed(1ms) ? 0 : 1;
    EXPECT_LE(open, 64);
    EXPECT_GT(open, 0);
}

TEST_F(AdminServer, HasRoomAlsoWhenNobodyReadsTheirAnswers) {
    metrics_.assign(8 << 20, 'x');
    std::vector<raw_client> deaf;
    for (int i = 0; i < 70; ++i) {
        deaf.emplace_back(server_->address());
        ASSERT_TRUE(deaf.back().send(get("/metrics")));
    }
    raw_client one_more{server_->address()};
    ASSERT_TRUE(one_more.send(get("/metrics")));
    const auto got = one_more.read_response(10s * test::slowness);  // those before it are copied first, half a gigabyte in all
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body.size(), metrics_.size());
}

TEST_F(AdminServer, TurnsAFailureIntoA500AndGoesOn) {
    broken_ = true;
    testing::internal::CaptureStderr();
    const auto got = ask(get("/metrics"));
    EXPECT_NE(testing::internal::GetCapturedStderr().find("/metrics failed: the shard is gone"), std::string::npos);
    EXPECT_EQ(got.status, 500);
    EXPECT_NE(got.body.find("the shard is gone"), std::string::npos);
    EXPECT_EQ(ask(get("/healthz")).status, 200);
}

TEST_F(AdminServer, SaysWhichAddressItCannotListenOn) {
    admin::admin_handlers none;
    try {
        const admin::admin_server second{server_->address(), none};
        FAIL() << "two servers on " << server_->address();
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), std::errc::address_in_use);
        EXPECT_NE(std::string{e.what()}.find("cannot listen on " + server_->address()), std::string::npos) << e.what();
    }
    EXPECT_THROW((admin::admin_server{"nowhere", none}), std::system_error);
}

TEST_F(AdminServer, ListensOnIpv6AndUnixSockets) {
    const test::temp_folder folder;
    const std::string path = folder.file("admin.sock");
    serve("unix:" + path);
    EXPECT_EQ(server_->address(), "unix:" + path);
    EXPECT_EQ(ask(get("/healthz")).body, "ok\n");
    server_->stop();
    struct stat info{};
    EXPECT_NE(stat(path.c_str(), &info), 0) << "the socket's file is gone";
    try {
        serve("[::1]:0");
    } catch (const std::system_error&) {
        GTEST_SKIP() << "no IPv6 here";
    }
    EXPECT_TRUE(server_->address().starts_with("[::1]:")) << server_->address();
    EXPECT_EQ(ask(get("/healthz")).body, "ok\n");
}

TEST_F(AdminServer, StopsAtOnceWithClientsConnected) {
    raw_client idle{server_->address()};
    raw_client half{server_->address()};
    ASSERT_TRUE(half.send("GET /healthz HT"));
    raw_client kept{server_->address()};
    ASSERT_TRUE(kept.send(get("/healthz")));
    EXPECT_EQ(kept.read_response().status, 200);
    const auto address = server_->address();
    const auto began = std::chrono::steady_clock::now();
    server_->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
    EXPECT_TRUE(idle.wait_closed());
    EXPECT_TRUE(half.wait_closed());
    EXPECT_TRUE(kept.wait_closed());
    EXPECT_FALSE(raw_client{address}.connected());
    EXPECT_EQ(server_->address(), address);
    server_->stop();
}

TEST(AdminServerLife, MayEndWithoutHavingStarted) {
    const admin::admin_server never{"127.0.0.1:0", {}};
    EXPECT_NE(never.address(), "127.0.0.1:0");
}

TEST_F(AdminServer, ReadsBodiesHoweverTheyCome) {
    const std::string head = "POST /api/anything HTTP/1.1\r\nHost: localhost\r\n";
    raw_client client{server_->address()};
    for (const std::string& rest :
         {std::string{"Content-Length: 5\r\n\r\nhello"}, std::string{"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"}}) {
        ASSERT_TRUE(client.send_sliced(head + rest, 3));
        EXPECT_EQ(client.read_response().body, "POST hello");
    }
    EXPECT_EQ(ask(head + "\r\n").body, "POST ") << "as curl -X POST asks";
    EXPECT_EQ(ask(head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n").status, 400);
    EXPECT_EQ(ask(head + "Transfer-Encoding: chunked\r\n\r\n4e20\r\n").status, 413);
    EXPECT_EQ(ask(head + "Transfer-Encoding: chunked\r\n\r\n2000\r\n" + std::string(0x2000, 'a') + "\r\n2001\r\n" + std::string(0x2001, 'a') +
                  "\r\n0\r\n\r\n")
                  .status,
              413);
    raw_client careful{server_->address()};
    ASSERT_TRUE(careful.send(head + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"));
    EXPECT_EQ(careful.read_bytes(25), "HTTP/1.1 100 Continue\r\n\r\n");
    ASSERT_TRUE(careful.send("hello"));
    EXPECT_EQ(careful.read_response().body, "POST hello");
}

TEST_F(AdminServer, ShowsTheLiveViewUntilAnotherServesTheAddress) {
    raw_client client{server_->address()};
    ASSERT_TRUE(client.send(get("/api/live/stream")));
    auto got = client.read_head();
    EXPECT_EQ(got.header("content-type"), "text/event-stream");
    server_->retire();
    client.read_body(got);
    EXPECT_TRUE(got.clean()) << "it came to its end";
    EXPECT_EQ(got.body.substr(0, 11), "data: now\n\n");
    EXPECT_TRUE(client.wait_closed());
}

TEST_F(AdminServer, ShowsTheLiveViewToSoManyAndNoMore) {
    std::vector<raw_client> watch;
    for (int i = 0; i < 16; ++i) {
        watch.emplace_back(server_->address());
        ASSERT_TRUE(watch.back().send(get("/api/live/stream")));
        EXPECT_EQ(watch.back().read_head().status, 200);
    }
    EXPECT_EQ(ask(get("/api/live/stream")).status, 503);
    watch.pop_back();
    int status = 503;
    for (int i = 0; i < 50 && status == 503; ++i) {
        std::this_thread::sleep_for(20ms);
        raw_client next{server_->address()};
        ASSERT_TRUE(next.send(get("/api/live/stream")));
        status = next.read_head().status;
    }
    EXPECT_EQ(status, 200) << "who left makes room";
}

// DNS rebinding: a page of another site reads what a name of its own leads to.
TEST_F(AdminServer, ShowsItsPagesByKnownNamesOnlyButAnswersProbesByAny) {
    const auto by = [&](const std::string& path, const std::string& host) {
        return ask("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status;
    };
    for (const char* path : {"/metrics", "/status", "/api/status", "/nowhere"}) {
        EXPECT_EQ(by(path, "evil.example"), 403) << path;
        EXPECT_NE(by(path, "admin"), 403) << path;
    }
    for (const char* path : {"/healthz", "/readyz"}) EXPECT_EQ(by(path, "evil.example"), 200) << path;
}

}  // namespace
}  // namespace weir::admin
