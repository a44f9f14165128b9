// Plain data as Lua would be written by hand: for tests that are made from runs.
#pragma once

#include <string>

#include "interpreter/base/value.h"

namespace perilune::report {

// On one line where that fits, else a line for each field. `indent` is that of the line it begins
// on; `used` is how much of that line stands before it.
std::string lua_text(const Value& value, int indent = 0, int used = 0);
std::string lua_quoted(const std::string& text);

}  // namespace perilune::report
