// What SQLite's result codes mean for a runbook.
#pragma once

#include <string>

#include "bindings/database/sqlite_connection.h"

namespace perilune {

// Codes: damaged, database_busy, read_only, disk_full, file_failed, constraint_failed, not_allowed,
// timed_out, cancelled, not_found, sql_failed. `safe` where trying again later can succeed: the
// statement, or the transaction around it, then left nothing behind.
Error sqlite_error(const std::string& doing, int code, const std::string& said,
                   Interrupter::Why why);

}  // namespace perilune
