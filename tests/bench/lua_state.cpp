// The peer of a cold start: a C++ program that links what the host links and opens a Lua state.
#include <iostream>

#include <lua.hpp>

int main() {
    lua_State* const L = luaL_newstate();
    if (!L) return 1;
    luaL_openlibs(L);
    if (luaL_dostring(L, "return 1 + 1") != 0) return 1;
    std::cout << lua_tonumber(L, -1) << "\n";
    lua_close(L);
    return 0;
}
