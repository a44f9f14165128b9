// Rewrites Lua so that it tells which of its statements, steps and branches are executed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/lua/syntax/tree.h"

namespace perilune::syntax {

struct ProbedStatement {
    Span span;
    std::uint32_t probe = 0;
};

// A call of a word that makes a step of a runbook: step, approve, confirm, wait_until, …
struct ProbedStep {
    std::string word;
    std::string name;  // Empty where only executing the file would tell it.
    Position position;
    std::uint32_t probe = 0;
};

// One side of an `if`, or the body of a loop.
struct ProbedBranch {
    enum class Side : std::uint8_t { holds, holds_not, body } side = Side::holds;
    Position position;        // Of the condition; of the loop.
    std::uint32_t group = 0;  // Of the `if` or loop in the file: its sides have one.
    std::uint32_t probe = 0;
};

struct ProbedSource {
    std::string text;
    std::vector<ProbedStatement> statements;  // An outer one before those inside it.
    std::vector<ProbedStep> steps;            // In the order of the file, as are the branches.
    std::vector<ProbedBranch> branches;
    std::uint32_t probes = 0;  // How many there are, from `first` on.
};

// The source with calls of the global `hit` in it: `hit(N)` returns true and is executed whenever
// the statement, branch or step with the probe N is. Every line keeps its number, and with such a
// `hit` the program does what it did before.
//
// A line hook could not tell the sides of an `if` that stands on one line.
ProbedSource add_probes(const Tree& tree, std::uint32_t first, std::string_view hit = "__hit");

}  // namespace perilune::syntax
