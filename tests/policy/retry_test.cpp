// What a failure means for the request and for its upstream.
#include "policy/upstreams/retry.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;

const retry_settings defaults;

judgement of(int status, std::string_view code = {}, bool own = true, const retry_settings& s = defaults) {
    return judge({.kind = failure_kind::status, .status = status, .provider_code = code, .own_credentials = own}, s);
}

TEST(Retry, NeverRepeatsWhatTheClientGotWrong) {
    retry_settings greedy;
    greedy.on_status = {400, 404, 413, 422};
    for (const int status : {400, 404, 413, 422}) {
        EXPECT_FALSE(of(status, {}, true, greedy).again) << status;
        EXPECT_EQ(of(status).counts_as, outcome::neutral) << status;
        EXPECT_EQ(of(status).upstream_rests, rest::none) << status;
    }
}

TEST(Retry, SendsAPromptThatIsTooLongToALargerModelOnly) {
    for (const int status : {400, 413, 422}) {
        const auto what = judge({.status = status, .context_overflow = true}, defaults);
        EXPECT_TRUE(what.larger_context) << status;
        EXPECT_FALSE(what.again) << status;
        EXPECT_EQ(what.counts_as, outcome::neutral) << status;
        EXPECT_FALSE(of(status).larger_context) << status;
    }
    EXPECT_FALSE(judge({.status = 500, .context_overflow = true}, defaults).larger_context);
    EXPECT_EQ(status_of_provider_code("context_length_exceeded"), 400);
}

TEST(Retry, RepeatsListedStatusesAndBlamesTheUpstreamForAll5xx) {
    for (const int status : {500, 502, 503, 504, 520, 521, 522, 523, 524, 529}) {
        EXPECT_TRUE(of(status).again) << status;
        EXPECT_EQ(of(status).counts_as, outcome::failure) << status;
    }
    for (const int status : {505, 525, 530}) {
        EXPECT_FALSE(of(status).again) << status;
        EXPECT_EQ(of(status).counts_as, outcome::failure) << status;
    }
    EXPECT_EQ(of(501).counts_as, outcome::neutral);
    EXPECT_FALSE(of(409).again);
}

TEST(Retry, AsksOnlyElsewhereWhatWasRefusedAndTellsARequestsFaultFromACredentialsAndFromSpentMoney) {
    struct row {
        int status;
        std::string_view code;
        rest expected;
    };
    for (const auto& [status, code, expected] : std::vector<row>{
             {401, "", rest::credentials},
             {401, "invalid_api_key", rest::credentials},
             {401, "insufficient_quota", rest::quota},
             {402, "", rest::quota},
             {403, "", rest::none},
             {403, "model_not_found", rest::none},
             {403, "permission_error", rest::none},
             {403, "PERMISSION_DENIED", rest::none},
             {403, "content_policy_violation", rest::none},
             {403, "invalid_api_key", rest::credentials},
             {403, "account_deactivated", rest::credentials},
             {403, "insufficient_user_quota", rest::quota},
         }) {
        const auto what = of(status, code);
        EXPECT_TRUE(what.again && what.only_elsewhere) << status << code;
        EXPECT_EQ(what.upstream_rests, expected) << status << code;
        EXPECT_EQ(what.counts_as, outcome::neutral) << status << code;
    }
    EXPECT_FALSE(of(500).only_elsewhere);
    EXPECT_FALSE(of(429).only_elsewhere);
}

TEST(Retry, LeavesRefusedClientCredentialsToTheClient) {
    for (const int status : {401, 402, 403}) {
        EXPECT_FALSE(of(status, {}, false).again) << status;
        EXPECT_EQ(of(status, {}, false).upstream_rests, rest::none) << status;
    }
    EXPECT_EQ(of(429, "insufficient_quota", false).upstream_rests, rest::none);
    EXPECT_TRUE(of(429, {}, false).again);
    EXPECT_EQ(of(429, {}, false).upstream_rests, rest::none);
}

