// Questions about the tables of one database: which there are, how many rows, and their digests.
#pragma once

#include <string>
#include <vector>

#include "bindings/database/database_arguments.h"
#include "bindings/database/sqlite_connection.h"

namespace perilune {

// Our own tables: of markers, which every change of ours touches, and of migrations.
constexpr const char* markers_table = "perilune_markers";
constexpr const char* migrations_table = "perilune_migrations";

// The tables with rows of their own, sorted; without the markers, statistics and virtual tables,
// whose rows lie in tables of their own.
Result<std::vector<std::string>> tables_of(SqliteConnection& connection);

// A map of table to rows, all as of one moment. Raises not_found for a table that is not there.
Result<Value> count_rows(SqliteConnection& connection, const std::vector<std::string>& tables);

// A map of table to SHA-256 in hexadecimal, all as of one moment, independent of how pages, indexes
// and columns are laid out. What is digested is, for each row, its length (4 bytes, big-endian) and
// its encoding. Rows are ordered by all columns, in the order of the columns' names, by type and
// then by value: NULL, integers, reals, text and blobs by their bytes. A row's encoding is, for
// each column in the order of names: the name's length (4 bytes), the name, and
//   N                        NULL
//   I and 8 bytes            an integer, two's complement, big-endian
//   R and 8 bytes            a real, IEEE 754, big-endian; -0.0 as 0.0
//   T, 4 bytes and the text  its length in bytes, then UTF-8
//   B, 4 bytes and the blob
Result<Value> digest_rows(SqliteConnection& connection, const std::vector<std::string>& tables);

// One digest of everything that a backup keeps: schema, user_version, and every table's rows.
Result<std::string> digest_content(SqliteConnection& connection);

// The Database record; damaged, busy and absent ones are errors.
Result<Value> describe_database(SqliteConnection& connection);

}  // namespace perilune
