// What every operation of one PostgreSQL target shares: its settings, connections and transactions.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "bindings/database/postgres_connection.h"
#include "interpreter/base/driver.h"

namespace perilune {

using Operations = std::map<std::string, Handler, std::less<>>;

struct PostgresTarget {
    std::string target;  // "database/primary"
    Value url;           // Text, or a secret that is opened at use.
    PostgresTls tls;
    double connect_timeout_s = 10;
    std::string folder;                // Relative folders of migrations start here.
    std::string schema;                // Where our own tables lie.
    std::string maintenance_database;  // Where one connects to while the target's own is replaced.
    std::string programs;              // The folder of pg_dump and others; empty: found.
    std::string data;                  // Where the server runs on this machine; may be empty.
    std::string config_file;           // Of that server; empty: in `data`.
    std::string log;                   // The server's log, a file or a folder; may be empty.
    std::string archive;               // Of its WAL, on this machine; may be empty.
    std::string base_backups;          // The folder of those, too.
    Value replication_url;             // How replicas log in; nil: by `url`.
    std::string backups;               // The storage target of the settings; may be empty.
    std::string backups_of;            // Whose backups those are.
    Value decrypt_with;  // A secret: identities of age, for backups that are encrypted; may be nil.
    std::string age;     // The folder of age's programs; empty: found.
    int jobs = 1;        // How much of a dump in a folder goes on at once.
    bool disposable = false;
    Services* services = nullptr;

    // Our tables, quoted, with their schema.
    std::string markers_table() const;
    std::string ledger_table() const;
};
using PostgresTargetPointer = std::shared_ptr<PostgresTarget>;

// The target behind a driver; null where that is of another kind.
PostgresTargetPointer postgres_target_of(const Driver& driver);

// The address of a call's target, opened now.
Result<PostgresAddress> open_address(const PostgresTarget& target, const Call& call);

// A connection for one call, which ends with the call. `database` other than that of the url where
// it is not empty.
Awaitable<Result<PostgresPointer>> connect(PostgresTargetPointer target, Call& call,
                                           std::string database = "");

enum class PostgresAccess {
    read,      // Reads only.
    snapshot,  // Reads only, and all statements see one moment.
    write,
};

// Begins a transaction that the server itself ends at the call's deadline. Texts that come out of
// `read` and `snapshot` have one form, whatever the server's settings.
Awaitable<Status> begin(PostgresConnection& connection, PostgresAccess access);

// The outcome of a change that ended with `error`: unknown where its answer was lost.
Outcome outcome_of(const Error& error, bool some = false);

// Names and texts within SQL.
std::string quote_identifier(std::string_view name);
std::string quote_literal(std::string_view text);

// The operations, by what they do.
void add_postgres_status(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_reads(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_checks(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_integrity(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_sessions(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_execute(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_migrations(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_indexes(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_upkeep(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_backup(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_backup_list(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_replica(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_fence(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_logs(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_rejoin(Operations& operations, const PostgresTargetPointer& target);
void add_postgres_restore(Operations& operations, const PostgresTargetPointer& target);

}  // namespace perilune
