// Statements on indexes that PostgreSQL executes beside writers and in no transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bindings/database/postgres_sql.h"
#include "bindings/database/postgres_target.h"

namespace perilune {

struct ConcurrentStatement {
    enum class Kind { create, drop, rebuild };
    Kind kind = Kind::create;
    std::string text;
    std::string index;       // Its name without quotes; of `drop` as SQL has it, with a schema.
    std::string table;       // Of `create`: the table as SQL has it.
    bool if_exists = false;  // It is content with what is there: IF NOT EXISTS, or IF EXISTS.
};

// CREATE INDEX CONCURRENTLY, DROP INDEX CONCURRENTLY or REINDEX … CONCURRENTLY; nothing where the
// statement is another one. Errors: bad_argument where the index has no name, by which nobody could
// see later whether it was built.
Result<std::optional<ConcurrentStatement>> read_concurrent(const SqlStatement& statement);

struct PostgresIndex {
    std::string quoted;  // As SQL needs it.
    std::string oid;
    bool valid = false;
    double size_bytes = 0;
};

// An index of a table; nothing where there is none of that name.
Awaitable<Result<std::optional<PostgresIndex>>> find_index(PostgresConnection& connection,
                                                           std::string table, std::string index);

// Executes one, outside of a transaction. A build that an earlier try has left unfinished is waited
// for where the server still is at it, and else removed and begun anew. With `begun_before`, what
// is there already is what an earlier try has done.
Awaitable<Status> execute_concurrently(Loop& loop, PostgresConnection& connection,
                                       ConcurrentStatement statement, bool begun_before);

}  // namespace perilune
