// What a function that can fail returns: the value, or an error that says what to do with it.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "interpreter/base/value.h"

namespace perilune {

// Whether doing it again is right. `unknown`: it may have happened (a timeout after sending).
enum class Retry { safe, unknown, never };

std::string_view to_text(Retry retry);
Retry retry_from(std::string_view text);

// One failure. The message says what was tried, on what, what came back and what to do next.
struct Error {
    std::string code;     // A short snake_case word a script can compare: "check_failed".
    std::string message;  // One or more full sentences.
    Retry retry = Retry::never;
    Value detail = {};    // Plain data for a script (an HTTP answer, a list of Checks); or nil.

    Value to_value() const;
    static Error from_value(const Value& value);
};

template <class T>
class Result {
public:
    Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return held_.index() == 0; }
    explicit operator bool() const { return ok(); }
    T& value() { return std::get<0>(held_); }
    const T& value() const { return std::get<0>(held_); }
    T& operator*() { return value(); }
    const T& operator*() const { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    const Error& error() const { return std::get<1>(held_); }

private:
    std::variant<T, Error> held_;
};

struct Done {};
using Status = Result<Done>;  // For functions that only succeed or fail.

// Shorthands: fail("not_found", "…") is an error that trying again cannot mend.
Error fail(std::string_view code, std::string message, Retry retry = Retry::never);

}  // namespace perilune
