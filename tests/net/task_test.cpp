// The coroutine type: values, exceptions, nesting, and frames that are used again.
#include "net/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <stdexcept>
#include <string>

namespace {

using weir::net::detached;
using weir::net::task;

task<int> number(int n) {
    const int mine = n;
    co_return mine;
}

task<int> sum_down_from(int n) {
    int total = n;
    if (n > 0) {
        auto rest = sum_down_from(n - 1);
        const int below = co_await std::move(rest);
        total += below;
    }
    co_return total;
}

task<std::string> thrower(int depth) {
    std::string text = "not reached";
    if (depth == 0) throw std::runtime_error("from below");
    auto below = thrower(depth - 1);
    text = co_await std::move(below);
    co_return text;
}

task<std::unique_ptr<int>> only_movable() {
    auto made = std::make_unique<int>(7);
    co_return made;
}

task<void> note(std::string& log, std::string what) {
    const std::string mine = std::move(what);
    log += mine;
    co_return;
}

// Starts a task and keeps its value.
template <class T>
detached keep(task<T> t, T& out) {
    auto mine = std::move(t);
    out = co_await std::move(mine);
}

detached keep_error(task<std::string> t, std::string& out) {
    auto mine = std::move(t);
    try {
        out = co_await std::move(mine);
    } catch (const std::exception& e) {
        out = e.what();
    }
}

detached three_notes(std::string& log) {
    const std::string names[] = {"a", "b", "c"};
    for (const auto& name : names) {
        auto t = note(log, name);
        co_await std::move(t);
    }
}

// A place where coroutines can be left sleeping.
struct bell {
    std::coroutine_handle<> sleeper;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) noexcept { sleeper = h; }
    void await_resume() const noexcept {}
};

task<int> after(bell& b) {
    const int n = 5;
    co_await b;
    co_return n;
}

}  // namespace

TEST(Task, DoesNothingUntilItIsAwaited) {
    std::string log;
    {
        auto t = note(log, "ran");
        EXPECT_EQ(log, "");
    }
    EXPECT_EQ(log, "");
}

TEST(Task, HandsItsValueToTheCaller) {
    int n = 0;
    keep(number(42), n);
    EXPECT_EQ(n, 42);
    std::unique_ptr<int> p;
    keep(only_movable(), p);
    ASSERT_TRUE(p);
    EXPECT_EQ(*p, 7);
}

TEST(Task, NestsAndReturnsWithoutGrowingTheStack) {
    int total = 0;
    keep(sum_down_from(200), total);
    EXPECT_EQ(total, 200 * 201 / 2);
}

TEST(Task, CarriesAnExceptionThroughEveryLevel) {
    std::string what;
    keep_error(thrower(5), what);
    EXPECT_EQ(what, "from below");
}

TEST(Task, RunsOneAfterAnother) {
    std::string log;
    three_notes(log);
    EXPECT_EQ(log, "abc");
}

TEST(Task, GoesOnWhereItSlept) {
    bell b;
    int n = 0;
    keep(after(b), n);
    EXPECT_EQ(n, 0);
    ASSERT_TRUE(b.sleeper);
    b.sleeper.resume();
    EXPECT_EQ(n, 5);
}

TEST(Task, UsesFramesAgain) {
    void* const first = weir::net::allocate_frame(300);
    weir::net::release_frame(first, 300);
    // Sizes of one class share frames.
    void* const second = weir::net::allocate_frame(303);
    EXPECT_EQ(second, first);
    void* const other = weir::net::allocate_frame(303);
    EXPECT_NE(other, first);
    weir::net::release_frame(second, 303);
    weir::net::release_frame(other, 303);
}

TEST(Task, TakesFramesOfAnySize) {
    for (const std::size_t size : {1u, 127u, 128u, 129u, 3968u, 4096u, 4097u, 100'000u}) {
        auto* p = static_cast<char*>(weir::net::allocate_frame(size));
        p[0] = p[size - 1] = 'x';
        weir::net::release_frame(p, size);
    }
    // More frames than are kept.
    std::set<void*> frames;
    for (int i = 0; i < 300; ++i) EXPECT_TRUE(frames.insert(weir::net::allocate_frame(200)).second);
    for (auto* p : frames) weir::net::release_frame(p, 200);
}
