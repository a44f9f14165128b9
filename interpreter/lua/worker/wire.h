// The table `wire`: all that trusted Lua has to reach the host with.
#pragma once

#include <lua.hpp>

#include "interpreter/lua/worker/channel.h"
#include "interpreter/lua/worker/codec.h"

namespace perilune::worker {

// What the functions of `wire` share; outlives the Lua state.
struct Wire {
    explicit Wire(Channel& to_host) : channel(to_host) {}
    Channel& channel;
    Encoder encoder{channel.out()};
    std::string scratch;
    Encoder scratch_encoder{scratch};
};

// Pushes the table. Its functions:
//   send(list)          Gathers one frame; nil elements below the last one are sent as nil.
//   receive()           Hands over what has gathered, waits, and returns the host's next list.
//                       Where the channel does not block, it yields until resumed with that list.
//   check(value)        True where the value is plain and may cross.
//   encode(value)       Its canonical bytes, equal for equal values.
//   copy(value)         A deep copy, as the host would get it.
//   load(text, chunk_name, environment)   The function, or nil and a message.
//   secret(pieces), secret_pieces(handle) From and to lists of { text, name, provider, version,
//                       encoding }; is_secret(value).
//   unknown(source), is_unknown(value), unknown_source(value)
//   sorted_keys(table)  Numbers ascending, then texts by bytes, then false and true; or nil and
//                       what other key there is. first_key(table) gives the first of them alone.
//   memory_bytes(), cpu_s()
// send, check, encode and copy give nil, a reason ("records[3].ttl is a function") and a code
// (not_plain, too_deep, too_large) for what may not cross; send also the element's number.
void push_wire(lua_State* L, Wire& wire);

}  // namespace perilune::worker
