// The driver `postgres`: a database of a PostgreSQL server.
#include <csignal>

#include "bindings/database/database.h"
#include "bindings/database/postgres_target.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr Setting settings[] = {
    {.name = "url",
     .doc = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE; several hosts with commas. After a "
            "question mark libpq's own parameters, such as sslmode or target_session_attrs.",
     .may_be_secret = true,
     .identity = true},
    {.name = "tls",
     .doc = "How the connection is protected; what the url says stands before it. Without either, "
            "prefer on this machine and require beyond it.",
     .need = Need::optional,
     .choices = "disable|allow|prefer|require|verify-ca|verify-full"},
    {.name = "ca_file",
     .doc = "The authorities that verify-ca and verify-full trust; without it this system's.",
     .need = Need::optional},
    {.name = "connect_timeout",
     .type = Type::duration,
     .doc = "How long each of the url's servers may take to answer.",
     .need = Need::optional,
     .fallback = "10s"},
    {.name = "schema",
     .doc = "Where perilune_markers and perilune_migrations lie.",
     .need = Need::optional,
     .fallback = "public"},
    {.name = "maintenance_database",
     .doc = "The database to connect to while the target's own is made or replaced.",
     .need = Need::optional,
     .fallback = "postgres"},
    {.name = "programs",
     .doc = "The folder of pg_dump, pg_restore and psql; without it the newest version installed. "
            "They must not be older than the server.",
     .need = Need::optional},
    {.name = "backups",
     .type = Type::target,
     .doc = "The storage target of its backups.",
     .need = Need::optional},
    {.name = "backups_of",
     .doc = "The database whose backups are listed and restored here; without it, its own. They "
            "are only ever removed by that database itself.",
     .need = Need::optional},
    {.name = "disposable",
     .type = Type::boolean,
     .doc = "Whether clone and drop may throw its data away.",
     .need = Need::optional,
     .fallback = "false"},
};

constexpr std::string_view operations[] = {
    "status",
    "query",
    "counts",
    "digests",
    "verify",
    "check_integrity",
    "lag",
    "sessions",
    "slow_queries",
    "pending_migrations",
    "list_backups",
    "verify_backup",
    "wait_ready",
    "wait_writable",
    "wait_caught_up",
    "execute",
    "execute_batches",
    "migrate",
    "revert_migrations",
    "backup",
    "delete_backup",
    "prune_backups",
    "restore",
    "clone",
    "drop",
    "promote",
    "end_sessions",
    "analyze",
    "reindex",
    "create_index",
    "refresh_views",
    "set_password",
};

// What is written into the environment's file is shown in plans and kept in journals.
Status refuse_written_password(const Settings& given) {
    const Value& url = given.values["url"];
    if (url.is_secret()) return Done{};
    const auto written = parse_connection_string(url.text());
    if (!written || (!written->contains("password") && !written->contains("sslpassword")))
        return Done{};
    return fail("bad_setting", "The url of " + given.target +
                                   " holds a password, which plans and journals would show. Put "
                                   "the url into the secrets provider and write \"secret:NAME\" "
                                   "in its place.");
}

Result<Driver> make_postgres(const Settings& given, Services& services) {
    if (const auto refused = refuse_written_password(given); !refused) return refused.error();
    // A program that ends early would end the host with what is still written to it.
    std::signal(SIGPIPE, SIG_IGN);
    const auto target = std::make_shared<PostgresTarget>();
    target->target = given.target;
    target->url = given.values["url"];
    target->tls.mode = given.values["tls"].text();
    const std::string ca_file = given.values["ca_file"].text();
    if (!ca_file.empty()) target->tls.ca_file = path_below(given.folder, ca_file);
    target->connect_timeout_s = given.values["connect_timeout"].number();
    target->folder = given.folder;
    target->schema = given.values["schema"].text();
    target->maintenance_database = given.values["maintenance_database"].text();
    target->programs = given.values["programs"].text();
    target->backups = given.values["backups"].text();
    target->backups_of = given.values["backups_of"].text();
    if (target->backups_of.empty()) target->backups_of = given.target;
    target->disposable = given.values["disposable"].boolean();
    target->services = &services;
    Driver driver;
    add_postgres_status(driver.operations, target);
    add_postgres_reads(driver.operations, target);
    add_postgres_checks(driver.operations, target);
    add_postgres_integrity(driver.operations, target);
    add_postgres_sessions(driver.operations, target);
    add_postgres_execute(driver.operations, target);
    add_postgres_migrations(driver.operations, target);
    add_postgres_indexes(driver.operations, target);
    add_postgres_upkeep(driver.operations, target);
    add_postgres_backup(driver.operations, target);
    add_postgres_backup_list(driver.operations, target);
    add_postgres_restore(driver.operations, target);
    add_postgres_replica(driver.operations, target);
    driver.state = target;
    return driver;
}

}  // namespace

constinit const DriverKind postgres_kind = {
    .family = "database",
    .name = "postgres",
    .doc = "A database of a PostgreSQL server.",
    .settings = settings,
    .operations = operations,
    .make = make_postgres,
};

}  // namespace perilune
