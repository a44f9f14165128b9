// The family `database`: one database under one endpoint.
#pragma once

#include "interpreter/base/driver.h"
#include "interpreter/base/simulation.h"

namespace perilune {

extern const Family database_family;

// A database that is one SQLite file.
extern const DriverKind sqlite_kind;
// A database of a PostgreSQL server.
extern const DriverKind postgres_kind;

// A server in memory, for tests of runbooks.
extern const SimulatedKind simulated_database;

}  // namespace perilune
