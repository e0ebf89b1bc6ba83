// Members that a conf drops and sets: at the byte, and in whatever body comes out as JSON with exactly the wanted members.
#include "dialect/body_rules.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace weir;
using core::body_rules;
using strings = std::vector<std::string>;

body_rules rules(std::vector<body_rules::path> drop, std::vector<body_rules::setting> set = {}) { return {std::move(drop), std::move(set)}; }

std::string changed(const std::string& body, const std::vector<body_rules>& by, strings* told = nullptr) {
    dialect::member_rules all;
    for (const auto& each : by) all.add(each);
    dialect::json::index where;
    EXPECT_EQ(where.build(body), dialect::json::fault::none) << body;
    std::vector<dialect::rule_change> changes;
    const auto edits = all.edits_for(where, &changes);
    if (told != nullptr)
        for (const auto& each : changes) told->push_back(each.json.empty() ? each.path + " dropped" : each.path + ": " + each.json);
    std::size_t from = 0;
    for (const auto& one : edits) {
        EXPECT_GE(one.at.begin, from) << "edits ascend and do not overlap: " << body;
        EXPECT_GE(one.at.end, one.at.begin) << body;
        from = one.at.end;
    }
    return dialect::edited(body, edits);
}

// A model of what is wanted, on values instead of bytes. Of members that stand twice this library keeps the last.
void set_in(boost::json::object& in, const body_rules::path& path, const boost::json::value& what, std::size_t n = 0) {
    if (n + 1 == path.size()) {
        in[path[n]] = what;
        return;
    }
    auto& next = in[path[n]];
    if (!next.is_object()) next = boost::json::object{};
    set_in(next.as_object(), path, what, n + 1);
}

void drop_in(boost::json::object& in, const body_rules::path& path, std::size_t n = 0) {
    if (n + 1 == path.size()) {
        in.erase(path[n]);
    } else if (auto* next = in.if_contains(path[n]); next && next->is_object()) {
        drop_in(next->as_object(), path, n + 1);
    }
}

struct random_json {
    std::mt19937 random;
    bool repeats = false;  ///< a name may stand twice in an object
    std::size_t below(std::size_t n) { return random() % n; }
    std::string space() { return below(4) == 0 ? strings{" ", "\n", "\t ", "\r\n"}[below(4)] : ""; }
    std::string name() { return strings{"a", "b", "c", "d", "e"}[below(5)]; }
    std::string written(const std::string& text) {
        return below(6) == 0 ? "\"\\u00" + std::string{"0123456789abcdef"[text[0] / 16]} + "0123456789abcdef"[text[0] % 16] + "\"" : '"' + text + '"';
    }
    std::string value(int depth) {
        switch (below(depth > 0 ? 9 : 6)) {
            case 0: return "1.50e0";
            case 1: return "\"x,}\\\"{\"";
            case 2: return "null";
            case 3: return "[]";
            case 4: return "{}";
            case 5: return "[{\"a\":1,\"b\":[2]}, \"]\" ]";
            default: return object(depth - 1);
        }
    }
    std::string object(int depth) {
        std::string out = "{" + space();
        strings used;
        for (std::size_t left = below(6); left > 0; --left) {
            const auto key = name();
            if (!repeats && std::find(used.begin(), used.end(), key) != used.end()) continue;
            if (!used.empty()) out += "," + space();
            used.push_back(key);
            out += written(key) + space() + ":" + space() + value(depth) + space();
        }
        return out + "}";
    }
    body_rules::path path() {
        body_rules::path out;
        for (std::size_t left = 1 + below(3); left > 0; --left) out.push_back(name());
        return out;
    }
};

}  // namespace

TEST(BodyRules, DropAMemberWithItsComma) {
    EXPECT_EQ(changed(R"({"a":1,"b":2,"c":3})", {rules({{"a"}})}), R"({"b":2,"c":3})");
    EXPECT_EQ(changed(R"({"a":1, "b":2 , "c":3})", {rules({{"b"}})}), R"({"a":1, "c":3})");
    EXPECT_EQ(changed(R"({"a":1,"b":2 , "c":3 })", {rules({{"c"}})}), R"({"a":1,"b":2 })");
    EXPECT_EQ(changed(R"({ "a" : 1 })", {rules({{"a"}})}), R"({  })");
    EXPECT_EQ(changed(R"({"a":1,"b":2,"c":3,"d":4})", {rules({{"b"}, {"c"}})}), R"({"a":1,"d":4})");
    EXPECT_EQ(changed(R"({"a":1,"b":2})", {rules({{"a"}, {"b"}})}), "{}");
    EXPECT_EQ(changed(R"({"a":1,"x":{"y":[1],"z":2}})", {rules({{"x", "y"}})}), R"({"a":1,"x":{"z":2}})");
    EXPECT_EQ(changed(R"({"a":1,"\u0062":2})", {rules({{"b"}})}), R"({"a":1})");
    EXPECT_EQ(changed(R"({"b":1,"a":2,"b":3})", {rules({{"b"}})}), R"({"a":2})") << "each of them";
    EXPECT_EQ(changed(R"({"a":[{"b":1}],"x":"b"})", {rules({{"b"}, {"x", "y"}, {"a", "b"}})}), R"({"a":[{"b":1}],"x":"b"})");
}

