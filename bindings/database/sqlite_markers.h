// The row that a change leaves in its own transaction, by which anybody can see that it happened.
#pragma once

#include <optional>
#include <string>

#include "bindings/database/sqlite_connection.h"

namespace perilune {

// perilune_markers(key text primary key, at real, result text): the call's key, when, and the
// change's result as JSON, so that a host that finds it gives the same answer as the one that died.

// The result that a marker recorded; nothing where there is none, or no such table.
Result<std::optional<Value>> read_marker(SqliteConnection& connection, const std::string& key);

// Writes or replaces a marker. To be called within the transaction that it vouches for.
Status write_marker(SqliteConnection& connection, const std::string& key, const Value& result);

}  // namespace perilune
