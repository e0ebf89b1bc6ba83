// When a limit begins anew, in the words of each provider.
#include "policy/upstreams/rate_resets.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;
using weir::core::wall_time;

// 2026-01-02T03:04:05Z
const wall_time now{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + 3h + 4min + 5s};

TEST(RateResets, ReadDurationsNumbersAndTimes) {
    EXPECT_EQ(reset_time("1s", now), 1s);
    EXPECT_EQ(reset_time("6m0s", now), 6min);
    EXPECT_EQ(reset_time("1h2m3.5s", now), 1h + 2min + 3500ms);
    EXPECT_EQ(reset_time("20ms", now), 20ms);
    EXPECT_EQ(reset_time(" 7.66s ", now), 7660ms);
    EXPECT_EQ(reset_time("12", now), 12s);
    EXPECT_EQ(reset_time("0.25", now), 250ms);
    EXPECT_EQ(reset_time("0", now), 0ms);
    EXPECT_EQ(reset_time("2026-01-02T03:04:15Z", now), 10s);
    EXPECT_EQ(reset_time("2026-01-02T05:04:15+02:00", now), 10s);
    EXPECT_EQ(reset_time("2026-01-02T03:04:15.25Z", now), 11s);
    const auto epoch = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    EXPECT_EQ(reset_time(std::to_string(epoch + 30), now), 30s);
    EXPECT_EQ(reset_time(std::to_string((epoch + 30) * 1000 + 500), now), 30500ms);
}

TEST(RateResets, AreBoundedAndNeverNegative) {
    EXPECT_EQ(reset_time("2020-01-01T00:00:00Z", now), 0ms);
    EXPECT_EQ(reset_time("1000000000", now), 0ms) << "a moment of 2001";
    EXPECT_EQ(reset_time("900h", now), 24h);
    EXPECT_EQ(reset_time("99999999999999999999999999", now), 24h);
}

TEST(RateResets, RefuseWhatIsNoTime) {
    for (const char* wrong : {"", " ", "-1s", "s", "1x", "1s2", "soon", "1..5s", ".", "2026-13-02T03:04:05Z", "2026-01-02T03:04:05",
                              "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05+0200", "1m 2s"})
        EXPECT_FALSE(reset_time(wrong, now)) << wrong;
}

TEST(RateResets, PauseUntilWhatIsUsedUpBeginsAnew) {
    rate_resets openai;
    openai.see("x-ratelimit-remaining-requests", "59");
    openai.see("x-ratelimit-remaining-tokens", "0");
    openai.see("X-RateLimit-Reset-Requests", "1s");
    openai.see("x-ratelimit-reset-tokens", "6m0s");
    EXPECT_EQ(openai.pause(now), 6min);
    rate_resets anthropic;
    anthropic.see("anthropic-ratelimit-requests-remaining", "0");
    anthropic.see("anthropic-ratelimit-requests-reset", "2026-01-02T03:04:15Z");
    anthropic.see("anthropic-ratelimit-tokens-remaining", "0");
    anthropic.see("anthropic-ratelimit-tokens-reset", "2026-01-02T03:04:35Z");
    EXPECT_EQ(anthropic.pause(now), 30s);
    rate_resets plain;
    plain.see("ratelimit-reset", "9");
    EXPECT_EQ(plain.pause(now), 9s);
}

TEST(RateResets, TakeTheShortestWhenNothingIsSaidToBeUsedUp) {
    rate_resets r;
    r.see("x-ratelimit-remaining-tokens", "150");
    r.see("x-ratelimit-reset-tokens", "20s");
    r.see("x-ratelimit-reset-requests", "3s");
    EXPECT_EQ(r.pause(now), 3s);
}

TEST(RateResets, SayNothingWithoutSuchFields) {
    rate_resets r;
    r.see("content-type", "application/json");
    r.see("x-ratelimit-limit-requests", "60");
    r.see("x-ratelimit-reset-requests", "soon");
    r.see("reset", "1s");
    EXPECT_EQ(r.pause(now), std::nullopt);
    for (int i = 0; i < 40; ++i) {
        static const char* names[] = {"x-ratelimit-reset-a", "x-ratelimit-reset-b", "x-ratelimit-reset-c", "x-ratelimit-reset-d",
                                      "x-ratelimit-reset-e", "x-ratelimit-reset-f", "x-ratelimit-reset-g", "x-ratelimit-reset-h",
                                      "x-ratelimit-reset-i", "x-ratelimit-reset-j"};
        r.see(names[i % 10], "5s");
    }
    EXPECT_EQ(r.pause(now), 5s) << "more kinds than are kept";
}

}  // namespace
