// Breaks a runbook in small ways, each of which its tests should notice.
#pragma once

#include <string>
#include <vector>

#include "interpreter/lua/syntax/tree.h"

namespace perilune::syntax {

struct Mutant {
    std::string what;       // "drops a check", "swaps two steps", …
    Position position;      // Where it is changed.
    std::size_t statement;  // Offset of the innermost statement around that.
    std::string before;     // The first line that is changed, without what is around it.
    std::string after;      // What stands there instead.
    std::string text;       // The whole source, changed. Every line keeps its number but for swaps.
};

// Each drops a check (ensure, or a call of an operation verify… or check… whose value is not used),
// a wait (wait_until, hold, sleep, wait_for, or an operation wait_…), an approval (approve,
// confirm), an `undo` option, a step whose value is not used, negates the condition of an `if`,
// turns a comparison within another expression around, or swaps two steps that follow each other.
// In the order of the file; all of them parse.
std::vector<Mutant> make_mutants(const Tree& tree);

}  // namespace perilune::syntax
