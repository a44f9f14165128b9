// What both kinds of handles share: userdata that hold their own CBOR, under locked metatables.
#include "interpreter/lua/worker/handles.h"

#include <cstring>

#include "interpreter/lua/worker/cbor.h"

namespace perilune::worker {

namespace {

constexpr const char* secret_type = "perilune.secret";
constexpr const char* unknown_type = "perilune.unknown";
constexpr std::size_t piece_fields = 5;
constexpr std::size_t quoted_bytes_max = 40;

bool has_metatable(lua_State* L, int index, const char* type) {
    if (!lua_getmetatable(L, index)) return false;
    luaL_getmetatable(L, type);
    const bool same = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 2);
    return same;
}

void push_userdata(lua_State* L, std::string_view cbor, const char* type) {
    void* block = lua_newuserdata(L, cbor.size());
    std::memcpy(block, cbor.data(), cbor.size());
    luaL_getmetatable(L, type);
    lua_setmetatable(L, -2);
}

bool read_piece(std::string_view cbor, std::size_t& at, SecretPiece& piece) {
    Head head;
    if (!read_head(cbor, at, head) || head.major != Major::array || head.count != piece_fields)
        return false;
    for (std::string* field :
         {&piece.text, &piece.name, &piece.provider, &piece.version, &piece.encoding}) {
        std::string_view bytes;
        if (!read_bytes(cbor, at, bytes)) return false;
        *field = bytes;
    }
    return true;
}

// Reads what follows the tag of a secret.
bool read_pieces(std::string_view cbor, std::size_t& at, std::vector<SecretPiece>& pieces) {
    Head head;
    if (!read_head(cbor, at, head) || head.major != Major::array) return false;
    for (std::uint64_t i = 0; i < head.count; ++i) {
        SecretPiece piece;
        if (!read_piece(cbor, at, piece)) return false;
        pieces.push_back(std::move(piece));
    }
    return true;
}

bool is_plain(const SecretPiece& piece) {
    return piece.name.empty() && (piece.encoding.empty() || piece.encoding == "raw");
}

std::vector<SecretPiece> joined(const std::vector<SecretPiece>& pieces) {
    std::vector<SecretPiece> made;
    for (const auto& piece : pieces) {
        if (is_plain(piece) && piece.text.empty()) continue;
        if (is_plain(piece) && !made.empty() && is_plain(made.back())) {
            made.back().text += piece.text;
        } else {
            made.push_back(piece);
            if (is_plain(piece)) made.back().encoding = "raw";
        }
    }
    return made;
}

}  // namespace

void add_handle_types(lua_State* L) {
    luaL_newmetatable(L, secret_type);
    fill_secret_metatable(L);
    lua_pop(L, 1);
    luaL_newmetatable(L, unknown_type);
    fill_unknown_metatable(L);
    lua_pop(L, 1);
}

HandleKind handle_kind(lua_State* L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA) return HandleKind::none;
    if (has_metatable(L, index, secret_type)) return HandleKind::secret;
    if (has_metatable(L, index, unknown_type)) return HandleKind::unknown;
    return HandleKind::none;
}

std::string_view handle_cbor(lua_State* L, int index) {
    return {static_cast<const char*>(lua_touserdata(L, index)), lua_objlen(L, index)};
}

bool push_handle(lua_State* L, std::string_view cbor, std::size_t& at) {
    Head head;
    if (!read_head(cbor, at, head) || head.major != Major::tag) return false;
    if (head.count == tag_unknown) {
        std::string_view source;
        if (!read_bytes(cbor, at, source)) return false;
        push_unknown(L, source);
        return true;
    }
    std::vector<SecretPiece> pieces;
    if (head.count != tag_secret || !read_pieces(cbor, at, pieces)) return false;
    push_secret(L, pieces);
    return true;
}

void push_secret(lua_State* L, const std::vector<SecretPiece>& pieces) {
    const auto kept = joined(pieces);
    std::string cbor;
    append_head(cbor, Major::tag, tag_secret);
    append_head(cbor, Major::array, kept.size());
    for (const auto& piece : kept) {
        append_head(cbor, Major::array, piece_fields);
        append_bytes(cbor, piece.text);
        append_bytes(cbor, piece.name);
        append_bytes(cbor, piece.provider);
        append_bytes(cbor, piece.version);
        append_bytes(cbor, piece.encoding);
    }
    push_userdata(L, cbor, secret_type);
}

std::vector<SecretPiece> secret_pieces(lua_State* L, int index) {
    const std::string_view cbor = handle_cbor(L, index);
    std::vector<SecretPiece> pieces;
    std::size_t at = 0;
    Head tag;
    if (read_head(cbor, at, tag)) read_pieces(cbor, at, pieces);
    return pieces;
}

void push_unknown(lua_State* L, std::string_view source) {
    std::string cbor;
    append_head(cbor, Major::tag, tag_unknown);
    append_bytes(cbor, source);
    push_userdata(L, cbor, unknown_type);
}

std::string_view unknown_source(lua_State* L, int index) {
    const std::string_view cbor = handle_cbor(L, index);
    std::string_view source;
    std::size_t at = 0;
    Head tag;
    if (read_head(cbor, at, tag)) read_bytes(cbor, at, source);
    return source;
}

std::string describe_operand(lua_State* L, int index) {
    const HandleKind kind = handle_kind(L, index);
    if (kind == HandleKind::unknown) return std::string(unknown_source(L, index));
    if (kind == HandleKind::secret) {
        std::string shown;
        for (const auto& piece : secret_pieces(L, index))
            shown += piece.name.empty() ? piece.text : "[secret " + piece.name + "]";
        return shown;
    }
    std::size_t size = 0;
    switch (lua_type(L, index)) {
        case LUA_TNUMBER: {
            // A copy, as lua_tolstring turns a number on the stack into text in place.
            lua_pushvalue(L, index);
            const char* text = lua_tolstring(L, -1, &size);
            std::string shown(text, size);
            lua_pop(L, 1);
            return shown;
        }
        case LUA_TSTRING: {
            const char* text = lua_tolstring(L, index, &size);
            const bool cut = size > quoted_bytes_max;
            return '"' + std::string(text, cut ? quoted_bytes_max : size) + (cut ? "…\"" : "\"");
        }
        default: return std::string("a ") + lua_typename(L, lua_type(L, index));
    }
}

}  // namespace perilune::worker
