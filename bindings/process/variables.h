// Names of environment variables that nobody may hand to a program.
#pragma once

#include <string>
#include <string_view>

namespace perilune {

// Why a variable of this name is refused, as a sentence; empty where it is not. Refused are names
// that are empty or hold `=`, NUL or a line break, and those that the dynamic loader obeys.
std::string refuse_variable(std::string_view name);

}  // namespace perilune
