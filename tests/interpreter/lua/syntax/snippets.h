// Lua sources around every rule of the language, which the parser and LuaJIT must judge alike.
#pragma once

#include <span>
#include <string_view>

namespace perilune::syntax {

std::span<const std::string_view> snippets();

}  // namespace perilune::syntax
