// Functions of a provider's Lua file, as a family builds its operations on them.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "interpreter/base/driver.h"

namespace perilune {

struct Remote {
    // Calls the function `name` with an argument; it may only read.
    std::function<Awaitable<Result<Value>>(Call& call, std::string name, Value argument)> read;
    // Calls one that changes the provider's state; `value` of the outcome is what it returned.
    std::function<Awaitable<Outcome>(Call& call, std::string name, Value argument)> change;
    // Whether the file has such a function.
    std::function<bool(std::string_view name)> has;
    // Whether the file says that the provider has such a feature.
    std::function<bool(std::string_view name)> offers;
    // The same functions on another loop, with a client and secrets of its own: for what is asked
    // where the host's loop may not be waited for. `services` outlives what is made.
    std::function<Remote(Services& services)> elsewhere;
};

// What a family makes of a provider's functions, so that every provider keeps the same rules.
struct FamilyRules {
    std::string_view family;
    std::span<const std::string_view> functions;   // The provider's file must have.
    std::span<const std::string_view> operations;  // Made from them.
    std::span<const std::string_view> features;    // The file may say that the provider has.
    void (*add)(Driver& driver, const Remote& remote, const Settings& settings, Services& services);
};

}  // namespace perilune
