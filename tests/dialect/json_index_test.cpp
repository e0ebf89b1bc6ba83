#include "dialect/json/json_index.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

using namespace weir::dialect;
using json::fault;

namespace {

// The text in memory of exactly its size, so that a read beyond it is seen by the address sanitizer.
fault check(std::string_view text) {
    const std::vector<char> exact(text.begin(), text.end());
    json::index where;
    if (const fault why = where.build({exact.data(), exact.size()}); why != fault::none) return why;
    json::cursor at{where};
    if (!at.skip()) return at.why();
    return at.at_end() ? fault::none : fault::trailing;
}

std::int64_t integer(std::string text) {
    json::index where;
    EXPECT_EQ(where.build(text), fault::none) << text;
    json::cursor at{where};
    std::int64_t out = -77;
    EXPECT_TRUE(at.integer(out)) << text;
    return out;
}

}  // namespace

TEST(JsonIndex, AcceptsWhatTheGrammarAllows) {
    for (const std::string_view text :
         {"{}", "[]", " { } ", "{\"a\":1}", "[1,2,[3,{\"b\":null}]]", "\"text\"", "true", "-0.5e+10", "0", "[\"\",\"\\\"\"]",
          "{\"a\" : {\"b\" : [ ] } , \"c\" : false }\r\n\t", "[1 ,2 ]", "[\"a\" ,\"b\" ]", "{\"\":\"\"}"}) {
        EXPECT_EQ(check(text), fault::none) << text;
    }
}

TEST(JsonIndex, RefusesWhatTheGrammarForbids) {
    for (const std::string_view text : {"{",
                                        "}",
                                        "[",
                                        "{]",
                                        "[}",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{\"a\":1,}",
                                        "[1,]",
                                        "[,1]",
                                        "{,}",
                                        "{\"a\":1 \"b\":2}",
                                        "[1 2]",
                                        "{\"a\":tru}",
                                        "{\"a\":tru,\"b\":1}",
                                        "[truee]",
                                        "[nul]",
                                        "[01]",
                                        "[1.]",
                                        "[.5]",
                                        "[1e]",
                                        "[-]",
                                        "[+1]",
                                        "[1\"a\"]",
                                        "[\"a\"1]",
                                        "[\"a\"\"b\"]",
                                        "[\"a\"x]",
                                        "{a:1}",
                                        "{1:2}",
                                        "{\"a\"::1}",
                                        "{\"a\":1}}",
                                        "[1]]",
                                        "NaN",
                                        "[Infinity]",
                                        "['a']",
                                        "{\"a\":1}x",
                                        "[1]/*c*/",
                                        "[\\n]",
                                        "[1\\]",
                                        "[\x01]",
                                        "[1\x0C,2]",
                                        "{\"a\"\x1A 1}"}) {
        EXPECT_NE(check(text), fault::none) << text;
    }
}

TEST(JsonIndex, NamesTheFault) {
    EXPECT_EQ(check(""), fault::empty);
    EXPECT_EQ(check("  \n "), fault::empty);
    EXPECT_EQ(check("\xEF\xBB\xBF{}"), fault::byte_order_mark);
    EXPECT_EQ(check("[\"\xFF\"]"), fault::not_utf8);
    EXPECT_EQ(check("[\"\x01\"]"), fault::control_character);
    EXPECT_EQ(check("[\"abc"), fault::unclosed_string);
    EXPECT_EQ(check("{} {}"), fault::trailing);
    EXPECT_EQ(check("[1"), fault::syntax);
}

TEST(JsonIndex, BoundsTheNestingWithoutRecursion) {
    const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
    EXPECT_EQ(check(nested(json::max_depth)), fault::none);
    EXPECT_EQ(check(nested(json::max_depth + 1)), fault::too_deep);
    EXPECT_EQ(check(nested(300'000)), fault::too_deep);
    EXPECT_EQ(check(std::string(300'000, '[')), fault::too_deep);
}

TEST(JsonIndex, RefusesEveryTruncation) {
    const std::string whole = R"({"model":"gpt-4o","messages":[{"role":"user","content":"a\"b\\"},1.5e3,true,null],"n":-1})";
    ASSERT_EQ(check(whole), fault::none);
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(check(whole.substr(0, size)), fault::none) << size;
}

TEST(JsonIndex, GivesMemoryBackAndGoesOnAfterAGiant) {
    json::index where;
    const std::string giant = "[\"" + std::string(std::size_t{9} << 20, 'x') + "\"]";
    ASSERT_EQ(where.build(giant), fault::none);
    ASSERT_EQ(where.build("{\"a\":1}"), fault::none);
    json::cursor at{where};
    EXPECT_TRUE(at.skip());
    ASSERT_EQ(where.build(giant), fault::none);
}

TEST(JsonIndex, UnescapesKeysAndStrings) {
    json::index where;
    const std::string text = R"({"m\u006fdel":"\ud83d\ude00\n\u00e9\"","plain":"x"})";
    ASSERT_EQ(where.build(text), fault::none);
    json::cursor at{where};
    std::string keys, value;
    ASSERT_TRUE(at.members([&](std::string_view key, json::cursor& member) {
        keys += std::string{key} + ";";
        json::raw_string raw;
        if (key == "model" && member.string(raw)) {
            EXPECT_TRUE(json::unescape(raw.text, value));
        }
    }));
    EXPECT_EQ(keys, "model;plain;");
    EXPECT_EQ(value, "\xF0\x9F\x98\x80\n\xC3\xA9\"");
}

TEST(JsonIndex, SaysWhenAnEscapeMeansNoCharacter) {
    for (const std::string_view raw : {"\\ud800", "\\ud800x", "\\udc00", "\\ud800\\n", "\\ud800\\ud800", "\\u12", "\\u12g4", "\\q", "\\"}) {
        std::string out;
        EXPECT_FALSE(json::unescape(raw, out)) << raw;
        EXPECT_NE(out.find("\xEF\xBF\xBD"), std::string::npos) << raw;
    }
}

TEST(JsonIndex, ChecksEscapesOfAWholeText) {
    EXPECT_TRUE(json::check_escapes(R"(["\n\t\\\"\/\b\f\r\u00Ff"])"));
    EXPECT_TRUE(json::check_escapes(""));
    EXPECT_FALSE(json::check_escapes(R"(["\q"])"));
    EXPECT_FALSE(json::check_escapes(R"(["\u12g4"])"));
    EXPECT_FALSE(json::check_escapes("\\"));
    EXPECT_FALSE(json::check_escapes("\\u00"));
}

TEST(JsonIndex, HoldsNumbersWithinTheirType) {
    EXPECT_EQ(integer("42"), 42);
    EXPECT_EQ(integer("-7"), -7);
    EXPECT_EQ(integer("12.9"), 12);
    EXPECT_EQ(integer("1e3"), 1000);
    EXPECT_EQ(integer("1e400"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(integer("-1e400"), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(integer("1e-400"), 0);
    EXPECT_EQ(integer("99999999999999999999"), std::numeric_limits<std::int64_t>::max());
}

TEST(JsonIndex, StaysFailedAfterAFault) {
    json::index where;
    ASSERT_EQ(where.build("{\"a\":tru,\"b\":1}"), fault::none);
    json::cursor at{where};
    int seen = 0;
    EXPECT_FALSE(at.members([&](std::string_view, json::cursor&) { ++seen; }));
    EXPECT_EQ(seen, 1);
    EXPECT_EQ(at.why(), fault::syntax);
    EXPECT_FALSE(at.skip());
    EXPECT_EQ(at.peek(), '\0');
}
