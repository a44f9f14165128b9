// One Lua state as the worker has it: no compiler, capped memory, trusted libraries only.
#pragma once

#include <cstddef>

#include <lua.hpp>

#include "interpreter/lua/worker/wire.h"

namespace perilune::worker {

// Makes the state. What it allocates beyond `memory_bytes` ends the process with
// exit_memory_limit: a limit is never an error that Lua could catch. A second state in one process
// is not possible.
lua_State* open_engine(std::size_t memory_bytes, Wire& wire);

// Pushes what the embedded file `name` returns, as `require` does; false where it failed, and then
// pushes the message.
bool push_module(lua_State* L, const char* name);

// Calls the function on top with `wire` and `mode`; false where it failed, and then pushes the
// message.
bool call_program(lua_State* L, const char* mode);

}  // namespace perilune::worker