TEST(BodyRules, SetAMemberWhereItStandsOrAsTheFirst) {
    const auto top = rules({}, {{{"top_p"}, "0.5"}});
    EXPECT_EQ(changed(R"({"a":1, "top_p" : 1 , "b":2})", {top}), R"({"a":1, "top_p" : 0.5 , "b":2})");
    EXPECT_EQ(changed(R"({"a":1})", {top}), R"({"top_p":0.5,"a":1})");
    EXPECT_EQ(changed("{}", {top}), R"({"top_p":0.5})");
    EXPECT_EQ(changed(R"({"top_p":0,"a":1,"top_p":1})", {top}), R"({"top_p":0.5,"a":1})") << "once";
    const auto deep = rules({}, {{{"reasoning", "effort"}, R"("low")"}, {{"reasoning", "summary"}, "null"}});
    EXPECT_EQ(changed(R"({"a":1})", {deep}), R"({"reasoning":{"effort":"low","summary":null},"a":1})");
    EXPECT_EQ(changed(R"({"reasoning":{}})", {deep}), R"({"reasoning":{"effort":"low","summary":null}})");
    EXPECT_EQ(changed(R"({"reasoning":{"x":1,"effort":"high"}})", {deep}), R"({"reasoning":{"summary":null,"x":1,"effort":"low"}})");
    EXPECT_EQ(changed(R"({"reasoning":null,"a":1})", {deep}), R"({"reasoning":{"effort":"low","summary":null},"a":1})");
}

TEST(BodyRules, SetAndDropInOneObject) {
    const auto both = rules({{"a"}, {"o", "x"}}, {{{"b"}, "2"}, {{"o", "y"}, "3"}});
    EXPECT_EQ(changed(R"({"a":1})", {both}), R"({"o":{"y":3},"b":2})");
    EXPECT_EQ(changed(R"({"a":1,"c":1})", {both}), R"({"o":{"y":3},"b":2,"c":1})");
    EXPECT_EQ(changed(R"({"o":{"x":1},"a":1})", {both}), R"({"b":2,"o":{"y":3}})");
}

TEST(BodyRules, OfAnUpstreamChangeWhatThoseOfTheRouteLeft) {
    const auto route = rules({{"a"}, {"d"}}, {{{"o"}, R"({"x":1,"y":2})"}, {{"b"}, "1"}});
    const auto upstream = rules({{"o", "x"}, {"b"}}, {{{"d", "e"}, "5"}, {{"o", "z"}, "3"}});
    EXPECT_EQ(changed(R"({"a":0,"b":0,"d":0,"m":0})", {route, upstream}), R"({"o":{"z":3,"y":2},"d":{"e":5},"m":0})")
        << "what it drops is what the client said, too";
    EXPECT_EQ(changed(R"({"a":0})", {rules({{"a", "b"}}), rules({}, {{{"a"}, "7"}})}), R"({"a":7})");
}

TEST(BodyRules, TellWhatTheyChangeAndNothingElse) {
    strings told;
    (void)changed(R"({"a":1,"a":2,"c":3,"n":5,"o":{"p":1}})", {rules({{"a"}, {"b"}, {"o", "p"}}, {{{"c"}, "3"}, {{"n"}, "6"}, {{"x", "y"}, "[]"}})},
                  &told);
    std::sort(told.begin(), told.end());
    EXPECT_EQ(told, (strings{"a dropped", "n: 6", "o.p dropped", "x: {\"y\":[]}"}));
}

TEST(BodyRules, LeaveEveryOtherByte) {
    const std::string body =
        "{ \"temperature\":1.50e0 ,\n\t\"messages\" : [ {\"role\":\"user\",\"content\":\"\\u00e9\"} ],\"seed\":12345678901234567890 }\n";
    EXPECT_EQ(changed(body, {rules({{"x"}, {"messages", "role"}}, {{{"seed"}, "12345678901234567890"}})}), body);
}

// Many bodies, many rules of two, one after the other: the text is JSON, and says what a simple model of it says.
TEST(BodyRules, MakeOfAnyBodyExactlyWhatIsWanted) {
    random_json make{std::mt19937{4711}};
    for (int round = 0; round < 20000; ++round) {
        make.repeats = round % 4 == 3;
        const auto body = make.object(3);
        std::vector<body_rules> by(1 + make.below(2));
        auto wanted = boost::json::parse(body).as_object();
        std::string shown = body;
        for (auto& each : by) {
            each.set.clear();
            const auto speaks_of = [&](const body_rules::path& path) {
                const auto near = [&](const body_rules::path& other) {
                    return std::equal(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(std::min(path.size(), other.size())), other.begin());
                };
                return std::any_of(each.drop.begin(), each.drop.end(), near) ||
                       std::any_of(each.set.begin(), each.set.end(), [&](const auto& s) { return near(s.at); });
            };
            for (std::size_t n = make.below(5); n > 0; --n) {
                const auto path = make.path();
                // What one sets and the next drops is not made at all, and neither is what would hold it.
                const auto undone = [&](const auto& s) { return path.size() <= s.at.size() && std::equal(path.begin(), path.end(), s.at.begin()); };
                const auto& before = by.front().set;
                if (speaks_of(path) || (&each != &by.front() && path.size() > 1 && std::any_of(before.begin(), before.end(), undone))) continue;
                for (const auto& name : path) shown += "  ." + name;
                if (make.below(2) == 0) {
                    each.drop.push_back(path);
                    shown += " dropped";
                } else {
                    each.set.push_back({path, make.value(1)});
                    shown += " = " + each.set.back().json;
                }
            }
            for (const auto& path : each.drop) drop_in(wanted, path);
            for (const auto& one : each.set) set_in(wanted, one.at, boost::json::parse(one.json));
        }
        const auto got = changed(body, by);
        boost::system::error_code broken;
        const auto read = boost::json::parse(got, broken);
        ASSERT_FALSE(broken) << shown << "\n" << got;
        ASSERT_EQ(read, boost::json::value(wanted)) << shown << "\n" << got;
        ASSERT_EQ(changed(got, by), got) << "a second time nothing is left to do: " << shown;
    }
}
