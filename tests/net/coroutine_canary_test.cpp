// The six patterns that a compiler has been seen to translate wrongly, written the way this project writes them. When
// one of these fails, the compiler of this build must not be used. The rules: awaiting is a statement of its own, only
// named objects go into a coroutine, a local is declared first, parameters have constructors.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "net/task.hpp"

namespace {

using weir::net::detached;
using weir::net::task;

task<bool> yes(bool value) {
    const bool mine = value;
    co_return mine;
}

// 1: a condition on an awaited value, as the first thing that happens.
task<int> condition() {
    const bool ok = co_await yes(true);
    if (ok) co_return 1;
    co_return 3;
}

// 2: two awaited values in one condition.
task<int> both_conditions() {
    const bool first = co_await yes(true);
    if (!first) co_return 1;
    const bool second = co_await yes(false);
    if (first && second) co_return 2;
    co_return 3;
}

// 3: an endless loop that ends on an awaited value.
task<int> loop() {
    int turns = 0;
    for (;;) {
        ++turns;
        const bool last = co_await yes(turns == 5);
        if (last) co_return turns;
    }
}

// 4: an argument that owns memory. Aggregates were destroyed twice, so it has a constructor and a name.
struct order {
    order(std::string w, int c) : what(std::move(w)), count(c) {}
    std::string what;
    int count;
};
task<std::string> serve(order o) {
    const order mine = std::move(o);
    co_return mine.what + " x" + std::to_string(mine.count);
}
task<std::string> aggregate_argument() {
    order wanted{"a text that is too long to be kept inside the string object", 3};
    auto serving = serve(std::move(wanted));
    const auto served = co_await std::move(serving);
    co_return served;
}

// 5: what a lambda would have captured, as arguments of a function.
task<std::string> join(std::string a, std::string b) {
    const std::string both = a + b;
    co_return both;
}
task<std::string> captured_values() {
    std::string a(40, 'a'), b(40, 'b');
    auto joining = join(std::move(a), std::move(b));
    const auto joined = co_await std::move(joining);
    co_return joined;
}

// 6: a list of values.
task<int> total(std::vector<int> values) {
    int sum = 0;
    for (const int v : values) sum += v;
    co_return sum;
}
task<int> list_argument() {
    std::vector<int> values{1, 2, 3};
    auto adding = total(std::move(values));
    const int sum = co_await std::move(adding);
    co_return sum;
}

template <class T>
detached keep(task<T> t, T& out, int& ended) {
    auto mine = std::move(t);
    out = co_await std::move(mine);
    ++ended;
}

template <class T>
T result_of(task<T> t) {
    T out{};
    int ended = 0;
    keep(std::move(t), out, ended);
    EXPECT_EQ(ended, 1);
    return out;
}

}  // namespace

TEST(CoroutineCanary, BranchesOnAnAwaitedValue) { EXPECT_EQ(result_of(condition()), 1); }
TEST(CoroutineCanary, BranchesOnTwoAwaitedValues) { EXPECT_EQ(result_of(both_conditions()), 3); }
TEST(CoroutineCanary, LeavesALoopOnAnAwaitedValue) { EXPECT_EQ(result_of(loop()), 5); }
TEST(CoroutineCanary, DestroysAnArgumentOnce) {
    EXPECT_EQ(result_of(aggregate_argument()), "a text that is too long to be kept inside the string object x3");
}
TEST(CoroutineCanary, KeepsValuesThatWouldHaveBeenCaptured) { EXPECT_EQ(result_of(captured_values()), std::string(40, 'a') + std::string(40, 'b')); }
TEST(CoroutineCanary, TakesAListOfValues) { EXPECT_EQ(result_of(list_argument()), 6); }
