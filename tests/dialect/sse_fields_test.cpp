#include "dialect/read/sse_fields.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace weir::dialect;

namespace {

struct owned {
    std::string name, data;
    bool has_data;
};

owned read(std::string_view event) {
    std::string joined;
    const sse_fields f = read_fields(event, joined);
    return {std::string{f.name}, std::string{f.data}, f.has_data};
}

}  // namespace

TEST(SseFields, ReadsNameAndDataUnderEveryLineEnd) {
    for (const char* event : {"event: a\ndata: {}\n\n", "event: a\r\ndata: {}\r\n\r\n", "event: a\rdata: {}\r\r", "event:a\ndata:{}\n\n",
                              "data: {}\nevent: a\n\n", ": comment\nevent: a\nid: 7\nretry: 1\ndata: {}\n\n", "event: a\ndata: {}"}) {
        const owned f = read(event);
        EXPECT_EQ(f.name, "a") << event;
        EXPECT_EQ(f.data, "{}") << event;
        EXPECT_TRUE(f.has_data);
    }
}

TEST(SseFields, TakesOneSpaceAndNoMore) { EXPECT_EQ(read("data:  x \n\n").data, " x "); }

TEST(SseFields, JoinsSeveralDataLines) {
    EXPECT_EQ(read("data: {\ndata: \"a\":1\ndata\ndata: }\n\n").data, "{\n\"a\":1\n\n}");
    EXPECT_EQ(read("data: a\r\ndata: b\r\n\r\n").data, "a\nb");
}

TEST(SseFields, KnowsAnEventWithoutData) {
    EXPECT_FALSE(read(": keepalive\n\n").has_data);
    EXPECT_FALSE(read("event: ping\n\n").has_data);
    EXPECT_FALSE(read("\n\n").has_data);
    EXPECT_FALSE(read("").has_data);
    EXPECT_TRUE(read("data\n\n").has_data);
    EXPECT_FALSE(read("datax: 1\n\n").has_data);
}

TEST(SseFields, StepsOverAByteOrderMark) {
    EXPECT_EQ(read("\xEF\xBB\xBF"
                   "data: x\n\n")
                  .data,
              "x");
}
