// The functions of `wire` that send, receive, check and copy.
#include "interpreter/lua/worker/wire.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <vector>

#include "interpreter/lua/worker/handle_functions.h"
#include "interpreter/lua/worker/key_order.h"
#include "interpreter/lua/worker/source.h"

namespace perilune::worker {

namespace {

constexpr int list_elements_max = 256;  // Of a frame; what a run says is in the elements' tables.

Wire& wire_of(lua_State* L) { return *static_cast<Wire*>(lua_touserdata(L, lua_upvalueindex(1))); }

int give_refusal(lua_State* L, const Encoder& encoder) {
    lua_pushnil(L);
    {
        const std::string reason = encoder.refusal_text();
        lua_pushlstring(L, reason.data(), reason.size());
    }
    lua_pushstring(L, encoder.refusal_code());
    return 3;
}

// The greatest number among the keys of the list at 1, which may have gaps.
int count_elements(lua_State* L) {
    double greatest = 0;
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        lua_pop(L, 1);
        const double number = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
        if (number < 1 || number > list_elements_max || number != std::floor(number))
            return luaL_error(L, "A message is a list of at most %d elements.", list_elements_max);
        greatest = std::max(greatest, number);
    }
    return static_cast<int>(greatest);
}

int send(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkstack(L, encode_stack_slots, "too many calls in each other");
    const int count = count_elements(L);
    Wire& wire = wire_of(L);
    wire.channel.begin_frame();
    append_head(wire.channel.out(), Major::array, static_cast<std::uint64_t>(count));
    for (int i = 1; i <= count; ++i) {
        const std::size_t left = frame_bytes_max - wire.channel.frame_bytes();
        lua_rawgeti(L, 1, i);
        const bool well = wire.encoder.append(L, lua_gettop(L), std::min(left, value_bytes_max));
        lua_pop(L, 1);
        if (!well) {
            wire.channel.drop_frame();
            give_refusal(L, wire.encoder);
            lua_pushinteger(L, i);
            return 4;
        }
    }
    wire.channel.end_frame();
    lua_pushboolean(L, 1);
    return 1;
}

int receive(lua_State* L) {
    luaL_checkstack(L, encode_stack_slots, "too many calls in each other");
    std::string_view body;
    std::size_t at = 0;
    const auto received = wire_of(L).channel.receive(body);
    if (received == Channel::Received::nothing) return lua_yield(L, 0);
    if (received == Channel::Received::malformed || !push_decoded(L, body, at) || at != body.size())
        return luaL_error(L, "The host sent a malformed message.");
    luaL_checktype(L, -1, LUA_TTABLE);
    return 1;
}

// Fills `scratch` with the CBOR of the value at 1.
bool encode_scratch(lua_State* L, Wire& wire) {
    luaL_checkany(L, 1);
    luaL_checkstack(L, encode_stack_slots, "too many calls in each other");
    wire.scratch.clear();
    return wire.scratch_encoder.append(L, 1);
}

int check(lua_State* L) {
    Wire& wire = wire_of(L);
    if (!encode_scratch(L, wire)) return give_refusal(L, wire.scratch_encoder);
    lua_pushboolean(L, 1);
    return 1;
}

int encode(lua_State* L) {
    Wire& wire = wire_of(L);
    if (!encode_scratch(L, wire)) return give_refusal(L, wire.scratch_encoder);
    lua_pushlstring(L, wire.scratch.data(), wire.scratch.size());
    return 1;
}

int copy(lua_State* L) {
    Wire& wire = wire_of(L);
    if (!encode_scratch(L, wire)) return give_refusal(L, wire.scratch_encoder);
    std::size_t at = 0;
    if (!push_decoded(L, wire.scratch, at)) return luaL_error(L, "A value could not be copied.");
    return 1;
}

int memory_bytes(lua_State* L) {
    const double kilobytes = lua_gc(L, LUA_GCCOUNT, 0);
    lua_pushnumber(L, kilobytes * 1024 + lua_gc(L, LUA_GCCOUNTB, 0));
    return 1;
}

int cpu_s(lua_State* L) {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    lua_pushnumber(L, static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9);
    return 1;
}

constexpr luaL_Reg functions[] = {
    {"send", send},
    {"receive", receive},
    {"check", check},
    {"encode", encode},
    {"copy", copy},
    {"load", load_source},
    {"sorted_keys", sorted_keys},
    {"first_key", first_key},
    {"memory_bytes", memory_bytes},
    {"cpu_s", cpu_s},
};

}  // namespace

void push_wire(lua_State* L, Wire& wire) {
    lua_createtable(L, 0, 20);
    for (const auto& [name, function] : functions) {
        lua_pushlightuserdata(L, &wire);
        lua_pushcclosure(L, function, 1);
        lua_setfield(L, -2, name);
    }
    add_handle_functions(L);
}

}  // namespace perilune::worker
