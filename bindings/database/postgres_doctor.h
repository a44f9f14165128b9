// What a doctor asks of a PostgreSQL target: rights of its user, and the programs that dump it.
#pragma once

#include "bindings/database/postgres_machine.h"

namespace perilune {

// A list of findings (Driver::examine). Reads only. `machine`: that of its settings, or null.
Awaitable<Result<Value>> examine_postgres(PostgresTargetPointer target,
                                          PostgresMachinePointer machine, Call& call);

}  // namespace perilune
