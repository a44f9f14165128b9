// The fixed order of a table's keys, which sorted `pairs` and `next` go by.
#pragma once

#include <lua.hpp>

namespace perilune::worker {

// wire.sorted_keys(table): a list of the keys, or nil and what other kind of key there is.
int sorted_keys(lua_State* L);
// wire.first_key(table): the first of them, nil for an empty table, or nil and the reason.
int first_key(lua_State* L);

}  // namespace perilune::worker
