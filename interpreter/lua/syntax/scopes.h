// Tells which local every name means, and what locals may hold, without executing anything.
#pragma once

#include <optional>
#include <vector>

#include "interpreter/lua/syntax/tree.h"

namespace perilune::syntax {

enum class LocalKind : std::uint8_t { variable, function, parameter, loop_variable };

struct Local {
    Name name;
    LocalKind kind = LocalKind::variable;
    std::uint32_t function = 0;    // The id of the function that declares it.
    std::size_t visible_from = 0;  // Offsets between which its name means it, but for shadowing.
    std::size_t visible_to = 0;
    std::uint32_t reads = 0;
    std::uint32_t assignments = 0;  // After its declaration.
    // What it is ever given, as far as that is one expression; null stands for anything else, such
    // as an argument or the second result of a call. No more than `values_max` are kept.
    std::vector<const Expression*> values;
    static constexpr std::size_t values_max = 16;
};

// A name that is no local's.
struct GlobalUse {
    const Expression* name = nullptr;
    bool assigned = false;
};

// A local that is given a value after its declaration.
struct Assignment {
    const Expression* target = nullptr;
    std::uint32_t local = 0;
    std::uint32_t function = 0;  // The id of the function that assigns.
};

struct FunctionScope {
    std::uint32_t parent = 0;  // The id of the function around it; the file's own is 0.
    std::vector<std::uint32_t> upvalues;
    static constexpr std::size_t upvalues_max = 60;  // LuaJIT's own limit; one more is kept.
};

struct Scopes {
    std::vector<Local> locals;
    std::vector<GlobalUse> globals;
    std::vector<Assignment> assignments;
    std::vector<FunctionScope> functions;  // By the function's id.
    std::vector<std::uint32_t> meaning;    // By an expression's id: 1 + the local, or 0.

    const Local* local_of(const Expression& name) const;
    bool is_global(const Expression& expression, std::string_view name) const;
    // Whether it calls the global function `name`: `step(…)`.
    bool calls_global(const Expression& expression, std::string_view name) const;
    // What an expression may be once locals, parentheses, `and` and `or` are followed. Null stands
    // for what only executing it would tell.
    std::vector<const Expression*> possible_values(const Expression& expression) const;
    // Whether the function `inner` is `outer` or stands inside it.
    bool is_within(std::uint32_t inner, std::uint32_t outer) const;
};

Scopes resolve(const Tree& tree);

}  // namespace perilune::syntax
