// Where events end, for all three line ends and every slicing.
#include "http/sse_scanner.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using weir::http::sse_scanner;

// Events of a stream that arrives in pieces of `step` bytes, as a reader with one growing window sees them.
std::vector<std::string> events_of(std::string_view bytes, std::size_t step) {
    std::vector<std::string> events;
    sse_scanner scanner;
    std::size_t begin = 0;
    for (std::size_t end = 0; end < bytes.size();) {
        end = std::min(bytes.size(), end + step);
        while (const auto n = scanner.find(bytes.substr(begin, end - begin))) {
            events.emplace_back(bytes.substr(begin, n));
            begin += n;
        }
    }
    return events;
}

void expect_events(std::string_view bytes, const std::vector<std::string>& expected) {
    for (std::size_t step = 1; step <= bytes.size(); ++step) EXPECT_EQ(events_of(bytes, step), expected) << "in pieces of " << step;
}

}  // namespace

TEST(SseScanner, FindsEventsWithLineFeeds) {
    expect_events("data: a\n\nevent: x\ndata: b\n\ndata: not yet\n", {"data: a\n\n", "event: x\ndata: b\n\n"});
}

TEST(SseScanner, FindsEventsWithCarriageReturnsAndLineFeeds) {
    expect_events("data: a\r\n\r\nevent: x\r\ndata: b\r\n\r\ndata: not yet\r\n", {"data: a\r\n\r\n", "event: x\r\ndata: b\r\n\r\n"});
}

TEST(SseScanner, FindsEventsWithCarriageReturns) {
    expect_events("data: a\r\revent: x\rdata: b\r\rdata: not yet", {"data: a\r\r", "event: x\rdata: b\r\r"});
}

TEST(SseScanner, FindsEventsWithMixedLineEnds) {
    expect_events("data: a\n\r\ndata: b\r\n\ndata: c\r\n\rdata: d\r\r\ndata: e\n\rx",
                  {"data: a\n\r\n", "data: b\r\n\n", "data: c\r\n\r", "data: d\r\r\n", "data: e\n\r"});
}

TEST(SseScanner, WaitsAfterACarriageReturnThatMayBeHalfALineEnd) {
    sse_scanner scanner;
    EXPECT_EQ(scanner.find("data: a\r\n\r"), 0u);
    EXPECT_EQ(scanner.find("data: a\r\n\r\n"), 11u);
}

TEST(SseScanner, SeesEmptyEventsAndComments) { expect_events("\n\n: ping\n\ndata\n\n", {"\n", "\n", ": ping\n\n", "data\n\n"}); }

TEST(SseScanner, StartsAfreshAfterReset) {
    sse_scanner scanner;
    EXPECT_EQ(scanner.find("data: something long"), 0u);
    scanner.reset();
    EXPECT_EQ(scanner.find("a\n\n"), 3u);
}

// A window of short lines that end with CR must not be searched to its end for an LF once per line: a few megabytes
// would take minutes.
TEST(SseScanner, IsLinearInLinesOfAnyKind) {
    for (const std::string line : {"x\r", "x\n", "x\r\n"}) {
        std::string window;
        while (window.size() < 4u << 20) window += line;
        sse_scanner scanner;
        const auto began = std::chrono::steady_clock::now();
        EXPECT_EQ(scanner.find(window), 0u);
        EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{5});
    }
}
