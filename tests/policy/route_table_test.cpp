// From model names to routes and labels.
#include "policy/route_table.hpp"

#include <gtest/gtest.h>

#include "core/glob.hpp"
#include "policy/unnamed_route.hpp"

namespace {

weir::policy::made_names made;  // by routes with patterns in `rename`

using namespace weir::policy;
using names = std::vector<std::string>;

const names pools = {"openai", "azure", "deepseek"};

std::vector<route_settings> contract_routes() {
    return {{{"gpt-4o", "gpt-5*"}, "openai", {{"gpt-4o", "gpt-4o-2024-11-20"}}, {{"azure", "", false}, {"deepseek", "deepseek-chat", true}}},
            {{"*"}, "openai", {}, {}}};
}

TEST(RouteTable, TriesThePoolFirstAndThenTheFallbacksInOrder) {
    const route_table table{contract_routes(), pools};
    const route* found = table.find("gpt-4o");
    ASSERT_NE(found, nullptr);
    ASSERT_EQ(found->size(), 3U);
    EXPECT_EQ(found->at(0, "gpt-4o", made).pool, 0U);
    EXPECT_EQ(found->at(0, "gpt-4o", made).model, "gpt-4o-2024-11-20");
    EXPECT_EQ(found->at(1, "gpt-4o", made).pool, 1U);
    EXPECT_EQ(found->at(1, "gpt-4o", made).model, "gpt-4o");
    EXPECT_EQ(found->at(2, "gpt-4o", made).pool, 2U);
    EXPECT_EQ(found->at(2, "gpt-4o", made).model, "deepseek-chat");
    EXPECT_FALSE(found->at(1, "gpt-4o", made).larger_context);
    EXPECT_TRUE(found->at(2, "gpt-4o", made).larger_context);
    EXPECT_EQ(found->at(0, "gpt-5-mini", made).model, "gpt-5-mini");
    EXPECT_EQ(found->pattern(), "gpt-4o");
}

TEST(RouteTable, RequestsWithoutAModelGoWhereTheirObjectIsElseToTheStarElseToWhoSpeaksTheirDialect) {
    const route_table with_star{contract_routes(), pools}, without{{{{"gpt-*"}, "azure", {}, {}}}, pools};
    const auto pool_of = [](const route* r) { return r == nullptr ? -1 : static_cast<int>(r->at(0, "", made).pool); };
    EXPECT_EQ(pool_of(route_without_model(with_star, 2, 1)), 2);
    EXPECT_EQ(pool_of(route_without_model(with_star, std::nullopt, 1)), 0) << "the star's";
    EXPECT_EQ(pool_of(route_without_model(without, 2, 1)), 2);
    EXPECT_EQ(pool_of(route_without_model(without, std::nullopt, 1)), 1);
    EXPECT_EQ(pool_of(route_without_model(without, std::nullopt, std::nullopt)), -1);
    EXPECT_EQ(with_star.only_to(2).size(), 1U) << "an object is in one place";
}

TEST(RouteTable, LetsTheFirstRouteWinWhetherByNameOrByGlob) {
    const route_table table{{{{"gpt-*"}, "azure", {}, {}}, {{"gpt-4o", "o3"}, "openai", {}, {}}, {{"o*"}, "deepseek", {}, {}}}, pools};
    EXPECT_EQ(table.find("gpt-4o")->at(0, "gpt-4o", made).pool, 1U);
    EXPECT_EQ(table.find("o3")->at(0, "o3", made).pool, 0U);
    EXPECT_EQ(table.find("o4")->at(0, "o4", made).pool, 2U);
    EXPECT_EQ(table.find("claude"), nullptr);
}

TEST(RouteTable, AgreesWithAPlainWalkThroughTheList) {
    const std::vector<route_settings> routes = {
        {{"a*c", "abd"}, "openai", {}, {}}, {{"abc", "?b?"}, "azure", {}, {}}, {{"b*", "a"}, "deepseek", {}, {}}, {{"abd", "*d"}, "openai", {}, {}}};
    const route_table table{routes, pools};
    names words = {""};
    for (std::size_t i = 0; words.size() < 400; ++i)
        for (const char c : {'a', 'b', 'c', 'd'}) words.push_back(words[i] + c);
    for (const auto& word : words) {
        std::string expected;
        for (const auto& r : routes)
            for (const auto& pattern : r.models)
                if (expected.empty() && weir::core::glob_match(pattern, word)) expected = r.models.front();
        const route* found = table.find(word);
        EXPECT_EQ(found == nullptr ? "" : std::string{found->pattern()}, expected) << word;
    }
}

TEST(RouteTable, SendsEverythingToTheOnlyPoolWhenThereAreNoRoutes) {
    const route_table table{{}, {"openai"}};
    ASSERT_NE(table.find("anything"), nullptr);
    EXPECT_EQ(table.find("anything")->at(0, "anything", made).model, "anything");
    EXPECT_NE(table.find(""), nullptr);
    const route_table two{{}, {"openai", "azure"}};
    EXPECT_EQ(two.find("anything"), nullptr);
    EXPECT_EQ(two.find(""), nullptr);
}

TEST(RouteTable, SendsRequestsWithoutAModelToTheStarOrToTheOnlyPool) {
    const route_table star{contract_routes(), pools};
    ASSERT_NE(star.find(""), nullptr);
    EXPECT_EQ(star.find("")->pattern(), "*");
    const route_table one{{{{"gpt-4o"}, "openai", {}, {}}}, {"openai"}};
    EXPECT_NE(one.find(""), nullptr);
    EXPECT_EQ(one.find("gpt-3"), nullptr);
    const route_table several{{{{"gpt-4o"}, "openai", {}, {}}}, pools};
    EXPECT_EQ(several.find(""), nullptr);
}

TEST(RouteTable, LabelsOnlyWithWhatTheOperatorWrote) {
    const route_table table{contract_routes(), pools, {"claude-sonnet-4", "claude-*"}};
    EXPECT_EQ(table.model_label("gpt-4o"), "gpt-4o");
    EXPECT_EQ(table.model_label("gpt-4o-2024-11-20"), "gpt-4o-2024-11-20");
    EXPECT_EQ(table.model_label("deepseek-chat"), "deepseek-chat");
    EXPECT_EQ(table.model_label("claude-sonnet-4"), "claude-sonnet-4");
    EXPECT_EQ(table.model_label("gpt-5-" + std::string(50, 'x')), "gpt-5*");
    EXPECT_EQ(table.model_label("whatever"), "other");
    EXPECT_EQ(table.model_label("claude-*"), "other");
    EXPECT_EQ(table.model_label(""), "other");
}

TEST(RouteTable, LabelsWithNamesThatAreNotListed) {
    const route_table table{contract_routes(), pools, {}, {"gpt-5-secret", "gpt-5-?"}};
    EXPECT_EQ(table.model_label("gpt-5-secret"), "gpt-5-secret");
    EXPECT_EQ(table.model_label("gpt-5-x"), "gpt-5*");
    const auto& listed = table.listed_models();
    EXPECT_EQ(std::find(listed.begin(), listed.end(), "gpt-5-secret"), listed.end());
}

TEST(RouteTable, ListsExactNamesOnceThatSomeRouteTakes) {
    const route_table table{
        {{{"gpt-4o", "gpt-5*"}, "openai", {{"gpt-5-fast", "gpt-5-mini"}, {"lost", "x"}}, {}}}, pools, {"gpt-5-mini", "claude", "gpt-4o"}};
    EXPECT_EQ(table.listed_models(), (names{"gpt-4o", "gpt-5-fast", "gpt-5-mini"}));
}

TEST(RouteTable, SuggestsTheNamesThatAreFewestEditsAway) {
    const route_table table{{{{"gpt-4o", "claude-sonnet-4", "gpt-4o-mini"}, "openai", {}, {}}}, pools};
    EXPECT_EQ(table.nearest("gtp-4o", 2), (names{"gpt-4o", "gpt-4o-mini"}));
    EXPECT_EQ(table.nearest("claude-sonet-4", 1), names{"claude-sonnet-4"});
    EXPECT_EQ(table.nearest(std::string(10'000'000, 'x'), 9).size(), 3U);
}

TEST(RouteTable, LeavesOutACandidateWhosePoolDoesNotExist) {
    const route_table table{{{{"a"}, "nowhere", {{"a", "b"}}, {{"azure", "", false}}}}, pools};
    ASSERT_EQ(table.find("a")->size(), 1U);
    EXPECT_EQ(table.find("a")->at(0, "a", made).pool, 1U);
}

TEST(RouteTable, EditDistanceCountsInsertionsDeletionsAndReplacements) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("sitting", "kitten"), 3U);
}

TEST(RouteTable, RenamesByPatternsAndListsExactNamesAlone) {
    const route_table table{
        {{{"anthropic/*", "fast-*"}, "openai", {{"anthropic/*", "*"}, {"fast-*", "gpt-*-mini"}, {"fast-1", "one"}}, {{"azure", "", false}}}}, pools};
    const route* found = table.find("fast-5");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->at(0, "fast-5", made).model, "gpt-5-mini");
    EXPECT_EQ(found->at(1, "fast-5", made).model, "fast-5") << "a fallback gets what was asked for";
    EXPECT_EQ(found->at(0, "fast-1", made).model, "one");
    EXPECT_EQ(found->at(0, "anthropic/claude", made).model, "claude");
    EXPECT_EQ(table.listed_models(), std::vector<std::string>{"fast-1"});
    EXPECT_EQ(table.model_label("fast-1"), "fast-1");
    EXPECT_EQ(table.model_label("one"), "one");
    EXPECT_EQ(table.model_label("fast-5"), "fast-*");
}

}  // namespace
