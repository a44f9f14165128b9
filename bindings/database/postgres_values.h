// Values between a runbook and PostgreSQL's texts.
#pragma once

#include "bindings/database/postgres_connection.h"

namespace perilune {

// A column's text as a runbook sees it. Whole numbers beyond 2^53 and decimals of more digits than
// a number holds stay text; bytea gives its bytes; times and all else are as the server writes
// them.
Value value_of(const std::optional<std::string>& text, unsigned type);

// One row as a map of column to value, without NULLs.
Value row_value(const PostgresRows& head, const PostgresRow& row);

// What a runbook gives for $1: numbers, booleans, text; bytes that are no text are taken as bytea.
// Errors: bad_argument for a list or a map.
Result<std::optional<std::string>> parameter_of(const Value& value);

}  // namespace perilune
