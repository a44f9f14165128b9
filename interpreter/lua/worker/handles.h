// Secret and unknown handles: what a script may hold and join, but never look into.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <lua.hpp>

namespace perilune::worker {

enum class HandleKind { none, secret, unknown };

// One piece of a secret's template: plain text where `name` is empty, else a reference.
struct SecretPiece {
    std::string text;
    std::string name;
    std::string provider;
    std::string version;
    std::string encoding;
};

// Makes the two metatables; once for a state, before anything else here.
void add_handle_types(lua_State* L);

HandleKind handle_kind(lua_State* L, int index);
// The handle's CBOR, its tag included: handles are kept as what crosses the wire.
std::string_view handle_cbor(lua_State* L, int index);
// Pushes a handle for CBOR that begins with its tag at `at`, and moves past it; false where it is
// malformed, and then nothing is pushed.
bool push_handle(lua_State* L, std::string_view cbor, std::size_t& at);

// Neighbouring pieces of text become one, so that templates that open alike are equal.
void push_secret(lua_State* L, const std::vector<SecretPiece>& pieces);
std::vector<SecretPiece> secret_pieces(lua_State* L, int index);
void push_unknown(lua_State* L, std::string_view source);
// Likewise, but cuts a long source: a loop that joins an unknown to itself would double it.
void push_derived_unknown(lua_State* L, std::string source);
std::string_view unknown_source(lua_State* L, int index);

// How a value stands in the source of an unknown: a number, a quoted text, "[secret NAME]", or
// another unknown's source.
std::string describe_operand(lua_State* L, int index);

// The metamethods, each in the file of its kind.
void fill_secret_metatable(lua_State* L);
void fill_unknown_metatable(lua_State* L);
// Joins what lies at 1 and 2, one of them a handle; the metamethod of both kinds.
int join_handles(lua_State* L);

}  // namespace perilune::worker
