// What a PostgreSQL replica says of itself.
#pragma once

#include <string>

#include "bindings/database/postgres_target.h"

namespace perilune {

struct Replica {
    bool in_recovery = false;
    Value lag;            // As `lag` gives it; only of a replica.
    std::string primary;  // HOST:PORT; empty where it may not be known.
};

Awaitable<Result<Replica>> read_replica(PostgresConnection& connection);

// The number of a primary's history, by the name of the file that it writes to.
Awaitable<Result<double>> read_timeline(PostgresConnection& connection);

}  // namespace perilune
