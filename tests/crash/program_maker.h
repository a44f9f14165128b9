// Programs made at random from the language's words, whose value and changes do not depend on where
// they are interrupted.
#pragma once

#include <string>

namespace perilune::test {

// The same seed makes the same program: the body of a runbook, for the counting provider `shop`.
std::string make_program(unsigned seed);

}  // namespace perilune::test
