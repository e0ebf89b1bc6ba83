// One request's decisions as scripts, and each script broken at every step.
#include "exchange/race/plan.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <string>

namespace {

using weir::exchange::advice;
using weir::exchange::plan;
using weir::exchange::step;

bool budget_left() { return true; }
bool budget_spent() { return false; }

// A runner that does what the plan says while every attempt fails in the same way. "0 0 1 |" means: twice the first
// candidate, once the second, then the last failure is the answer.
template <class Budget>
std::string story(plan& p, advice what, int allowed_here, Budget budget) {
    std::string told;
    for (auto next = p.start(); next == step::attempt; next = p.attempt_failed(what, allowed_here, budget)) {
        p.attempt_started();
        told += std::to_string(p.candidate()) + " ";
        if (told.size() > 1000) return told + "and on";
    }
    return told + "|";
}

std::string story(std::size_t candidates, advice what, int allowed_here) {
    plan p{candidates};
    return story(p, what, allowed_here, budget_left);
}

}  // namespace

TEST(Plan, AnswersAtOnceWhenThereIsNothingToTry) { EXPECT_EQ(story(0, advice::retry, 3), "|"); }

TEST(Plan, TriesAPoolAsOftenAsItAllowsAndThenItsFallbacks) {
    EXPECT_EQ(story(1, advice::retry, 1), "0 |");
    EXPECT_EQ(story(1, advice::retry, 3), "0 0 0 |");
    EXPECT_EQ(story(3, advice::retry, 2), "0 0 1 1 2 2 |");
}

TEST(Plan, TakesTheClientsOwnFaultAsTheAnswer) { EXPECT_EQ(story(3, advice::answer, 5), "0 |"); }

TEST(Plan, PassesOverFallbacksThatAreNoLargerWhenThePromptIsTooLong) {
    plan p{4};
    p.attempt_started();
    EXPECT_EQ(p.prompt_too_long([](std::size_t i) { return i == 2; }), step::attempt);
    EXPECT_EQ(p.candidate(), 2u);
    p.attempt_started();
    EXPECT_EQ(p.prompt_too_long([](std::size_t i) { return i == 2; }), step::answer) << "none behind it is larger";
    EXPECT_EQ(p.attempt_failed(advice::retry, 1, budget_left), step::attempt) << "other failures go on in order";
    EXPECT_EQ(p.candidate(), 3u);
}

TEST(Plan, TellsTheClientThatThePromptIsTooLongWhenNoFallbackIsLarger) {
    plan p{3};
    p.attempt_started();
    EXPECT_EQ(p.prompt_too_long([](std::size_t) { return false; }), step::answer);
    EXPECT_EQ(p.candidate(), 0u);
    plan committed{3};
    committed.committed();
    EXPECT_EQ(committed.prompt_too_long([](std::size_t) { return true; }), step::answer);
}

TEST(Plan, SkipsRetriesButNotFallbacksWhenTheRetryBudgetIsSpent) {
    plan p{2};
    EXPECT_EQ(story(p, advice::retry, 3, budget_spent), "0 1 |");
    EXPECT_EQ(p.attempts(), 2);
}

TEST(Plan, AsksTheRetryBudgetOnlyWhenARetryIsStillAllowed) {
    int asked = 0;
    plan p{1};
    EXPECT_EQ(story(p, advice::retry, 3, [&] { return ++asked > 0; }), "0 0 0 |");
    EXPECT_EQ(asked, 2);  // the third failure has no attempt left to pay for
    plan q{2};
    asked = 0;
    EXPECT_EQ(story(q, advice::answer, 3, [&] { return ++asked > 0; }), "0 |");
    EXPECT_EQ(asked, 0);
}

TEST(Plan, LeavesAPoolThatCannotTakeTheRequest) {
    plan p{2};
    EXPECT_EQ(p.start(), step::attempt);
    EXPECT_EQ(p.pool_unusable(), step::attempt);
    EXPECT_EQ(p.candidate(), 1u);
    EXPECT_EQ(p.pool_unusable(), step::answer);
    EXPECT_EQ(p.attempts(), 0);
}

TEST(Plan, CountsAttemptsInAllAndInThePool) {
    plan p{2};
    p.attempt_started();
    EXPECT_EQ(p.attempt_failed(advice::retry, 2, budget_left), step::attempt);
    p.attempt_started();
    EXPECT_EQ(p.attempt_failed(advice::retry, 2, budget_left), step::attempt);
    EXPECT_EQ(p.candidate(), 1u);
    p.attempt_started();
    EXPECT_EQ(p.attempts(), 3);
}

// A healthy exchange that needs a second pool, one event per row.
void (*const healthy[])(plan&) = {
    [](plan& p) { p.attempt_started(); },
    [](plan& p) { ASSERT_EQ(p.attempt_failed(advice::retry, 1, budget_left), step::attempt); },
    [](plan& p) { p.attempt_started(); },
    [](plan& p) { p.committed(); },
};

TEST(Plan, NeverRetriesAfterTheClientHasBytesWhereverItBreaks) {
    for (std::size_t survived = 0; survived <= std::size(healthy); ++survived)
        for (const auto what : {advice::answer, advice::retry})
            for (const bool pool_lost : {false, true}) {
                plan p{4};
                for (std::size_t i = 0; i < survived; ++i) healthy[i](p);
                const auto next = pool_lost ? p.pool_unusable() : p.attempt_failed(what, 3, budget_left);
                const bool committed = survived == std::size(healthy);
                EXPECT_EQ(p.is_committed(), committed);
                if (committed)
                    EXPECT_EQ(next, step::answer) << "after " << survived << " steps";
                else if (pool_lost || what != advice::answer)
                    EXPECT_EQ(next, step::attempt) << "after " << survived << " steps";
                else
                    EXPECT_EQ(next, step::answer);
            }
}

TEST(Plan, AlwaysEndsWhateverFailsInWhateverOrder) {
    // Every sequence of ten failures of the four kinds (too long a prompt among them) over three candidates: never more attempts than were allowed.
    for (unsigned script = 0; script < 1u << 20; script += 7) {
        plan p{3};
        auto next = p.start();
        unsigned rest = script;
        int steps = 0;
        for (; next == step::attempt && steps < 10; ++steps, rest >>= 2) {
            if ((rest & 3u) == 3u) {
                next = p.pool_unusable();
                continue;
            }
            p.attempt_started();
            next = (rest & 3u) == 2u ? p.prompt_too_long([](std::size_t) { return true; })
                                     : p.attempt_failed(static_cast<advice>(rest & 3u), 2, budget_left);
        }
        ASSERT_EQ(next, step::answer) << script;
        ASSERT_LE(p.attempts(), 6);
        ASSERT_LT(p.candidate(), 3u);
    }
}
