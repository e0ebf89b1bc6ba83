// What `weir top` shows on a small screen, and how texts are cut for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "cli/terminal_text.hpp"
#include "cli/top_picture.hpp"

namespace {

using namespace weir::cli;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string upstream(const std::string& name, const std::string& state, int in_flight) {
    return R"({"name":")" + name + R"(","weight":1,"standing":"is )" + state + R"(","state":")" + state + R"(","in_flight":)" +
           std::to_string(in_flight) + R"(,"latency_ms":120.5,"last_failure":)" +
           (state == "open" ? "null" : R"({"ago_ms":12000,"reason":"status 500"})") + "}";
}

std::string pool(const std::string& name, const std::vector<std::string>& upstreams) {
    std::string out = R"({"name":")" + name + R"(","queue":{"waiting":0},"upstreams":[)";
    for (std::size_t i = 0; i < upstreams.size(); ++i) out.append(i == 0 ? "" : ",").append(upstreams[i]);
    return out + "]}";
}

std::string request(const std::string& id, const std::string& model, int age, int tokens, const std::string& cost) {
    return R"({"request_id":")" + id + R"(","key":"team","model":")" + model + R"(","upstream":"up","age_ms":)" + std::to_string(age) +
           R"(,"output_tokens":)" + std::to_string(tokens) + R"(,"cost_usd":")" + cost + R"("})";
}

std::string live(const std::vector<std::string>& pools, const std::vector<std::string>& requests) {
    const auto joined = [](const std::vector<std::string>& of) {
        std::string out;
        for (const auto& each : of) out.append(out.empty() ? "" : ",").append(each);
        return out;
    };
    return R"({"requests_per_second":1.5,"first_token_ms":{"p50":100,"p95":200,"p99":null},"open":[)" + joined(requests) +
           R"(],"errors":[{"time":"2026-01-01T00:00:00Z","status":502,"code":"upstream_error","model":"m","request_id":"r-1"}],)"
           R"("spend_today":[{"key":"a","model":"m","cost_usd":"1.25"},{"key":"b","model":"m","cost_usd":"0.5"}],)"
           R"("status":{"version":"9.9.9","draining":false,"pools":[)" +
           joined(pools) + "]}}";
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

/// Fourteen pools of two upstreams; one rests, one is busy.
std::string busy() {
    std::vector<std::string> pools, requests;
    for (int i = 0; i < 14; ++i) {
        const auto number = std::to_string(i);
        pools.push_back(pool("模型池-バックエンド-production-" + number + (i % 2 == 0 ? "-eu" : "-us"),
                             {upstream("first-" + number, "open", i == 9 ? 7 : 0), upstream("second-" + number, i == 12 ? "ejected" : "open", 0)}));
    }
    for (int i = 0; i < 50; ++i)
        requests.push_back(request("id-" + std::to_string(i), "a-model-with-a-very-long-name-2026-11-30", i, 50 - i, "0.01"));
    return live(pools, requests);
}

}  // namespace

TEST(Top, FitsAScreenOfEightyTimesTwentyFour) {
    const auto lines = lines_of(top_picture(busy(), {.rows = 24, .columns = 80, .keys = true}));
    EXPECT_EQ(lines.size(), 24u);
    for (const auto& line : lines) EXPECT_LE(columns_of(line), 80u) << line;
    std::string all;
    for (const auto& line : lines) all += line + "\n";
    for (int i = 0; i < 14; ++i) EXPECT_THAT(all, HasSubstr("-" + std::to_string(i) + (i % 2 == 0 ? "-eu" : "-us") + " ")) << "a line for each pool";
    EXPECT_THAT(lines.at(4), HasSubstr("-12-eu")) << "what is broken comes first";
    EXPECT_THAT(lines.at(4), HasSubstr("1/2"));
    EXPECT_THAT(lines.at(4), HasSubstr("second"));
    EXPECT_THAT(lines.at(5), HasSubstr("-9-us")) << "then what is busy";
    EXPECT_THAT(lines.at(0), AllOf(HasSubstr("1.5 requests/s"), HasSubstr("today 1.7500 USD")));
    EXPECT_THAT(lines.at(1), HasSubstr("502 upstream_error"));
    EXPECT_THAT(lines.back(), StartsWith("q quit"));
    EXPECT_THAT(all, HasSubstr("2026-11-30")) << "the end of a long name";
}

TEST(Top, FitsScreensOfAnySize) {
    const auto what = busy();
    for (std::size_t rows = 1; rows < 60; rows += 3)
        for (std::size_t columns = 20; columns < 240; columns += 11) {
            const auto lines = lines_of(top_picture(what, {.rows = rows, .columns = columns}));
            EXPECT_LE(lines.size(), rows) << rows << " x " << columns;
            for (const auto& line : lines) EXPECT_LE(columns_of(line), columns) << line;
        }
}

TEST(Top, ShowsAllWithoutAScreen) {
    const auto all = top_picture(busy(), {});
    for (int i = 0; i < 14; ++i) EXPECT_THAT(all, HasSubstr("second-" + std::to_string(i) + " "));
    for (int i = 0; i < 50; ++i) EXPECT_THAT(all, HasSubstr("id-" + std::to_string(i)));
    EXPECT_THAT(all, HasSubstr("a-model-with-a-very-long-name-2026-11-30"));
    EXPECT_THAT(all, HasSubstr("12.0s ago: status 500"));
}

TEST(Top, SortsOpenRequests) {
    const auto what = live({}, {request("old", "m", 900, 1, "0.1"), request("long", "m", 5, 900, "0.2"), request("dear", "m", 6, 3, "9.5")});
    const auto first = [&](top_order by) {
        const auto all = lines_of(top_picture(what, {.order = by}));
        for (std::size_t i = 0; i + 1 < all.size(); ++i)
            if (all[i].starts_with("KEY")) return all[i + 1];
        return std::string{};
    };
    EXPECT_THAT(first(top_order::age), HasSubstr("old"));
    EXPECT_THAT(first(top_order::tokens), HasSubstr("long"));
    EXPECT_THAT(first(top_order::cost), HasSubstr("dear"));
}

TEST(Top, KnowsWhatIsNoLiveView) {
    for (const std::string text : {"", "{", "[]", R"({"status":{}})", "<html>"}) EXPECT_EQ(top_picture(text, {}), "") << text;
    EXPECT_THAT(top_picture(live({pool("p", {})}, {}), {.rows = 24, .columns = 80}), HasSubstr("0/0"));
}

TEST(TerminalText, CutsOutTheMiddleAndCountsColumns) {
    EXPECT_EQ(columns_of("模型-バ"), 7u);
    EXPECT_EQ(columns_of("e\xCC\x81"), 1u) << "a combining accent";
    EXPECT_EQ(in_columns("openai-production-eu", 12), "opena…ion-eu");
    EXPECT_EQ(in_columns("模型池-バックエンド", 9), "模型…ンド");
    EXPECT_EQ(in_columns("ab", 4), "ab  ");
    EXPECT_EQ(in_columns("ab", 4, true), "  ab");
    EXPECT_EQ(in_columns("a\x1b[31m\n", 20), "a?[31m?             ");
    EXPECT_EQ(in_columns("\xFF\xFE", 2), "??");
    EXPECT_EQ(in_columns("long", 0), "");
    for (std::size_t width = 0; width < 12; ++width) EXPECT_EQ(columns_of(in_columns("模型池-バックエンド", width)), width);
}
