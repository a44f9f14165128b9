// Handles from and to what trusted Lua can read.
#include "interpreter/lua/worker/handle_functions.h"

#include <string>
#include <vector>

#include "interpreter/lua/worker/handles.h"

namespace perilune::worker {

namespace {

constexpr int piece_fields = 5;

// Raises unless every piece is a list of five texts; nothing is owned while it may raise.
int check_pieces(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    const int count = static_cast<int>(lua_objlen(L, 1));
    for (int i = 1; i <= count; ++i) {
        lua_rawgeti(L, 1, i);
        bool well = lua_istable(L, -1);
        for (int field = 1; well && field <= piece_fields; ++field) {
            lua_rawgeti(L, -1, field);
            well = lua_type(L, -1) == LUA_TSTRING;
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
        if (!well)
            return luaL_error(L,
                              "A secret's piece is a list of five texts: text, name, provider, "
                              "version, encoding.");
    }
    return count;
}

SecretPiece read_piece(lua_State* L) {
    SecretPiece piece;
    int field = 0;
    for (std::string* held :
         {&piece.text, &piece.name, &piece.provider, &piece.version, &piece.encoding}) {
        lua_rawgeti(L, -1, ++field);
        std::size_t size = 0;
        const char* text = lua_tolstring(L, -1, &size);
        held->assign(text, size);
        lua_pop(L, 1);
    }
    return piece;
}

int make_secret(lua_State* L) {
    const int count = check_pieces(L);
    std::vector<SecretPiece> pieces;
    for (int i = 1; i <= count; ++i) {
        lua_rawgeti(L, 1, i);
        pieces.push_back(read_piece(L));
        lua_pop(L, 1);
    }
    push_secret(L, pieces);
    return 1;
}

int give_pieces(lua_State* L) {
    luaL_argcheck(L, handle_kind(L, 1) == HandleKind::secret, 1, "secret handle expected");
    const auto pieces = secret_pieces(L, 1);
    lua_createtable(L, static_cast<int>(pieces.size()), 0);
    int at = 0;
    for (const auto& piece : pieces) {
        lua_createtable(L, piece_fields, 0);
        int field = 0;
        for (const std::string* held :
             {&piece.text, &piece.name, &piece.provider, &piece.version, &piece.encoding}) {
            lua_pushlstring(L, held->data(), held->size());
            lua_rawseti(L, -2, ++field);
        }
        lua_rawseti(L, -2, ++at);
    }
    return 1;
}

int is_secret(lua_State* L) {
    lua_pushboolean(L, handle_kind(L, 1) == HandleKind::secret);
    return 1;
}

int make_unknown(lua_State* L) {
    std::size_t size = 0;
    const char* source = luaL_checklstring(L, 1, &size);
    push_derived_unknown(L, {source, size});
    return 1;
}

int is_unknown(lua_State* L) {
    lua_pushboolean(L, handle_kind(L, 1) == HandleKind::unknown);
    return 1;
}

int give_source(lua_State* L) {
    luaL_argcheck(L, handle_kind(L, 1) == HandleKind::unknown, 1, "unknown handle expected");
    const std::string_view source = unknown_source(L, 1);
    lua_pushlstring(L, source.data(), source.size());
    return 1;
}

constexpr luaL_Reg functions[] = {
    {"secret", make_secret},   {"secret_pieces", give_pieces},  {"is_secret", is_secret},
    {"unknown", make_unknown}, {"unknown_source", give_source}, {"is_unknown", is_unknown},
};

}  // namespace

void add_handle_functions(lua_State* L) {
    for (const auto& [name, function] : functions) {
        lua_pushcfunction(L, function);
        lua_setfield(L, -2, name);
    }
}

}  // namespace perilune::worker
