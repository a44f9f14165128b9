// The driver `postgres`: a database of a PostgreSQL server.
#include <algorithm>
#include <thread>

#include "bindings/database/database.h"
#include "bindings/database/postgres_backup.h"
#include "bindings/database/postgres_doctor.h"
#include "bindings/database/postgres_machine.h"
#include "bindings/database/scratch_folder.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr int jobs_max = 64;
constexpr int jobs_default_max = 4;

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
    {.name = "jobs",
     .type = Type::integer,
     .doc = "How many connections make or load a dump in a folder, and how many of its files are "
            "stored or fetched at once; without it one a processor, at most 4.",
     .need = Need::optional},
    {.name = "data",
     .doc = "The server's data folder, where the server runs on this machine: rejoin works on it, "
            "as root or as its owner. The folder above it must have room for a copy.",
     .need = Need::optional},
    {.name = "config_file",
     .doc = "That server's postgresql.conf, where it is not in `data`.",
     .need = Need::optional},
    {.name = "log",
     .doc = "That server's log, where it is on this machine: a file, or a folder of .log or .csv "
            "files. Its log_timezone is UTC, and log_line_prefix begins with %m or %t.",
     .need = Need::optional},
    {.name = "archive",
     .doc = "The folder on this machine to which that server's archive_command copies WAL: restore "
            "by `at` then brings the whole server, all its databases, to that moment.",
     .need = Need::optional},
    {.name = "base_backups",
     .doc = "The folder of that server's base backups, each a folder by pg_basebackup (plain).",
     .need = Need::optional},
    {.name = "replication_url",
     .doc = "How a server that rejoins this one logs in to it (REPLICATION, and what pg_rewind "
            "needs); without it by `url`. It is kept in that server's postgresql.auto.conf.",
     .need = Need::optional,
     .may_be_secret = true},
    {.name = "backups",
     .type = Type::target,
     .doc = "The storage target of its backups.",
     .need = Need::optional},
    {.name = "backups_of",
     .doc = "The database whose backups are listed and restored here; without it, its own. They "
            "are only ever removed by that database itself.",
     .need = Need::optional},
    {.name = "decrypt_with",
     .type = Type::secret,
     .doc = "The identities of age (AGE-SECRET-KEY-1…, one a line) that read encrypted backups.",
     .need = Need::optional},
    {.name = "age",
     .doc = "The folder of the programs age and age-keygen; without it /usr/local/bin or /usr/bin.",
     .need = Need::optional},
    {.name = "machine",
     .type = Type::map,
     .doc = postgres_machine_doc,
     .need = Need::optional,
     .may_be_secret = true},
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
    "fence",
    "unfence",
    "rejoin",
    "restore_window",
    "logs",
    "end_sessions",
    "analyze",
    "reindex",
    "create_index",
    "refresh_views",
    "set_password",
};

int jobs_here() {
    return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, jobs_default_max);
}

// What is written into the environment's file is shown in plans and kept in journals.
Status refuse_written_password(const Settings& given, const std::string& setting) {
    const Value& url = given.values[setting];
    if (url.is_secret()) return Done{};
    const auto written = parse_connection_string(url.text());
    if (!written || (!written->contains("password") && !written->contains("sslpassword")))
        return Done{};
    return fail("bad_setting", "The " + setting + " of " + given.target +
                                   " holds a password, which plans and journals would show. Put "
                                   "the url into the secrets provider and write \"secret:NAME\" "
                                   "in its place.");
}

// Tells our targets from the state of other drivers: a pointer keeps the type by which it ends.
struct EndPostgresTarget {
    void operator()(const PostgresTarget* target) const { delete target; }
};

Result<Driver> make_postgres(const Settings& given, Services& services) {
    for (const char* setting : {"url", "replication_url"})
        if (const auto refused = refuse_written_password(given, setting); !refused)
            return refused.error();
    const PostgresTargetPointer target(new PostgresTarget, EndPostgresTarget());
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
    const std::string data = given.values["data"].text();
    if (!data.empty()) target->data = path_below(given.folder, data);
    const std::string config_file = given.values["config_file"].text();
    if (!config_file.empty()) target->config_file = path_below(given.folder, config_file);
    const std::string log = given.values["log"].text();
    if (!log.empty()) target->log = path_below(given.folder, log);
    const std::string archive = given.values["archive"].text();
    if (!archive.empty()) target->archive = path_below(given.folder, archive);
    const std::string base_backups = given.values["base_backups"].text();
    if (!base_backups.empty()) target->base_backups = path_below(given.folder, base_backups);
    const Value& jobs = given.values["jobs"];
    if (!jobs.is_nil() && (jobs.number() < 1 || jobs.number() > jobs_max))
        return fail("bad_setting", "The setting `jobs` of " + given.target + " must be from 1 to " +
                                       std::to_string(jobs_max) + ".");
    target->jobs = jobs.is_nil() ? jobs_here() : static_cast<int>(jobs.number());
    target->replication_url = given.values["replication_url"];
    target->backups = given.values["backups"].text();
    target->backups_of = given.values["backups_of"].text();
    if (target->backups_of.empty()) target->backups_of = given.target;
    target->decrypt_with = given.values["decrypt_with"];
    target->age = given.values["age"].text();
    target->disposable = given.values["disposable"].boolean();
    target->services = &services;
    // What a host that was killed left of dumps; of a host without a state, nothing.
    if (!services.state_folder.empty()) remove_stale_folders(tools_of(*target).scratch);
    const auto machine = read_postgres_machine(given, services);
    if (!machine) return machine.error();
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
    add_postgres_fence(driver.operations, target);
    if (*machine) add_postgres_stop(driver.operations, target, *machine);
    add_postgres_rejoin(driver.operations, target);
    add_postgres_logs(driver.operations, target);
    driver.examine = [target, machine = *machine](Call& call) {
        return examine_postgres(target, machine, call);
    };
    driver.state = target;
    return driver;
}

}  // namespace

PostgresTargetPointer postgres_target_of(const Driver& driver) {
    if (!std::get_deleter<EndPostgresTarget>(driver.state)) return nullptr;
    return std::static_pointer_cast<PostgresTarget>(driver.state);
}

constinit const DriverKind postgres_kind = {
    .family = "database",
    .name = "postgres",
    .doc =
        "A database of a PostgreSQL server. fence by \"read_only\" is a default of the database: "
        "it ends all sessions and stops whoever does not ask for a transaction that writes in "
        "so many words (`begin read write`). By \"disconnect\" nobody is let in, superusers "
        "neither; only who may alter the database can lift it, from another one. Both raise "
        "`unreachable` where the server cannot be told. By \"stop\" its machine stops it, whatever "
        "it answers, and connections are seen to be refused; a machine that is started anew starts "
        "its server, unless the unit is disabled. From there to another fence it is started first, "
        "and takes writes until that holds. unfence ends the sessions that began "
        "read-only, and promote lifts a fence that came with the old primary's data. A backup in "
        "the format \"directory\" is dumped by `jobs` connections into `scratch` of the state "
        "folder, which must have room for the whole dump as text, is stored from there, and is "
        "brought back to there to be loaded or verified.",
    .settings = settings,
    .operations = operations,
    .make = make_postgres,
    .doctor_checks =
        "the server, user and password (status); what the user may read, make, end, "
        "own and replicate; pg_dump and pg_restore, and that they are not older than "
        "the server; where `decrypt_with` is set, age and that it is a key; where `machine` "
        "is, that it lets us in and has the server",
    .doctor_cannot = "room for what a restore makes",
};

}  // namespace perilune
