// Numbers ascending, then texts by their bytes, then false and true.
#include "interpreter/lua/worker/key_order.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace perilune::worker {

namespace {

struct Key {
    int kind = LUA_TNIL;
    double number = 0;      // Of a number; of a boolean 0 or 1.
    std::string_view text;  // Lives as long as its table holds the key.

    int rank() const { return kind == LUA_TNUMBER ? 0 : kind == LUA_TSTRING ? 1 : 2; }
    bool operator<(const Key& other) const {
        if (kind != other.kind) return rank() < other.rank();
        return kind == LUA_TSTRING ? text < other.text : number < other.number;
    }
};

// Reads the key on top of the stack; false where it is of a kind that has no order.
bool read_key(lua_State* L, Key& key) {
    key.kind = lua_type(L, -1);
    if (key.kind == LUA_TNUMBER) {
        key.number = lua_tonumber(L, -1);
    } else if (key.kind == LUA_TBOOLEAN) {
        key.number = lua_toboolean(L, -1);
    } else if (key.kind == LUA_TSTRING) {
        std::size_t size = 0;
        const char* text = lua_tolstring(L, -1, &size);
        key.text = {text, size};
    } else {
        return false;
    }
    return true;
}

void push_key(lua_State* L, const Key& key) {
    if (key.kind == LUA_TNUMBER) {
        lua_pushnumber(L, key.number);
    } else if (key.kind == LUA_TBOOLEAN) {
        lua_pushboolean(L, key.number != 0);
    } else {
        lua_pushlstring(L, key.text.data(), key.text.size());
    }
}

int give_reason(lua_State* L) {
    const char* kind = luaL_typename(L, -1);
    lua_pushnil(L);
    lua_pushfstring(L,
                    "a key of the table is a %s; only numbers, texts and booleans have an "
                    "order that is the same in every run",
                    kind);
    return 2;
}

}  // namespace

int sorted_keys(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkstack(L, LUA_MINSTACK, "too many calls in each other");
    std::vector<Key> keys;
    bool in_order = true;
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        lua_pop(L, 1);
        Key key;
        if (!read_key(L, key)) return give_reason(L);
        if (!keys.empty() && key < keys.back()) in_order = false;
        keys.push_back(key);
    }
    if (!in_order) std::sort(keys.begin(), keys.end());
    lua_createtable(L, static_cast<int>(keys.size()), 0);
    int at = 0;
    for (const auto& key : keys) {
        push_key(L, key);
        lua_rawseti(L, -2, ++at);
    }
    return 1;
}

int first_key(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkstack(L, LUA_MINSTACK, "too many calls in each other");
    Key first;
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        lua_pop(L, 1);
        Key key;
        if (!read_key(L, key)) return give_reason(L);
        if (first.kind == LUA_TNIL || key < first) first = key;
    }
    if (first.kind == LUA_TNIL) return 0;
    push_key(L, first);
    return 1;
}

}  // namespace perilune::worker
