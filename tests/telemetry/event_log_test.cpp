// Operational messages: one line each, filtered by level.
#include "telemetry/event_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
