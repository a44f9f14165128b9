// What the operations on a PostgreSQL database's backups share.
#pragma once

#include <optional>

#include "bindings/database/backup_catalog.h"
#include "bindings/database/postgres_databases.h"
#include "bindings/database/postgres_dump.h"

namespace perilune {

// The storage side of a call; `before` as it was found.
Shelf shelf_of(const PostgresTarget& target, const Call& call, const Value& before);

// With what its dumps are made and read.
DumpTools tools_of(const PostgresTarget& target);

// Lets work off the loop hear when its call has to end.
StreamWatch watch_of(const Call& call, const std::string& doing);

// The backup that a call's `backup` or `at` means: a dump, or a database that a restore kept.
// Errors: not_found, not_allowed.
Awaitable<Result<BackupEntry>> resolve_backup(PostgresTargetPointer target, Call& call);

// Blocking work off the loop, for functions that return a value.
template <class T>
Awaitable<T> off_the_loop(const PostgresTarget& target, std::function<T()> work) {
    co_return co_await off_loop<T>(target.services->loop, std::move(work));
}

}  // namespace perilune
