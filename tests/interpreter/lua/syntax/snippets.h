// Lua sources around every rule of the language, which the parser and LuaJIT must judge alike.
#pragma once

#include <string_view>
#include <vector>

namespace perilune::syntax {

const std::vector<std::string_view>& snippets();

}  // namespace perilune::syntax
