// Operational messages: one line each, filtered by level.
#include "telemetry/event_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "telemetry/log_limiter.hpp"

using namespace weir;

TEST(EventLog, WritesOneLineWithTimeAndLevel) {
    testing::internal::CaptureStderr();
    telemetry::log(telemetry::level::warn, "disk is\nfull\x1b[0m");
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                testing::MatchesRegex("20[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+\\.[0-9]+Z warn disk is full \\[0m\n"));
}

TEST(EventLog, LeavesOutWhatIsBelowTheLevel) {
    telemetry::set_level(telemetry::level::warn);
    testing::internal::CaptureStderr();
    telemetry::log(telemetry::level::info, "hidden");
    telemetry::log(telemetry::level::error, "shown");
    const std::string text = testing::internal::GetCapturedStderr();
    telemetry::set_level(telemetry::level::info);
    EXPECT_THAT(text, testing::HasSubstr("error shown"));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("hidden")));
}

TEST(EventLog, LetsOneWindowOfAStormThroughAndSaysWhatItLeftOut) {
    using telemetry::log_limiter;
    log_limiter limit;
    core::wall_time now{std::chrono::seconds{1'767'225'600}};
    EXPECT_EQ(limit.judge(now).left_out, 0);
    int written = 1;
    for (int i = 1; i < 1000; ++i) {
        now += std::chrono::milliseconds{5};
        written += limit.judge(now).write ? 1 : 0;
    }
    EXPECT_EQ(written, log_limiter::lines_per_window);
    now += std::chrono::seconds{log_limiter::window_s};
    const auto next = limit.judge(now);
    EXPECT_TRUE(next.write);
    EXPECT_EQ(next.left_out, 1000 - log_limiter::lines_per_window);
    EXPECT_EQ(limit.judge(now).left_out, 0) << "said once";
    now += std::chrono::seconds{log_limiter::window_s};
    EXPECT_EQ(limit.judge(now).left_out, 0);
}

TEST(EventLog, DoesNotLetAStormOfOneLevelHideAnother) {
    testing::internal::CaptureStderr();
    for (int i = 0; i < 1000; ++i) telemetry::log(telemetry::level::info, "small");
    telemetry::log(telemetry::level::error, "great");
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_THAT(text, testing::HasSubstr("error great"));
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 2 * telemetry::log_limiter::lines_per_window + 3);
}
