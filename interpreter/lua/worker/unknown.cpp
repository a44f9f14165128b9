// The metamethods of unknowns, values of a plan: what is made of one is unknown as well.
#include "interpreter/lua/worker/handles.h"

namespace perilune::worker {

namespace {

constexpr std::size_t source_bytes_max = 300;

int give_unknown(lua_State* L, std::string source) {
    push_derived_unknown(L, std::move(source));
    return 1;
}

// text:gsub(…) of a text that is not known reads as the text does, as string.gsub(text, …) tells.
int leave_as_it_is(lua_State* L) {
    lua_settop(L, 1);
    return 1;
}

// "lag of database/standby" indexed by "behind_bytes" is "lag of database/standby.behind_bytes".
int index(lua_State* L) {
    std::string source(unknown_source(L, 1));
    if (lua_type(L, 2) == LUA_TSTRING) {
        std::size_t size = 0;
        const char* name = lua_tolstring(L, 2, &size);
        if (std::string_view(name, size) == "gsub") {
            lua_pushcfunction(L, leave_as_it_is);
            return 1;
        }
        source += '.';
        source.append(name, size);
    } else {
        source += '[' + describe_operand(L, 2) + ']';
    }
    return give_unknown(L, std::move(source));
}

int call(lua_State* L) { return give_unknown(L, std::string(unknown_source(L, 1)) + "()"); }

int length(lua_State* L) {
    return give_unknown(L, "number of " + std::string(unknown_source(L, 1)));
}

int negate(lua_State* L) { return give_unknown(L, '-' + std::string(unknown_source(L, 1))); }

// The operator is the upvalue.
int calculate(lua_State* L) {
    const char* sign = lua_tostring(L, lua_upvalueindex(1));
    return give_unknown(L, describe_operand(L, 1) + ' ' + sign + ' ' + describe_operand(L, 2));
}

int show(lua_State* L) {
    lua_pushliteral(L, "(unknown until run)");
    return 1;
}

int refuse_order(lua_State* L) {
    const int at = handle_kind(L, 1) == HandleKind::unknown ? 1 : 2;
    const std::string_view source = unknown_source(L, at);
    lua_pushlstring(L, source.data(), source.size());
    return luaL_error(L, "%s is not known before the run, so it cannot be compared.",
                      lua_tostring(L, -1));
}

int refuse_change(lua_State* L) {
    const std::string_view source = unknown_source(L, 1);
    lua_pushlstring(L, source.data(), source.size());
    return luaL_error(L, "%s is not known before the run, so it cannot be changed.",
                      lua_tostring(L, -1));
}

struct Metamethod {
    const char* event;
    lua_CFunction function;
};

constexpr Metamethod metamethods[] = {
    {"__index", index},     {"__newindex", refuse_change},
    {"__call", call},       {"__len", length},
    {"__unm", negate},      {"__concat", join_handles},
    {"__tostring", show},   {"__lt", refuse_order},
    {"__le", refuse_order},
};

constexpr const char* operators[][2] = {{"__add", "+"}, {"__sub", "-"}, {"__mul", "*"},
                                        {"__div", "/"}, {"__mod", "%"}, {"__pow", "^"}};

}  // namespace

void push_derived_unknown(lua_State* L, std::string source) {
    if (source.size() > source_bytes_max) {
        source.resize(source_bytes_max);
        while (!source.empty() && (source.back() & 0x80) != 0) source.pop_back();
        source += "…";
    }
    push_unknown(L, source);
}

void fill_unknown_metatable(lua_State* L) {
    for (const auto& [event, function] : metamethods) {
        lua_pushcfunction(L, function);
        lua_setfield(L, -2, event);
    }
    for (const auto& [event, sign] : operators) {
        lua_pushstring(L, sign);
        lua_pushcclosure(L, calculate, 1);
        lua_setfield(L, -2, event);
    }
    lua_pushliteral(L, "locked");
    lua_setfield(L, -2, "__metatable");
}

}  // namespace perilune::worker
