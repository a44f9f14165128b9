// Rewrites Lua for a plan, so that a condition on an unknown value is noticed instead of guessed.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/result.h"
#include "interpreter/lua/syntax/tree.h"

namespace perilune::syntax {

// The source with every value that Lua would test without a metamethod passed through
// `check(VALUE)`: conditions, operands of `not`, `#`, comparisons, and the first of `and` and `or`,
// the numbers and iterators of `for`, and keys that are not constant. `check` is a global that gets
// exactly one value and returns that one; with it the program does what it did before.
//
// Every line keeps its number. What cannot be unknown is left alone: constants, functions, tables,
// and what `not`, `#` and comparisons give. So `if a == b` becomes `if check(a) == check(b)`, and
// of `a and b` as a condition both sides are checked where they stand. An iterator's calls stay as
// they are, as more than one value of theirs counts; the loop's first variable, whose nil would end
// the loop, is checked in its body instead, but not for pairs(…) and ipairs(…).
//
// An error `reserved_name` where the source itself uses the name `check`.
Result<std::string> rewrite_for_plan(const Tree& tree, std::string_view check = "__check");

}  // namespace perilune::syntax
