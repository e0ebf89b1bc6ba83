// What a key allows by itself.
#include "policy/keys/key.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir::policy;
using namespace std::chrono_literals;

TEST(Key, AllowsEverythingThatItDoesNotRestrict) {
    const key k{key_settings{}};
    EXPECT_TRUE(k.allows_model("anything"));
    EXPECT_TRUE(k.allows_model(""));
    EXPECT_TRUE(k.allows_address("unix"));
    EXPECT_FALSE(k.expired(weir::core::wall_time::max()));
    EXPECT_EQ(k.requests({}).limit, 0);
    EXPECT_EQ(k.tokens({}).limit, 0);
}

TEST(Key, AllowsNoModelOnlyWithAStar) {
    key_settings s;
    s.models = {"gpt-*"};
    EXPECT_FALSE(key{s}.allows_model(""));
    s.models.push_back("*");
    EXPECT_TRUE(key{s}.allows_model(""));
}

// Every kind of key against every kind of thing that an endpoint may be to it.
TEST(Key, OpensTheEndpointsThatItsLimitsCanBeHeldAtAndThoseThatItNames) {
    using weir::core::access;
    const auto with = [](auto change) {
        key_settings s;
        change(s);
        return key{std::move(s)};
    };
    const key free = with([](auto&) {});
    const key by_model = with([](auto& s) { s.models = {"*"}; });
    const key by_budget = with([](auto& s) { s.budgets = {{100, 24h, "1d"}}; });
    const key by_cap = with([](auto& s) { s.max_output_tokens = 10; });
    const key by_name = with([](auto& s) { s.endpoints = {"chat", "files"}; });
    const key capped_by_name = with([](auto& s) { s.endpoints = {"realtime"}, s.max_output_tokens = 10; });
    const key by_rate = with([](auto& s) { s.requests_per_minute = 10, s.unpriced = unpriced::refuse, s.labels = {{"a", "b"}}; });
    struct row {
        std::string_view word;
        access wanted;
        bool free, by_model, by_budget, by_cap, by_name, capped_by_name, by_rate;
    };
    for (const row& r : {row{"chat", access::read, true, true, true, true, true, false, true},
                         {"responses", access::read, true, true, true, true, false, false, true},
                         {"realtime", access::read, true, true, true, false, false, true, true},
                         {"files", access::unread, true, false, false, false, true, false, true},
                         {"files", access::account, true, false, false, false, false, false, true},
                         {"other", access::unread, true, false, false, false, false, false, true},
                         {"count_tokens", access::free, true, true, true, true, true, true, true},
                         {"models", access::free, true, true, true, true, true, true, true},
                         {"models", access::unread, true, false, false, false, false, false, true}}) {
        SCOPED_TRACE(std::string{r.word} + " " + std::to_string(static_cast<int>(r.wanted)));
        EXPECT_EQ(free.allows_endpoint(r.word, r.wanted), r.free);
        EXPECT_EQ(by_model.allows_endpoint(r.word, r.wanted), r.by_model);
        EXPECT_EQ(by_budget.allows_endpoint(r.word, r.wanted), r.by_budget);
        EXPECT_EQ(by_cap.allows_endpoint(r.word, r.wanted), r.by_cap);
        EXPECT_EQ(by_name.allows_endpoint(r.word, r.wanted), r.by_name);
        EXPECT_EQ(capped_by_name.allows_endpoint(r.word, r.wanted), r.capped_by_name);
        EXPECT_EQ(by_rate.allows_endpoint(r.word, r.wanted), r.by_rate);
    }
    EXPECT_FALSE(free.restricted());
    EXPECT_FALSE(by_rate.restricted());
    for (const key* k : {&by_model, &by_budget, &by_cap, &by_name, &capped_by_name}) EXPECT_TRUE(k->restricted());
    EXPECT_TRUE(by_name.names_endpoint("files"));
    EXPECT_FALSE(by_name.names_endpoint("file"));
    EXPECT_FALSE(by_model.names_endpoint("chat"));
}

TEST(Key, RefusesModelsWithoutAPriceWhereTheyWouldCountInNoBudget) {
    key_settings s;
    EXPECT_FALSE(key{s}.refuses_unpriced());
    s.unpriced = unpriced::refuse;
    EXPECT_TRUE(key{s}.refuses_unpriced());
    s.unpriced.reset();
    s.budgets = {{100, 24h, "1d"}};
    EXPECT_TRUE(key{s}.refuses_unpriced());
    s.unpriced = unpriced::serve;
    EXPECT_FALSE(key{s}.refuses_unpriced());
}

TEST(Key, KeepsTwoBudgetsOfOneLengthApartOverAReload) {
    key_settings s;
    s.budgets = {{100, 24h, "1d"}, {200, 24h, "1d"}};
    const key before{s};
    key after{s};
    after.carry_over(before);
    EXPECT_EQ(after.left(0, {}), 100);
    EXPECT_EQ(after.left(1, {}), 200);
}

}  // namespace
