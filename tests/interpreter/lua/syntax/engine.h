// LuaJIT as the judge of what the parser accepts and of what a rewritten program does.
#pragma once

#include <string>
#include <string_view>

namespace perilune::syntax {

// Empty where LuaJIT compiles the source, else its message.
std::string engine_refusal(std::string_view source);
// What the source prints, and "error: MESSAGE" where it raises. Every program gets a fresh state
// with Lua's own library and `__check`, which returns what it is given and refuses anything but
// exactly one value.
std::string engine_output(std::string_view source);
// The value of `return EXPRESSION` as text with all digits.
std::string engine_value(std::string_view expression);

}  // namespace perilune::syntax
