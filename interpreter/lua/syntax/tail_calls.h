// Rewrites calls in tail position, so that what they raise knows the line it came from.
#pragma once

#include <string>

#include "interpreter/lua/syntax/tree.h"

namespace perilune::syntax {

// The source with `return f(…)` turned into a call that is no tail call, where `f` is a method or a
// global: Lua forgets the caller of a tail call, and with it the file and line that an error of the
// vocabulary or of an operation names. It returns the same values. Calls of a script's own
// functions stay as they are, so that one that calls itself at its end needs no stack. Every line
// keeps its number.
std::string rewrite_tail_calls(const Tree& tree);

}  // namespace perilune::syntax
