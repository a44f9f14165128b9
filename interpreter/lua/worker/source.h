// Loads script text, and nothing but text, with an environment of its own.
#pragma once

#include <string_view>

#include <lua.hpp>

namespace perilune::worker {

// Why the bytes may not be given to LuaJIT's parser at all, or nullptr. Bytecode can crash the VM;
// after a NUL a reviewer's editor may show nothing more; a number such as 1LL makes the parser
// load the FFI.
const char* find_unfit_source(std::string_view source);

// wire.load(text, chunk_name, environment): the function, or nil and a message.
int load_source(lua_State* L);

}  // namespace perilune::worker
