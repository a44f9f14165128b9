// Restores of a whole PostgreSQL server on this machine, with all its databases: to a moment, or to
// the data that an earlier one kept.
#pragma once

#include "bindings/database/postgres_target.h"

namespace perilune {

// Whether a `restore` means the server and not the database alone.
bool restores_server(const PostgresTarget& target, const Call& call);

Awaitable<Result<Before>> before_server_restore(PostgresTargetPointer target, Call& call);
Awaitable<Outcome> act_server_restore(PostgresTargetPointer target, Call& call);
Awaitable<Sighting> look_for_server_restore(PostgresTargetPointer target, Call& call);
Awaitable<Result<Value>> read_restore_window(PostgresTargetPointer target, Call& call);

}  // namespace perilune
