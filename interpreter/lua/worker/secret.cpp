// The metamethods of secret handles: they join and compare as templates, and refuse all else.
#include "interpreter/lua/worker/handles.h"

namespace perilune::worker {

namespace {

// Pushes "[secret NAME]"; a function of its own, so that no string lives where an error is raised.
void show_at(lua_State* L, int index) {
    const std::string shown = describe_operand(L, index);
    lua_pushlstring(L, shown.data(), shown.size());
}

// Each refusal is one C function that knows by its upvalue what was tried.
int refuse(lua_State* L) {
    const char* tried = lua_tostring(L, lua_upvalueindex(1));
    show_at(L, handle_kind(L, 1) == HandleKind::secret ? 1 : 2);
    return luaL_error(L, "A secret handle %s (%s): it is opened only in the host.", tried,
                      lua_tostring(L, -1));
}

int show(lua_State* L) {
    show_at(L, 1);
    return 1;
}

int equal(lua_State* L) {
    const bool both =
        handle_kind(L, 1) == HandleKind::secret && handle_kind(L, 2) == HandleKind::secret;
    lua_pushboolean(L, both && handle_cbor(L, 1) == handle_cbor(L, 2));
    return 1;
}

struct Refused {
    const char* event;
    const char* tried;
};

constexpr Refused refused[] = {
    {"__index", "cannot be indexed and has no methods"},
    {"__newindex", "cannot be changed"},
    {"__call", "cannot be called"},
    {"__len", "has no length a script can see"},
    {"__lt", "cannot be compared by order"},
    {"__le", "cannot be compared by order"},
    {"__add", "cannot be calculated with"},
    {"__sub", "cannot be calculated with"},
    {"__mul", "cannot be calculated with"},
    {"__div", "cannot be calculated with"},
    {"__mod", "cannot be calculated with"},
    {"__pow", "cannot be calculated with"},
    {"__unm", "cannot be calculated with"},
};

// The pieces of a handle, a text or a number.
std::vector<SecretPiece> pieces_of(lua_State* L, int index) {
    if (handle_kind(L, index) == HandleKind::secret) return secret_pieces(L, index);
    std::size_t size = 0;
    lua_pushvalue(L, index);
    const char* text = lua_tolstring(L, -1, &size);
    std::vector<SecretPiece> pieces{
        {.text = {text, size}, .name = "", .provider = "", .version = "", .encoding = "raw"}};
    lua_pop(L, 1);
    return pieces;
}

void push_joined(lua_State* L) {
    std::vector<SecretPiece> pieces = pieces_of(L, 1);
    const std::vector<SecretPiece> right = pieces_of(L, 2);
    pieces.insert(pieces.end(), right.begin(), right.end());
    push_secret(L, pieces);
}

}  // namespace

int join_handles(lua_State* L) {
    luaL_checkstack(L, LUA_MINSTACK, "too many calls in each other");
    for (int i = 1; i <= 2; ++i) {
        if (handle_kind(L, i) == HandleKind::none && !lua_isstring(L, i))
            return luaL_error(L, "A handle joins texts, numbers and other handles by .., not a %s.",
                              luaL_typename(L, i));
    }
    const bool unknown =
        handle_kind(L, 1) == HandleKind::unknown || handle_kind(L, 2) == HandleKind::unknown;
    if (unknown) {
        push_derived_unknown(L, describe_operand(L, 1) + " .. " + describe_operand(L, 2));
    } else {
        push_joined(L);
    }
    return 1;
}

void fill_secret_metatable(lua_State* L) {
    for (const auto& [event, tried] : refused) {
        lua_pushstring(L, tried);
        lua_pushcclosure(L, refuse, 1);
        lua_setfield(L, -2, event);
    }
    lua_pushcfunction(L, join_handles);
    lua_setfield(L, -2, "__concat");
    lua_pushcfunction(L, show);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, equal);
    lua_setfield(L, -2, "__eq");
    lua_pushliteral(L, "locked");
    lua_setfield(L, -2, "__metatable");
}

}  // namespace perilune::worker