TEST(Retry, TellsSpentQuotaFromARateLimit) {
    EXPECT_EQ(of(429, "rate_limit_exceeded").upstream_rests, rest::as_told);
    EXPECT_EQ(of(429).upstream_rests, rest::as_told);
    EXPECT_EQ(of(429).counts_as, outcome::neutral);
    EXPECT_EQ(of(429, "insufficient_quota").upstream_rests, rest::quota);
    EXPECT_TRUE(of(429, "insufficient_quota").again);
    EXPECT_EQ(of(400, "billing_hard_limit_reached").upstream_rests, rest::quota);
    EXPECT_EQ(of(400, "invalid_request_error").upstream_rests, rest::none);
}

TEST(Retry, FollowsTheSwitchesForBrokenConnections) {
    retry_settings off;
    off.on_connect = off.on_reset = off.on_timeout = false;
    for (const auto kind : {failure_kind::connect, failure_kind::tls, failure_kind::reset, failure_kind::timeout, failure_kind::invalid}) {
        EXPECT_TRUE(judge({kind}, defaults).again);
        EXPECT_FALSE(judge({kind}, off).again);
        EXPECT_EQ(judge({kind}, off).counts_as, outcome::failure);
    }
    off.on_connect = true;
    EXPECT_TRUE(judge({failure_kind::tls}, off).again);
    EXPECT_FALSE(judge({failure_kind::reset}, off).again);
}

TEST(Retry, BlamesNobodyForWhatThisMachineLacks) {
    const auto what = judge({.kind = failure_kind::own}, defaults);
    EXPECT_TRUE(what.again);
    EXPECT_EQ(what.counts_as, outcome::neutral);
    EXPECT_EQ(what.upstream_rests, rest::none);
}

TEST(Retry, ReadsErrorsInsideA200AsTheStatusTheyStandFor) {
    EXPECT_EQ(status_of_provider_code("overloaded_error"), 529);
    EXPECT_EQ(status_of_provider_code("insufficient_quota"), 429);
    EXPECT_EQ(status_of_provider_code("server_error"), 500);
    EXPECT_EQ(status_of_provider_code("something_new"), 0);
    EXPECT_EQ(status_of_provider_code(""), 0);
}

TEST(Retry, BacksOffExponentiallyUpToTheMaximumWithFullJitter) {
    const double almost_one = 0.999999;
    EXPECT_NEAR(static_cast<double>(backoff(1, defaults, almost_one).count()), 100.0, 1.0);
    EXPECT_NEAR(static_cast<double>(backoff(2, defaults, almost_one).count()), 200.0, 1.0);
    EXPECT_NEAR(static_cast<double>(backoff(5, defaults, almost_one).count()), 1600.0, 1.0);
    EXPECT_NEAR(static_cast<double>(backoff(6, defaults, almost_one).count()), 2000.0, 1.0);
    EXPECT_LE(backoff(1'000'000'000, defaults, almost_one), 2s);
    EXPECT_EQ(backoff(3, defaults, 0.0), 0ms);
    EXPECT_EQ(backoff(3, defaults, 0.5), 200ms);
    retry_settings none;
    none.backoff = 0ms;
    EXPECT_EQ(backoff(1'000'000'000, none, 0.5), 0ms);
}

// What makes something is asked again only after these.
TEST(Retry, KnowsWhichAnswersSayThatNothingWasDone) {
    for (const int status : {401, 402, 403, 404, 408, 429, 503, 529})
        EXPECT_TRUE(says_nothing_was_done({.kind = failure_kind::status, .status = status})) << status;
    for (const int status : {400, 409, 422, 500, 501, 502, 504, 520, 521, 522, 523, 524})
        EXPECT_FALSE(says_nothing_was_done({.kind = failure_kind::status, .status = status})) << status;
    for (const auto kind : {failure_kind::reset, failure_kind::timeout, failure_kind::invalid, failure_kind::own})
        EXPECT_FALSE(says_nothing_was_done({.kind = kind, .status = 503}));
}

}  // namespace
