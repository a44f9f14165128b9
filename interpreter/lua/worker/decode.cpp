// CBOR into values on Lua's stack: whatever the bytes are, nothing is read past their end.
#include <algorithm>
#include <bit>
#include <cmath>

#include "interpreter/lua/worker/codec.h"
#include "interpreter/lua/worker/handles.h"

namespace perilune::worker {

namespace {

constexpr unsigned info_false = 20;
constexpr unsigned info_true = 21;
constexpr unsigned info_null = 22;
constexpr unsigned info_float64 = 27;
constexpr std::uint64_t slots_at_once_max = 1024;  // A length is only a claim until it is read.

int slots(std::uint64_t count) { return static_cast<int>(std::min(count, slots_at_once_max)); }

bool push_list(lua_State* L, std::string_view input, std::size_t& at, std::uint64_t count,
               int depth_left) {
    if (count > input.size() - at) return false;
    lua_createtable(L, slots(count), 0);
    for (std::uint64_t i = 1; i <= count; ++i) {
        if (!push_decoded(L, input, at, depth_left)) return false;
        lua_rawseti(L, -2, static_cast<int>(i));
    }
    return true;
}

bool push_map(lua_State* L, std::string_view input, std::size_t& at, std::uint64_t count,
              int depth_left) {
    if (count > input.size() - at) return false;
    lua_createtable(L, 0, slots(count));
    for (std::uint64_t i = 0; i < count; ++i) {
        std::string_view name;
        if (!read_bytes(input, at, name)) return false;
        lua_pushlstring(L, name.data(), name.size());
        if (!push_decoded(L, input, at, depth_left)) return false;
        lua_rawset(L, -3);
    }
    return true;
}

bool push_simple(lua_State* L, const Head& head) {
    if (head.info == info_float64) {
        const double number = std::bit_cast<double>(head.count);
        lua_pushnumber(L, number);
        return !std::isnan(number);
    }
    if (head.info == info_false || head.info == info_true) {
        lua_pushboolean(L, head.info == info_true);
    } else {
        lua_pushnil(L);
    }
    return head.info >= info_false && head.info <= info_null;
}

}  // namespace

bool push_decoded(lua_State* L, std::string_view input, std::size_t& at, int depth_left) {
    if (depth_left == 0) return false;
    const std::size_t begin = at;
    Head head;
    if (!read_head(input, at, head)) return false;
    switch (head.major) {
        case Major::natural: lua_pushnumber(L, static_cast<double>(head.count)); return true;
        case Major::negative: lua_pushnumber(L, -static_cast<double>(head.count) - 1); return true;
        case Major::bytes:
        case Major::text:
            if (head.count > input.size() - at) return false;
            lua_pushlstring(L, input.data() + at, head.count);
            at += head.count;
            return true;
        case Major::array: return push_list(L, input, at, head.count, depth_left - 1);
        case Major::map: return push_map(L, input, at, head.count, depth_left - 1);
        case Major::tag: at = begin; return push_handle(L, input, at);
        case Major::simple: return push_simple(L, head);
    }
    return false;
}

}  // namespace perilune::worker
