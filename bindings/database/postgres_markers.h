// The row that a change leaves in its own transaction, by which anybody can see that it happened.
#pragma once

#include <optional>
#include <string>

#include "bindings/database/postgres_target.h"

namespace perilune {

// perilune_markers(key text primary key, at timestamptz, result text): the call's key, when, and
// the change's result as JSON, so that a host that finds it gives the same answer as the one that
// died.

// Makes the tables of markers and of migrations where they are missing, in a transaction of its
// own.
Awaitable<Status> make_own_tables(PostgresConnection& connection, const PostgresTarget& target);

// Locks a name until the end of the transaction. A change locks its key before it does anything,
// and whoever looks for it locks the key first: then nobody is still at it, however its connection
// was lost, and what the look sees is final.
Awaitable<Status> lock_name(PostgresConnection& connection, std::string name);

// The result that a marker recorded; nothing where there is none, or no such table.
Awaitable<Result<std::optional<Value>>> read_marker(PostgresConnection& connection,
                                                    const PostgresTarget& target, std::string key);

// Writes or replaces a marker, or removes it. Within the transaction that it vouches for.
Awaitable<Status> write_marker(PostgresConnection& connection, const PostgresTarget& target,
                               std::string key, Value result);
Awaitable<Status> remove_marker(PostgresConnection& connection, const PostgresTarget& target,
                                std::string key);

// Sees by the marker of the call's key whether a change happened. A marker with `unfinished` says
// that it had not ended.
Awaitable<Sighting> look_for_marker(PostgresTargetPointer target, Call& call);

}  // namespace perilune
