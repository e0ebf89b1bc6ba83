// One whole call against somebody who answers from a script, on the loopback interface.
#include "wire/one_call.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "net/address.hpp"
#include "net/resolver.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;
using end = wire::call_answer::end;

/// Accepts one connection, reads a head, says its piece and closes, or waits for the caller to leave.
class scripted_server {
public:
    enum class then : std::uint8_t { closes, stays };

    explicit scripted_server(std::string says, then after = then::closes) : says_(std::move(says)), after_(after) {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
        EXPECT_EQ(::listen(fd_, 1), 0);
        at_.size = sizeof at_.storage;
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at_.storage), &at_.size), 0);
        thread_ = std::thread{[this] { serve(); }};
    }
    ~scripted_server() {
        if (thread_.joinable()) thread_.join();
        ::close(fd_);
    }
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;

    [[nodiscard]] std::shared_ptr<const net::upstream_target> target() const {
        auto to = std::make_shared<net::upstream_target>();
        to->name = std::make_shared<net::resolved_name>(at_);
        return to;
    }
    /// What the caller sent; after its call.
    const std::string& heard() {
        thread_.join();
        return heard_;
    }

private:
    void serve() {
        const int one = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        char piece[4096];
        while (heard_.find("\r\n\r\n") == std::string::npos) {
            const auto n = ::recv(one, piece, sizeof piece, 0);
            if (n <= 0) break;
            heard_.append(piece, static_cast<std::size_t>(n));
        }
        (void)::send(one, says_.data(), says_.size(), MSG_NOSIGNAL);
        if (after_ == then::stays) {
            while (::recv(one, piece, sizeof piece, 0) > 0) continue;
        }
        ::close(one);
    }

    std::string says_;
    then after_;
    int fd_ = -1;
    net::address at_;
    std::string heard_;
    std::thread thread_;
};

wire::call_request question() {
    wire::call_request q;
    q.path = "/v1/models?limit=1";
    q.authority = "provider.test";
    q.lines = core::secret{"authorization: Bearer k\r\n"};
    return q;
}

constexpr wire::call_limits usual{.connect = 5s, .total = 5s, .body = 1000};

TEST(OneCall, SaysWhatItIsToldToAndThatNothingFollows) {
    scripted_server there{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    auto q = question();
    q.method = "POST";
    q.body = "{}";
    const auto got = wire::call(there.target(), q, usual);
    EXPECT_EQ(got.body, "ok");
    EXPECT_EQ(there.heard(),
              "POST /v1/models?limit=1 HTTP/1.1\r\nhost: provider.test\r\nauthorization: Bearer k\r\n"
              "connection: close\r\ncontent-length: 2\r\n\r\n{}");
}

struct said {
    std::string_view what;
    std::string_view says;
    end how;
    int status;
    std::string_view body;
    bool whole;
};

class OneCallHears : public testing::TestWithParam<said> {};

TEST_P(OneCallHears, WhatWasSaidAndWhetherThatWasAll) {
    const auto& expected = GetParam();
    const scripted_server there{std::string{expected.says}};
    std::string listened;
    const auto got = wire::call(there.target(), question(), usual, nullptr, [&](std::string_view piece) { listened += piece; });
    EXPECT_EQ(got.how, expected.how);
    EXPECT_EQ(got.status, expected.status);
    EXPECT_EQ(got.body, expected.body);
    EXPECT_EQ(listened, expected.body);
    EXPECT_EQ(got.whole, expected.whole);
    EXPECT_EQ(got.why.empty(), expected.how != end::not_http);
}

const said all_said[] = {
    {"Sized", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", end::answered, 200, "abc", true},
    {"SizedAndCut", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", end::answered, 200, "abc", false},
    {"Chunked", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", end::answered, 200, "abc", true},
    {"ChunkedAndCut", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n", end::answered, 200, "ab", false},
    {"ChunkedBadly", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab\r\n", end::answered, 200, "", false},
    {"ToTheEnd", "HTTP/1.1 200 OK\r\n\r\nabc", end::answered, 200, "abc", true},
    {"NoBody", "HTTP/1.1 204 No Content\r\n\r\n", end::answered, 204, "", true},
    {"AfterInterimAnswers", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", end::answered, 404, "", true},
    {"Nothing", "", end::closed, 0, "", false},
    {"HalfAHead", "HTTP/1.1 200 OK\r\ncontent-le", end::closed, 0, "", false},
    {"AnotherProtocol", "SSH-2.0-OpenSSH_9.2\r\n", end::not_http, 0, "", false},
    {"AProtocolNobodyAskedFor", "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n", end::not_http, 0, "", false},
};
INSTANTIATE_TEST_SUITE_P(All, OneCallHears, testing::ValuesIn(all_said), [](const auto& one) { return std::string{one.param.what}; });

TEST(OneCall, KeepsTheBeginningOfWhatIsTooLong) {
    const scripted_server there{"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + std::string(5000, 'x')};
    const auto got = wire::call(there.target(), question(), usual);
    EXPECT_EQ(got.how, end::answered);
    EXPECT_EQ(got.body, std::string(usual.body, 'x'));
    EXPECT_FALSE(got.whole);
}

TEST(OneCall, FindsFieldsByAnyCase) {
    const scripted_server there{"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\ncontent-length: 0\r\n\r\n"};
    const auto got = wire::call(there.target(), question(), usual);
    EXPECT_EQ(got.field("retry-after"), "7");
    EXPECT_EQ(got.field("location"), "");
}

TEST(OneCall, EndsInTimeWhereNobodyAnswers) {
    const scripted_server there{"", scripted_server::then::stays};
    const auto before = std::chrono::steady_clock::now();
    const auto got = wire::call(there.target(), question(), {.connect = 5s, .total = 50ms, .body = 1000});
    EXPECT_EQ(got.how, end::timed_out);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 4s);
}

TEST(OneCall, EndsAtOnceWhereTheBodyIsBrokenWhereItBegins) {
    const scripted_server there{"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", scripted_server::then::stays};
    const auto before = std::chrono::steady_clock::now();
    const auto got = wire::call(there.target(), question(), {.connect = 60s, .total = 60s, .body = 1000});
    EXPECT_EQ(got.how, end::answered);
    EXPECT_FALSE(got.whole);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 30s);
}

TEST(OneCall, EndsWhenItIsCancelled) {
    const scripted_server there{"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", scripted_server::then::stays};
    wire::call_canceller by;
    const auto got =
        wire::call(there.target(), question(), {.connect = 60s, .total = 60s, .body = 1000}, &by, [&](std::string_view) { by.cancel(); });
    EXPECT_EQ(got.how, end::answered);
    EXPECT_EQ(got.body, "abc");
    EXPECT_FALSE(got.whole);
}

TEST(OneCall, SaysWhyNobodyCouldBeReached) {
    std::shared_ptr<const net::upstream_target> gone;
    {
        scripted_server there{""};
        gone = there.target();
        (void)wire::call(gone, question(), usual);
    }
    const auto got = wire::call(gone, question(), usual);
    EXPECT_EQ(got.how, end::not_connected);
    EXPECT_EQ(got.dialled.why, net::dial_failure::connect);
    EXPECT_EQ(got.dialled.detail, "Connection refused");
}

}  // namespace
