// How much a model shall think, in every dialect's way.
#include "dialect/hub/efforts.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dialect/hub/reading.hpp"
#include "dialect/hub/writing.hpp"

namespace {

using namespace weir::dialect::hub;
namespace json = weir::dialect::json;
using effort = thinking::effort;
using reasoning = capabilities::reasoning;

capabilities model(reasoning how, std::initializer_list<effort> has = {}) {
    capabilities out;
    out.thinks = how;
    for (const auto e : has) out.efforts = static_cast<std::uint8_t>(out.efforts | (1U << static_cast<unsigned>(e)));
    return out;
}

struct written {
    std::string body, said;
};

/// What a chat client's effort becomes.
written of(std::string_view how, const capabilities& can, decltype(&write_messages) write, std::string_view more = {}) {
    const std::string body = R"({"messages":[{"role":"user","content":"a"}],"max_tokens":5000)" + std::string{more} +
                             (how.empty() ? std::string{} : R"(,"reasoning_effort":")" + std::string{how} + "\"") + "}";
    json::index where;
    EXPECT_EQ(where.build(body), json::fault::none);
    conversation c;
    notes told;
    EXPECT_TRUE(read_chat(json::cursor{where}, c, told));
    written out;
    write(c, {.model = "m", .can = can}, out.body, told);
    out.said = told.dropped() + "|" + told.changed();
    return out;
}

bool has(const written& w, std::string_view what) { return w.body.find(what) != std::string::npos; }

}  // namespace

TEST(HubEffort, TakesTheNextOneAboveElseTheHighest) {
    const auto few = model(reasoning::effort, {effort::low, effort::high});
    EXPECT_EQ(nearest(effort::minimal, few), effort::low);
    EXPECT_EQ(nearest(effort::medium, few), effort::high);
    EXPECT_EQ(nearest(effort::max, few), effort::high);
    EXPECT_EQ(nearest(effort::unsaid, few), effort::unsaid);
    for (const auto e : {effort::none, effort::minimal, effort::low, effort::medium, effort::high})
        EXPECT_EQ(effort_of(budget_of(e)), e) << word_of(e);
}

TEST(HubEffort, BecomesABudgetBelowTheOutputCap) {
    EXPECT_TRUE(has(of("low", model(reasoning::budget), write_messages), R"("thinking":{"type":"enabled","budget_tokens":2048})"));
    const auto high = of("high", model(reasoning::budget), write_messages);
    EXPECT_TRUE(has(high, R"("budget_tokens":3976})")) << high.body;
    EXPECT_EQ(high.said, "|reasoning_effort");
    EXPECT_FALSE(has(of("none", model(reasoning::budget), write_messages), "thinking"));
    EXPECT_FALSE(has(of("", model(reasoning::budget), write_messages), "thinking"));
}

TEST(HubEffort, SwitchesAdaptiveThinkingOnAndOff) {
    const auto can = model(reasoning::adaptive);
    EXPECT_TRUE(
        has(of("medium", can, write_messages), R"("output_config":{"effort":"medium"},"thinking":{"type":"adaptive","display":"summarized"})"));
    EXPECT_TRUE(has(of("none", can, write_messages), R"("thinking":{"type":"disabled"})"));
    EXPECT_FALSE(has(of("none", can, write_messages), "effort"));
    const auto always = of("none", model(reasoning::always), write_messages);
    EXPECT_TRUE(has(always, R"("output_config":{"effort":"low"})"));
    EXPECT_EQ(always.said, "|reasoning_effort");
    const auto both = of("low", can, write_messages, R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}})");
    EXPECT_TRUE(has(both, R"("output_config":{"effort":"low","format":{"type":"json_schema","schema":{}}})")) << both.body;
}

TEST(HubEffort, IsDroppedWhereAModelDoesNotThink) {
    for (const auto write : {write_messages, write_chat, write_responses, write_gemini}) {
        const std::string added = write == write_responses ? "store" : "";
        EXPECT_EQ(of("high", model(reasoning::none), write).said, "reasoning_effort|" + added);
        EXPECT_EQ(of("none", model(reasoning::none), write).said, "|" + added);
    }
}

TEST(HubEffort, BecomesALevelOrABudgetAtGemini) {
    EXPECT_TRUE(
        has(of("medium", model(reasoning::level, {effort::low, effort::high}), write_gemini), R"("thinkingConfig":{"thinkingLevel":"HIGH"})"));
    EXPECT_TRUE(has(of("none", model(reasoning::level, {effort::low, effort::high}), write_gemini), R"("thinkingLevel":"LOW")"));
    EXPECT_TRUE(has(of("low", model(reasoning::budget), write_gemini), R"("thinkingConfig":{"thinkingBudget":2048})"));
    EXPECT_TRUE(has(of("none", model(reasoning::budget), write_gemini), R"("thinkingBudget":0)"));
}

TEST(HubEffort, StaysAWordAtOpenAi) {
    const auto can = model(reasoning::effort, {effort::none, effort::low, effort::medium, effort::high});
    EXPECT_TRUE(has(of("max", can, write_chat), R"("reasoning_effort":"high")"));
    EXPECT_TRUE(has(of("low", can, write_responses), R"("reasoning":{"effort":"low"})"));
}
