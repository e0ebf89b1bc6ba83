// traceparent read and written.
#include "core/trace_context.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace weir::core;

namespace {

constexpr std::string_view good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string written(const trace_context& of) {
    std::string s(traceparent_size + 2, '#');
    write_traceparent(s.data(), of);
    EXPECT_EQ(s.substr(traceparent_size), "##");
    return s.substr(0, traceparent_size);
}

}  // namespace

TEST(TraceContext, ReadsAValidTraceAndWritesItBack) {
    const auto found = parse_traceparent(good);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->trace.high, 0x4bf92f3577b34da6u);
    EXPECT_EQ(found->trace.low, 0xa3ce929d0e0e4736u);
    EXPECT_EQ(found->span, 0x00f067aa0ba902b7u);
    EXPECT_TRUE(found->sampled());
    EXPECT_EQ(written(*found), good);
    EXPECT_FALSE(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")->sampled());
}

TEST(TraceContext, RefusesWhatIsMalformed) {
    for (const std::string bad :
         {"", "00", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
          "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01", "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01"})
        EXPECT_FALSE(parse_traceparent(bad)) << bad;
    for (std::size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(parse_traceparent(std::string(good.substr(0, n)))) << n;
}

// Section 3.2.4: of a version that is not known, what version 00 has is read; its unknown flags are not passed on.
TEST(TraceContext, ReadsALaterVersionAsFarAsItUnderstands) {
    for (const std::string later :
         {"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-what-comes"}) {
        const auto found = parse_traceparent(later);
        ASSERT_TRUE(found) << later;
        EXPECT_EQ(written(*found), good);
    }
}

TEST(TraceContext, NeverMakesAnAllZeroTrace) {
    EXPECT_FALSE(new_trace(0, 0).trace.empty());
    EXPECT_FALSE(new_trace(0, 0).sampled());
    EXPECT_EQ(written({{1, 2}, 3, 0}), "00-00000000000000010000000000000002-0000000000000003-00");
}
