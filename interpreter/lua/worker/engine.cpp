// The Lua state, its allocator with a hard cap, and the loader of the embedded vocabulary.
#include "interpreter/lua/worker/engine.h"

#include <cstring>
#include <string>

#include <unistd.h>

#include "interpreter/lua/worker/embedded.h"
#include "interpreter/lua/worker/handles.h"

namespace perilune::worker {

namespace {

constexpr const char* modules_name = "perilune.modules";  // In the registry: what was required.

constexpr int pause_percent = 400;  // A worker is small and short-lived: room is cheaper than time.
constexpr int step_percent = 200;
constexpr int eager_pause_percent = 120;
constexpr int eager_step_percent = 400;

void set_pace(CappedMemory& memory, bool eager) {
    memory.eager = eager;
    lua_gc(memory.L, LUA_GCSETPAUSE, eager ? eager_pause_percent : pause_percent);
    lua_gc(memory.L, LUA_GCSETSTEPMUL, eager ? eager_step_percent : step_percent);
}

void* allocate(void* counted, void* block, std::size_t old_size, std::size_t new_size) {
    CappedMemory& memory = *static_cast<CappedMemory*>(counted);
    memory.used += new_size - old_size;
    if (memory.used > memory.cap) ::_exit(exit_memory_limit);
    if ((memory.used > memory.eager_above) != memory.eager) set_pace(memory, !memory.eager);
    void* made = memory.inner(memory.inner_data, block, old_size, new_size);
    if (!made && new_size > 0) ::_exit(exit_memory_limit);
    return made;
}

const EmbeddedFile* find_embedded(const char* name) {
    for (const EmbeddedFile* file = embedded_files; file->name; ++file) {
        if (std::strcmp(file->name, name) == 0) return file;
    }
    return nullptr;
}

// require "vocabulary.NAME" and require "wire": each file is executed once.
int require(lua_State* L) {
    const char* name = luaL_checkstring(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, modules_name);
    lua_getfield(L, -1, name);
    if (!lua_isnil(L, -1)) return 1;
    const EmbeddedFile* file = find_embedded(name);
    if (!file) return luaL_error(L, "The worker has no file %s.", name);
    const auto* bytes = reinterpret_cast<const char*>(file->bytes);
    if (luaL_loadbufferx(L, bytes, file->size, name, "b") != 0) return lua_error(L);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
    return 1;
}

// What of Lua's library would touch files or print is gone even for trusted code.
void open_libraries(lua_State* L) {
    for (const lua_CFunction open :
         {luaopen_base, luaopen_string, luaopen_table, luaopen_math, luaopen_bit, luaopen_debug}) {
        lua_pushcfunction(L, open);
        lua_call(L, 0, 0);
    }
    for (const char* name : {"dofile", "loadfile", "print", "newproxy"}) {
        lua_pushnil(L);
        lua_setglobal(L, name);
    }
    lua_pushcfunction(L, require);
    lua_setglobal(L, "require");
}

// The message of an error with the lines that led to it.
int add_traceback(lua_State* L) {
    lua_settop(L, 1);
    if (!lua_isstring(L, 1)) {
        lua_pushfstring(L, "error object (%s)", luaL_typename(L, 1));
        lua_replace(L, 1);
    }
    luaL_traceback(L, L, lua_tostring(L, 1), 1);
    return 1;
}

bool call_traced(lua_State* L, int arguments) {
    const int function = lua_gettop(L) - arguments;
    lua_pushcfunction(L, add_traceback);
    lua_insert(L, function);
    const bool well = lua_pcall(L, arguments, 1, function) == 0;
    lua_remove(L, function);
    return well;
}

}  // namespace

lua_State* open_engine(CappedMemory& memory, Wire& wire) {
    lua_State* L = luaL_newstate();
    if (!L) return nullptr;
    memory.inner = lua_getallocf(L, &memory.inner_data);
    memory.L = L;
    memory.used = static_cast<std::size_t>(lua_gc(L, LUA_GCCOUNT, 0) + 1) * 1024;
    lua_setallocf(L, allocate, &memory);
    // With the compiler on, nothing could stop a hot loop but a signal (STYLE.md).
    luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    open_libraries(L);
    add_handle_types(L);
    lua_createtable(L, 0, 32);
    push_wire(L, wire);
    lua_setfield(L, -2, "wire");
    lua_setfield(L, LUA_REGISTRYINDEX, modules_name);
    return L;
}

// LuaJIT gives back what its own allocator holds only where the state has that one.
void close_engine(lua_State* L, const CappedMemory& memory) {
    lua_setallocf(L, memory.inner, memory.inner_data);
    lua_close(L);
}

bool push_module(lua_State* L, const char* name) {
    lua_pushcfunction(L, require);
    lua_pushstring(L, name);
    return call_traced(L, 1);
}

bool call_program(lua_State* L, const char* mode) {
    push_wire_of(L);
    lua_pushstring(L, mode);
    return call_traced(L, 2);
}

void push_wire_of(lua_State* L) {
    lua_getfield(L, LUA_REGISTRYINDEX, modules_name);
    lua_getfield(L, -1, "wire");
    lua_remove(L, -2);
}

}  // namespace perilune::worker
