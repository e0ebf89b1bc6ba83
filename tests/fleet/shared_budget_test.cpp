// What is asked for a shared budget, when, and what follows from the answer: no store, no waiting.
#include "fleet/shared_budget.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir;
using namespace std::chrono_literals;
using policy::on_store_failure;

constexpr usage::nanousd limit = 10'000;
constexpr usage::nanousd slice = 100;

struct one_budget {
    one_budget() { budget.set(window, limit, slice); }

    fleet::shared_budget::look look() { return budget.look_at(at); }
    void spend(usage::nanousd amount) {
        auto in = at;
        window.add(in, amount);
    }
    /// Asks and gets all of it, where the others have claimed so much.
    void ask(core::time_point now, usage::nanousd others = 0, bool forgotten = false) {
        const auto seen = look();
        const auto claim = budget.claim_of(seen, budget.wanted(seen), false);
        budget.learn(seen, {.claims = {claim.wanted, others}, .forgotten = forgotten}, now);
    }
    usage::nanousd reachable() const { return window.reachable(at, limit); }

    policy::budget_window window{std::chrono::seconds{0}};  // one that never ends
    std::int64_t at = window.calendar().window_at(core::wall_clock::now());
    fleet::shared_budget budget{"b"};
    core::time_point noon{};
};

TEST(SharedBudget, ClaimsWhatIsUsedAndSoMuchAhead) {
    one_budget b;
    EXPECT_EQ(b.budget.wanted(b.look()), slice);
    b.spend(1'000);
    EXPECT_EQ(b.budget.wanted(b.look()), 1'000 + 2 * 1'000) << "twice what was used since it last asked";
    b.ask(b.noon);
    EXPECT_EQ(b.budget.wanted(b.look()), 1'000 + slice) << "nothing was used since";
    const auto claim = b.budget.claim_of(b.look(), b.budget.wanted(b.look()), false);
    EXPECT_EQ(claim.used, 1'000);
    EXPECT_EQ(claim.wanted, 1'100);
    EXPECT_EQ(claim.limit, limit);
    EXPECT_EQ(claim.forget_at, core::wall_time::max()) << "a window that never ends";
}

TEST(SharedBudget, ForgetsAWindowADayAfterItsEnd) {
    policy::budget_window day{24h};
    fleet::shared_budget budget{"b"};
    budget.set(day, limit, slice);
    const auto at = day.calendar().window_at(core::wall_clock::now());
    EXPECT_EQ(budget.claim_of(budget.look_at(at), 0, false).forget_at, day.calendar().ends(at) + 24h);
}

TEST(SharedBudget, LeasesWhatRequestsWaitFor) {
    one_budget b;
    b.ask(b.noon);
    const policy::lease_demand::wish larger{b.window.demand(), 700};
    EXPECT_TRUE(b.budget.due(b.look(), b.noon)) << "at once";
    EXPECT_EQ(b.budget.wanted(b.look()), slice + 700);
}

TEST(SharedBudget, IsAskedAboutMoreOftenTheMoreItIsUsed) {
    one_budget b;
    EXPECT_TRUE(b.budget.due(b.look(), b.noon)) << "the first time";
    b.ask(b.noon);
    EXPECT_FALSE(b.budget.due(b.look(), b.noon + 999ms));
    EXPECT_TRUE(b.budget.due(b.look(), b.noon + 1s)) << "used of late";
    b.spend(slice / 4 - 1);
    EXPECT_FALSE(b.budget.due(b.look(), b.noon + 249ms));
    EXPECT_TRUE(b.budget.due(b.look(), b.noon + 250ms)) << "in use";
    b.spend(1);
    EXPECT_TRUE(b.budget.due(b.look(), b.noon)) << "a quarter of a slice";
    b.ask(b.noon);
    b.ask(b.noon + 30s);
    EXPECT_FALSE(b.budget.due(b.look(), b.noon + 30s + 4999ms));
    EXPECT_TRUE(b.budget.due(b.look(), b.noon + 30s + 5s)) << "idle";
}

TEST(SharedBudget, LendsWhatTheOthersLeft) {
    one_budget b;
    b.ask(b.noon, 4'000);
    EXPECT_EQ(b.reachable(), 6'000);
    EXPECT_TRUE(b.window.demand().may_grow());
}

TEST(SharedBudget, BelievesTheOthersOldClaimsForAWhileAfterTheStoreLostThem) {
    one_budget b;
    b.ask(b.noon, 4'000);
    b.ask(b.noon + 1s, 0, true);
    EXPECT_EQ(b.reachable(), 6'000);
    b.ask(b.noon + 2s, 5'000);
    EXPECT_EQ(b.reachable(), 5'000) << "they may have claimed more since";
    b.ask(b.noon + 10s, 0);
    EXPECT_EQ(b.reachable(), 6'000);
    b.ask(b.noon + 11s, 0);
    EXPECT_EQ(b.reachable(), limit) << "by now all would have said it again";
}

TEST(SharedBudget, AnswersForThePastWhereItIsAlone) {
    one_budget b;
    b.window.agree_with(b.at, 3'000, 0);
    b.spend(50);
    auto seen = b.look();
    EXPECT_EQ(seen.elsewhere, 3'000);
    EXPECT_EQ(b.budget.claim_of(seen, seen.used, true).past, 0);
    EXPECT_FALSE(b.budget.claim_of(seen, seen.used, true).alone) << "it does not answer for what it found";
    b.budget.answer_for_past(seen);
    auto claim = b.budget.claim_of(seen, seen.used, true);
    EXPECT_EQ(claim.past, 3'000);
    EXPECT_TRUE(claim.alone);
    EXPECT_EQ(claim.used, 50) << "what was spent elsewhere is no claim of its own";
    EXPECT_FALSE(b.budget.claim_of(seen, seen.used, false).alone);
    (void)b.look();
    EXPECT_EQ(b.budget.claim_of(seen, seen.used, false).past, 3'000) << "also when another process comes";
}

TEST(SharedBudget, GoesOnWithAShareOfWhatWasLeft) {
    one_budget b;
    b.ask(b.noon, 4'000);
    b.budget.go_alone(b.at, 2, on_store_failure::local);
    EXPECT_FALSE(b.window.demand().may_grow()) << "nobody can be asked";
    auto in = b.at;
    EXPECT_TRUE(b.window.try_add(in, 100 + (6'000 - 100 - 2 * slice) / 2, limit)) << "a slice each may be leased since it last asked";
    EXPECT_FALSE(b.window.try_add(in, 1, limit));
}

TEST(SharedBudget, IsAskedAboutAnewWhenItsWindowIsAnotherOne) {
    one_budget b;
    b.ask(b.noon);
    b.budget.set(b.window, limit / 2, slice);
    EXPECT_FALSE(b.budget.due(b.look(), b.noon));
    EXPECT_EQ(b.budget.claim_of(b.look(), 0, false).limit, limit / 2);
    policy::budget_window other{std::chrono::seconds{0}};
    b.budget.set(other, limit, slice);
    EXPECT_TRUE(b.budget.due(b.look(), b.noon));
}

}  // namespace
