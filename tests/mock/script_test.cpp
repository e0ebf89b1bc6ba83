// The textual form of scripts.
#include "mock/script.hpp"

#include <gtest/gtest.h>

namespace mock = weir::mock;

namespace {

mock::script read(std::string_view text) {
    std::string fault;
    const auto got = mock::read_script(text, fault);
    EXPECT_TRUE(got) << fault;
    return got.value_or(mock::script{});
}

}  // namespace

TEST(Script, ReadsStatusHeadersAndBody) {
    const auto how = read("status=429,header.retry-after=2, header.x-a=b=c,body=%7B%22a%22%3A1%2C2%7D");
    EXPECT_EQ(how.status, 429);
    ASSERT_EQ(how.headers.size(), 2u);
    EXPECT_EQ(how.headers[0], (std::pair<std::string, std::string>{"retry-after", "2"}));
    EXPECT_EQ(how.headers[1].second, "b=c");
    EXPECT_EQ(how.body, "{\"a\":1,2}");
}

TEST(Script, ReadsEveryPlaceOfACut) {
    EXPECT_EQ(read("cut=head:7").cut->at, mock::cut::place::head);
    EXPECT_EQ(read("cut=body:100").cut->after, 100u);
    EXPECT_EQ(read("cut=event:3+12").cut->after, 3u);
    EXPECT_EQ(read("cut=event:3+12").cut->plus, 12u);
    EXPECT_EQ(read("cut=terminator,ending=reset").cut->at, mock::cut::place::terminator);
    EXPECT_EQ(read("cut=terminator,ending=reset").ending, mock::ending::reset);
}

TEST(Script, TakesABareKeyAsOn) {
    EXPECT_TRUE(read("early").early);
    EXPECT_FALSE(read("keep_alive=off").keep_alive);
}

TEST(Script, NamesWhatItDoesNotUnderstand) {
    for (const char* text : {"statsu=200", "status=abc", "status=20x", "cut=event", "cut=event:", "cut=nowhere:1", "ending=maybe",
                             "keep_alive=perhaps", "before_head=-1", "header.=x"}) {
        std::string fault;
        EXPECT_FALSE(mock::read_script(text, fault)) << text;
        EXPECT_NE(fault.find(text), std::string::npos) << fault;
    }
}
