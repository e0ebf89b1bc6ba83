// What an upstream sends behind its answer is nobody's answer: the connection is not used again, however late it comes.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace weir::test;

namespace {

constexpr const char* poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";

struct bad_manners {
    const char* name;
    mock::script how;
};

class LeftOver : public testing::Test {
protected:
    static void SetUpTestSuite() {
        a_ = quick_provider("a");
        // One worker, so that the next request would find the connection.
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY,
            "listeners: [{address: \"127.0.0.1:0\"}]\nworkers: 1\nadmin: {address: \"127.0.0.1:0\"}\nlog: {access: access.log}\n"
            "state: {ledger: off}\npools:\n  one:\n    retry: {attempts: 1}\n    upstreams:\n" +
                upstream_of(*a_));
    }
    static void TearDownTestSuite() {
        weir_.reset();
        a_.reset();
    }
    void SetUp() override { a_->forget(); }

    static response ask(const mock::script& how) {
        a_->once(how);
        return exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", chat_body("m", false)));
    }

    static std::unique_ptr<mock::provider> a_;
    static std::unique_ptr<gateway_process> weir_;
};

std::unique_ptr<mock::provider> LeftOver::a_;
std::unique_ptr<gateway_process> LeftOver::weir_;

class LeftOverBytes : public LeftOver, public testing::WithParamInterface<bad_manners> {};

}  // namespace

TEST_P(LeftOverBytes, AreNeverReadAsAnAnswer) {
    const auto& how = GetParam().how;
    for (int round = 0; round < 5; ++round) {
        a_->forget();
        const auto first = ask(how);
        EXPECT_EQ(first.status, how.status != 0 ? how.status : 200);
        EXPECT_TRUE(first.clean());
        // Not before all of it has left the provider: from then on nothing may go out on that connection.
        ASSERT_TRUE(a_->wait_for([&](const std::vector<mock::call>& calls) {
            return !calls.empty() && (how.idle_bytes.empty() ? calls[0].outcome != mock::outcome::running : calls[0].spoke_while_idle);
        }));
        const auto next = ask({});
        ASSERT_EQ(a_->calls().size(), 2u);
        EXPECT_EQ(next.status, 200);
        EXPECT_EQ(next.body, a_->calls()[1].answered);
        EXPECT_NE(a_->calls()[0].connection, a_->calls()[1].connection);
    }
}

INSTANTIATE_TEST_SUITE_P(
    All, LeftOverBytes,
    testing::Values(bad_manners{"BehindALength", {.framing = mock::framing::content_length, .extra = poison}},
                    bad_manners{"BehindTheLastChunk", {.framing = mock::framing::chunked, .extra = poison}},
                    bad_manners{"ALongTimeBehindALength", {.idle_bytes = poison}},
                    bad_manners{"BehindALengthOfZero", {.body = "", .framing = mock::framing::content_length, .extra = poison}},
                    bad_manners{"Behind204", {.status = 204, .body = "", .framing = mock::framing::content_length, .extra = poison}},
                    bad_manners{"Behind304", {.status = 304, .body = "", .framing = mock::framing::content_length, .extra = poison}},
                    bad_manners{"AChunkedBodyOf204", {.status = 204, .body = "hello", .framing = mock::framing::chunked}},
                    bad_manners{"ABodyWithALengthOf204", {.status = 204, .body = "hello", .framing = mock::framing::content_length}},
                    bad_manners{"AChunkedBodyOf304", {.status = 304, .body = "hello", .framing = mock::framing::chunked}},
                    bad_manners{"BehindAnError", {.status = 400, .framing = mock::framing::content_length, .extra = poison}}),
    [](const auto& one) { return one.param.name; });

// Nothing needs to follow: who announces a body that 204 cannot have may still be about to send it.
TEST_F(LeftOver, IsExpectedOfA204ThatAnnouncesABody) {
    for (const auto* body : {"", "hello"})
        for (const auto framing : {mock::framing::content_length, mock::framing::chunked}) {
            a_->forget();
            const auto first = ask({.status = 204, .body = body, .framing = framing});
            EXPECT_EQ(first.status, 204);
            EXPECT_EQ(first.body, "");
            const auto next = ask({});
            EXPECT_EQ(next.status, 200);
            ASSERT_EQ(a_->calls().size(), 2u);
            const bool announced = framing == mock::framing::chunked || *body != 0;
            EXPECT_EQ(a_->calls()[0].connection == a_->calls()[1].connection, !announced) << body;
        }
}
