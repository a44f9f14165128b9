// A lazy coroutine task: it starts when awaited, and resumes whoever awaits it when it ends.
//
// Traps of g++ 12.2 (measured; tests/tidy.lua refuses them): never write `co_await f({.a = …})`,
// `T{co_await x, …}` or `b ? co_await x : y`; name the argument or the result first.
#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace perilune {

template <class T>
class [[nodiscard]] Awaitable {
public:
    struct promise_type {
        std::optional<T> value;
        std::exception_ptr thrown;
        std::coroutine_handle<> awaiting;

        Awaitable get_return_object() {
            return Awaitable(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        struct Final {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(
                std::coroutine_handle<promise_type> ended) noexcept {
                const auto next = ended.promise().awaiting;
                return next ? next : std::noop_coroutine();
            }
            void await_resume() noexcept {}
        };
        Final final_suspend() noexcept { return {}; }
        void return_value(T returned) { value.emplace(std::move(returned)); }
        void unhandled_exception() { thrown = std::current_exception(); }
    };

    explicit Awaitable(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
    Awaitable(Awaitable&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    Awaitable& operator=(Awaitable&&) = delete;
    ~Awaitable() {
        if (frame_) frame_.destroy();
    }

    bool await_ready() const { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) {
        frame_.promise().awaiting = awaiting;
        return frame_;
    }
    T await_resume() {
        if (frame_.promise().thrown) std::rethrow_exception(frame_.promise().thrown);
        return std::move(*frame_.promise().value);
    }

private:
    std::coroutine_handle<promise_type> frame_;
};

// A leaf: suspends the caller, hands `start` a function that resumes it with a value. The function
// must be called exactly once, on the loop's thread, and not before `start` has returned
// (post it to the loop).
template <class T>
class Leaf {
public:
    using Resume = std::function<void(T)>;
    explicit Leaf(std::function<void(Resume)> start) : start_(std::move(start)) {}

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) {
        auto start = std::move(start_);
        start([this, awaiting](T value) {
            value_.emplace(std::move(value));
            awaiting.resume();
        });
    }
    T await_resume() { return std::move(*value_); }

private:
    std::function<void(Resume)> start_;
    std::optional<T> value_;
};

namespace detail {
struct Detached {
    struct promise_type {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

template <class T, class Then>
Detached run_detached(Awaitable<T> task, Then then) {
    T ended = co_await task;
    then(std::move(ended));
}
}  // namespace detail

// Starts a task now and calls `then` with its value when it ends. An exception that leaves the
// task is a bug and terminates the host.
template <class T, class Then>
void start_task(Awaitable<T> task, Then then) {
    detail::run_detached(std::move(task), std::move(then));
}

}  // namespace perilune
