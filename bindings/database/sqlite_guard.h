// Judges what SQL given by a runbook may do: SQLite's authorizer.
#pragma once

namespace perilune {

// A callback for sqlite3_set_authorizer; `guard` points to the connection's Guard.
int judge_sql(void* guard, int action, const char* first, const char* second, const char* schema,
              const char* within);

}  // namespace perilune
