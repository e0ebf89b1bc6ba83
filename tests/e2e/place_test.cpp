// Where an answer is said to have come from: log, metrics and headers name the attempt that it is of, whatever was tried or looked at later.
#include <gtest/gtest.h>

#include "support/gateway_process.hpp"

namespace mock = weir::mock;
using namespace std::chrono_literals;
using namespace weir::test;

namespace {

class Place : public testing::Test {
protected:
    void SetUp() override {
        first_ = quick_provider("first");
        second_ = quick_provider("second");
        weir_ = std::make_unique<gateway_process>(
            WEIR_BINARY, "listeners: [{address: \"127.0.0.1:0\"}]\npools:\n  a:\n    retry: {attempts: 1}\n    upstreams:\n" + upstream_of(*first_) +
                             "  b:\n    retry: {attempts: 1}\n    upstreams:\n" + upstream_of(*second_) +
                             "routes:\n  - {models: [m], pool: a, rename: {m: sent-first}, fallback: [{pool: b, model: sent-second}]}\n" +
                             std::string{conf_end});
    }
    [[nodiscard]] response ask(const std::string& id) const {
        return exchange_once(weir_->url(), request_text("POST", "/v1/chat/completions", chat_body("m", false), {{"x-request-id", id}}));
    }

    std::unique_ptr<mock::provider> first_, second_;
    std::unique_ptr<gateway_process> weir_;
};

}  // namespace

TEST_F(Place, OfAKeptErrorAnswerIsItsOwnWhenTheFallbackCannotBeAsked) {
    EXPECT_EQ(exchange_once(weir_->admin(), request_text("POST", "/api/pools/b/upstreams/second/drain", "{}")).status / 100, 2);
    first_->once({.status = 503});
    const auto got = ask("kept");
    EXPECT_EQ(got.status, 503);
    EXPECT_EQ(got.header("x-weir-upstream"), "first");
    const auto line = weir_->log_line("\"kept\"");
    EXPECT_NE(line.find(R"("served_model":"sent-first","pool":"a","upstream":"first","status":503)"), std::string::npos) << line;
}

TEST_F(Place, OfAnErrorThatWeirTellsOfIsTheAttemptsThatFailed) {
    EXPECT_EQ(exchange_once(weir_->admin(), request_text("POST", "/api/pools/b/upstreams/second/drain", "{}")).status / 100, 2);
    first_->once({.ending = mock::ending::reset, .drop = true});
    const auto got = ask("told");
    EXPECT_EQ(got.status, 502);
    EXPECT_NE(got.body.find("first"), std::string::npos);
    const auto line = weir_->log_line("\"told\"");
    EXPECT_NE(line.find(R"("served_model":"sent-first","pool":"a","upstream":"first","status":502)"), std::string::npos) << line;
}

TEST_F(Place, OfAnAnswerIsTheFallbacksThatGaveIt) {
    first_->once({.status = 503});
    const auto got = ask("moved");
    EXPECT_EQ(got.status, 200);
    const auto line = weir_->log_line("\"moved\"");
    EXPECT_NE(line.find(R"("served_model":"sent-second","pool":"b","upstream":"second","status":200)"), std::string::npos) << line;
}
