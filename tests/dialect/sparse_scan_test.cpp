// The scan of large texts must mean what simdjson's first stage means: small texts go through the one, the same texts with enough
// white space behind them through the other.
#include "dialect/json/sparse_scan.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

using namespace weir::dialect;
using json::fault;

namespace {

struct reading {
    bool accepted = false;
    bool escapes_legal = false;
    std::vector<std::uint32_t> tokens;
};

reading read(const std::string& text) {
    reading out;
    json::index where;
    if (where.build(text) != fault::none) return out;
    json::cursor at{where};
    out.accepted = at.skip() && at.at_end();
    if (!out.accepted) return out;
    out.escapes_legal = where.escapes_are_legal();
    for (std::uint32_t i = 0; i < where.size(); ++i) out.tokens.push_back(where[i]);
    return out;
}

void expect_same(const std::string& text) {
    ASSERT_LT(text.size(), json::sparse_from);
    const reading small = read(text);
    const reading large = read(text + std::string(json::sparse_from, ' '));
    ASSERT_EQ(small.accepted, large.accepted) << text;
    ASSERT_EQ(small.tokens, large.tokens) << text;
    ASSERT_EQ(small.escapes_legal, large.escapes_legal) << text;
    // Registers of any width find the same.
    const std::string padded = text + std::string(200, ' ');
    std::vector<std::uint32_t> narrow, wide;
    const auto by_16 = json::scan_sparse(padded, narrow, false);
    const auto by_32 = json::scan_sparse(padded, wide, json::has_wide_registers());
    ASSERT_EQ(by_16.why, by_32.why) << text;
    ASSERT_EQ(by_16.escapes_legal, by_32.escapes_legal) << text;
    ASSERT_EQ(narrow, wide) << text;
}

class generator {
public:
    explicit generator(unsigned seed) : random_(seed) {}

    std::string value(int depth = 0) {
        switch (pick(depth > 4 ? 4 : 6)) {
            case 0: return string();
            case 1: return one_of({"0", "-1.5e+7", "12345678901234567890", "1E-2"});
            case 2: return one_of({"true", "false", "null"});
            case 3: return string();
            case 4: {
                std::string out = "[" + space();
                for (int i = pick(4); i > 0; --i) out += value(depth + 1) + space() + (i > 1 ? "," + space() : "");
                return out + "]";
            }
            default: {
                std::string out = "{" + space();
                for (int i = pick(4); i > 0; --i) out += string() + space() + ":" + space() + value(depth + 1) + (i > 1 ? "," + space() : "");
                return out + space() + "}";
            }
        }
    }
    std::string mutated(std::string text) {
        for (int i = 1 + pick(3); i > 0 && !text.empty(); --i) {
            const auto at = static_cast<std::size_t>(pick(static_cast<int>(text.size())));
            switch (pick(3)) {
                case 0: text[at] = one_of({"\"", "\\", "{", "}", ",", ":", " ", "\x01", "\xff", "x", "u"})[0]; break;
                case 1: text.erase(at, 1 + static_cast<std::size_t>(pick(3))); break;
                default: text.insert(at, one_of({"\"", "\\", "[", "]", "tru", "\n", "\xc3", "\\u12", "\\ud800"})); break;
            }
        }
        return text;
    }

private:
    int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
    std::string one_of(std::vector<std::string> of) { return of[random_() % of.size()]; }
    std::string space() { return one_of({"", "", "", " ", "\n\t", "\r\n"}); }
    std::string string() {
        std::string out = "\"";
        for (int i = pick(pick(8) == 0 ? 90 : 12); i > 0; --i)
            out += pick(6) == 0 ? one_of({"\\n", "\\\"", "\\\\", "\\u00e9", "\\ud83d\\ude00", "\xc3\xa9", "\xf0\x9f\x98\x80", "\x7f", "{", ":"})
                                : std::string(1, static_cast<char>('a' + pick(26)));
        return out + "\"";
    }
    std::mt19937 random_;
};

}  // namespace

TEST(SparseScan, FindsTheTokensThatSimdjsonFinds) {
    generator make{7};
    for (int i = 0; i < 4000; ++i) {
        const std::string text = make.value();
        if (text.size() < json::sparse_from) expect_same(text);
    }
}

TEST(SparseScan, AcceptsNothingThatSimdjsonRefusesAndRefusesNothingThatItAccepts) {
    generator make{8};
    for (int i = 0; i < 20000; ++i) {
        const std::string text = make.mutated(make.value());
        if (text.size() < json::sparse_from) expect_same(text);
    }
}

TEST(SparseScan, SeesWhatMattersAtEveryPlaceOfAString) {
    for (const std::string_view what : {"\\n", "\\\"", "\\\\", "\\x", "\\u00e9", "\\u00e", "\x1f", "\x7f", "\"", "\xff", "\xc3\xa9", "\xe2\x82\xac"})
        for (std::size_t before = 0; before < 150; ++before)
            expect_same("{\"k\":\"" + std::string(before, 'a') + std::string{what} + std::string(before % 7, 'b') + "\",\"m\":1}");
}

TEST(SparseScan, GivesUpWhereTokensAreDense) {
    std::string numbers = "[";
    while (numbers.size() < 100'000) numbers += "1,";
    numbers += "1]";
    std::vector<std::uint32_t> offsets;
    EXPECT_TRUE(json::scan_sparse(numbers, offsets).dense);
    json::index where;
    EXPECT_EQ(where.build(numbers), fault::none);
    EXPECT_GT(where.size(), 100'000u);
    EXPECT_FALSE(json::scan_sparse("{\"a\":\"" + std::string(100'000, 'x') + "\"}", offsets).dense);
}

TEST(SparseScan, NamesTheFault) {
    const auto fault_of = [](std::string text) {
        std::vector<std::uint32_t> offsets;
        return json::scan_sparse(text, offsets).why;
    };
    EXPECT_EQ(fault_of("{\"a\":\"" + std::string(5000, 'x')), fault::unclosed_string);
    EXPECT_EQ(fault_of("{\"a\":\"" + std::string(5000, 'x') + "\\"), fault::unclosed_string);
    EXPECT_EQ(fault_of("{\"a\":\"" + std::string(5000, 'x') + "\n\"}"), fault::control_character);
    EXPECT_EQ(fault_of("{\"a\":\"" + std::string(5000, 'x') + "\xff\"}"), fault::not_utf8);
    EXPECT_EQ(fault_of(std::string(5000, ' ')), fault::empty);
}
