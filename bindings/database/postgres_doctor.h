// What a doctor asks of a PostgreSQL target: rights of its user, and the programs that dump it.
#pragma once

#include "bindings/database/postgres_target.h"

namespace perilune {

// A list of findings (Driver::examine). Reads only.
Awaitable<Result<Value>> examine_postgres(PostgresTargetPointer target, Call& call);

}  // namespace perilune
