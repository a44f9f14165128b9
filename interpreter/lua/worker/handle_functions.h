// The functions of `wire` that make handles and look into them; for trusted Lua only.
#pragma once

#include <lua.hpp>

namespace perilune::worker {

// Adds secret, secret_pieces, is_secret, unknown, unknown_source and is_unknown to the table on
// top of the stack.
void add_handle_functions(lua_State* L);

}  // namespace perilune::worker
