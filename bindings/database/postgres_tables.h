// Questions about the tables of one database: which there are, how many rows, and their digests.
#pragma once

#include <string>
#include <vector>

#include "bindings/database/postgres_target.h"

namespace perilune {

struct PostgresTable {
    std::string name;    // "public.items", without quotes.
    std::string quoted;  // As SQL needs it.
    double oid = 0;
};

// Whether there is a table or index of that name, which is written as SQL has it.
Awaitable<Result<bool>> has_relation(PostgresConnection& connection, std::string quoted);

// All others are to be called within a transaction.

// The tables with rows of their own, sorted by name: partitions and not what they are parts of,
// without our markers, and nothing temporary.
Awaitable<Result<std::vector<PostgresTable>>> tables_of(PostgresConnection& connection,
                                                        const PostgresTarget& target);

// A table, partitioned table or view by its name, in the search path or as SCHEMA.NAME. Errors:
// not_found.
Awaitable<Result<PostgresTable>> find_table(PostgresConnection& connection, std::string name);

Awaitable<Result<double>> count_rows(PostgresConnection& connection, PostgresTable table);
Awaitable<Result<double>> count_rows_of(PostgresConnection& connection, std::string name);

// SHA-256 in hexadecimal of the SHA-256 of every row, sorted by their bytes. What is digested of a
// row is the JSON text {"column":"value",…} in UTF-8: columns by the bytes of their names, each
// value as the text that PostgreSQL gives it with datestyle ISO, time zone UTC, intervalstyle
// postgres, bytea_output hex and the shortest exact numbers; NULL is null. So it does not depend on
// how rows, columns and indexes are laid out.
Awaitable<Result<std::string>> digest_rows(PostgresConnection& connection, PostgresTable table);

// A digest of everything in the database that a backup keeps but the markers: columns and rows of
// every table. Without a sort, so it is as fast as the tables can be read; it is no cryptographic
// digest, and only ever compared with another one of its kind.
Awaitable<Result<std::string>> digest_content(PostgresConnection& connection,
                                              const PostgresTarget& target);

}  // namespace perilune
