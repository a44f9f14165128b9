// Checks of one SQLite database, used by verify, check_integrity, and for backups before they are
// trusted.
#pragma once

#include <string>

#include "bindings/database/database_checks.h"
#include "bindings/database/sqlite_connection.h"

namespace perilune {

// Appends one check for each table: rows between `min` and `max` of its limits.
void check_counts(SqliteConnection& connection, const Value& limits, List& checks);

// Appends one check for each table of `expected`: exactly so many rows.
void check_exact_counts(SqliteConnection& connection, const Value& expected, List& checks);

// Appends the check of the structure: "quick" or "full".
void check_structure(SqliteConnection& connection, const std::string& level, List& checks);

}  // namespace perilune
