// One Lua state as the worker has it: no compiler, capped memory, trusted libraries only.
#pragma once

#include <cstddef>

#include <lua.hpp>

#include "interpreter/lua/worker/wire.h"

namespace perilune::worker {

// LuaJIT's own allocator, counted. The collector lets garbage grow to as much as is alive; near
// the cap it must not, or a run would die with half of its memory free. Outlives the state.
struct CappedMemory {
    explicit CappedMemory(std::size_t bytes) : cap(bytes), eager_above(bytes / 3) {}
    lua_Alloc inner = nullptr;
    void* inner_data = nullptr;
    lua_State* L = nullptr;
    std::size_t used = 0;
    std::size_t cap;
    std::size_t eager_above;
    bool eager = false;
};

// Makes the state. What it allocates beyond its memory's cap ends the process with
// exit_memory_limit: a limit is never an error that Lua could catch.
lua_State* open_engine(CappedMemory& memory, Wire& wire);
// Ends a state that open_engine made, where the process goes on without it.
void close_engine(lua_State* L, const CappedMemory& memory);

// Pushes what the embedded file `name` returns, as `require` does; false where it failed, and then
// pushes the message.
bool push_module(lua_State* L, const char* name);

// Calls the function on top with `wire` and `mode`; false where it failed, and then pushes the
// message.
bool call_program(lua_State* L, const char* mode);

// Pushes `wire`, the table that push_wire made for this state.
void push_wire_of(lua_State* L);

}  // namespace perilune::worker
