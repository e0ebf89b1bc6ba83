// The coroutine type of net/ and app/: lazily started, resumed on its worker's thread only, frames from a per-thread free list.
// It has no executor: what suspends it (net/reactor.hpp) resumes it.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace weir::net {

/// Memory for coroutine frames, reused per thread. A frame must be freed on the thread that made it.
void* allocate_frame(std::size_t size);
void release_frame(void* frame, std::size_t size) noexcept;

namespace detail {

struct promise_base {
    std::coroutine_handle<> continuation;
    std::exception_ptr failure;

    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* p, std::size_t size) noexcept { release_frame(p, size); }

    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        template <class P>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) const noexcept {
            const auto next = self.promise().continuation;
            return next ? next : std::noop_coroutine();
        }
        void await_resume() const noexcept {}
    };
    std::suspend_always initial_suspend() const noexcept { return {}; }
    final_awaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { failure = std::current_exception(); }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] task {
public:
    struct promise_type : detail::promise_base {
        std::optional<T> value;
        task get_return_object() { return task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
        void return_value(T v) { value.emplace(std::move(v)); }
    };
    task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    task(const task&) = delete;
    task& operator=(task&&) = delete;
    ~task() {
        if (handle_) handle_.destroy();
    }
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        handle_.promise().continuation = caller;
        return handle_;
    }
    T await_resume() {
        auto& p = handle_.promise();
        if (p.failure) std::rethrow_exception(p.failure);
        return std::move(*p.value);
    }

private:
    explicit task(std::coroutine_handle<promise_type> h) : handle_(h) {}
    std::coroutine_handle<promise_type> handle_;
};

template <>
class [[nodiscard]] task<void> {
public:
    struct promise_type : detail::promise_base {
        task get_return_object() { return task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
        void return_void() noexcept {}
    };
    task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    task(const task&) = delete;
    task& operator=(task&&) = delete;
    ~task() {
        if (handle_) handle_.destroy();
    }
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        handle_.promise().continuation = caller;
        return handle_;
    }
    void await_resume() {
        if (handle_.promise().failure) std::rethrow_exception(handle_.promise().failure);
    }

private:
    explicit task(std::coroutine_handle<promise_type> h) : handle_(h) {}
    std::coroutine_handle<promise_type> handle_;
};

/// A coroutine that owns itself: started at once, destroyed when it ends. It must catch its own exceptions.
struct detached {
    struct promise_type {
        static void* operator new(std::size_t size) { return allocate_frame(size); }
        static void operator delete(void* p, std::size_t size) noexcept { release_frame(p, size); }
        detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};

}  // namespace weir::net
