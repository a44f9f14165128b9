// The driver `sqlite`: a database that is one file of this machine.
#include <filesystem>

#include "bindings/database/database.h"
#include "bindings/database/sqlite_target.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr Setting settings[] = {
    {.name = "path", .doc = "The database's file.", .identity = true},
    {.name = "busy_timeout",
     .type = Type::duration,
     .doc = "How long to wait where another process has it locked.",
     .need = Need::optional,
     .fallback = "5s"},
    {.name = "backups",
     .type = Type::target,
     .doc = "The storage target of its backups.",
     .need = Need::optional},
    {.name = "backups_of",
     .doc = "The database whose backups are listed and restored here; without it, its own. They "
            "are only ever removed by that database itself.",
     .need = Need::optional},
    {.name = "foreign_keys",
     .doc = "Whether execute enforces references, and migrations may leave no new broken ones.",
     .need = Need::optional,
     .fallback = "on",
     .choices = "on|off"},
    {.name = "decrypt_with",
     .type = Type::secret,
     .doc = "The identities of age (AGE-SECRET-KEY-1…, one a line) that read encrypted backups.",
     .need = Need::optional},
    {.name = "age",
     .doc = "The folder of the programs age and age-keygen; without it /usr/local/bin or /usr/bin.",
     .need = Need::optional},
    {.name = "disposable",
     .type = Type::boolean,
     .doc = "Whether clone and drop may throw its data away.",
     .need = Need::optional,
     .fallback = "false"},
};

constexpr std::string_view operations[] = {"status",
                                           "query",
                                           "counts",
                                           "digests",
                                           "verify",
                                           "check_integrity",
                                           "pending_migrations",
                                           "list_backups",
                                           "verify_backup",
                                           "wait_ready",
                                           "wait_writable",
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
                                           "fence",
                                           "unfence",
                                           "analyze",
                                           "reindex"};

// The real place of a file that may not be there yet. SQLite names journal and log after it, and a
// rename must replace the file and not a link to it.
std::string real_path(const std::string& path) {
    std::error_code code;
    const auto real = std::filesystem::weakly_canonical(path, code);
    return code ? path : real.string();
}

Result<Driver> make_sqlite(const Settings& given, Services& services) {
    const auto target = std::make_shared<SqliteTarget>();
    target->target = given.target;
    target->path = real_path(path_below(given.folder, given.values["path"].text()));
    target->folder = given.folder;
    target->busy_timeout_s = given.values["busy_timeout"].number();
    target->decrypt_with = given.values["decrypt_with"];
    target->age = given.values["age"].text();
    target->disposable = given.values["disposable"].boolean();
    target->foreign_keys = given.values["foreign_keys"].text() != "off";
    target->backups = given.values["backups"].text();
    target->backups_of = given.values["backups_of"].text();
    if (target->backups_of.empty()) target->backups_of = given.target;
    target->services = &services;
    Driver driver;
    add_sqlite_reads(driver.operations, target);
    add_sqlite_checks(driver.operations, target);
    add_sqlite_waits(driver.operations, target);
    add_sqlite_execute(driver.operations, target);
    add_sqlite_upkeep(driver.operations, target);
    add_sqlite_migrations(driver.operations, target);
    add_sqlite_fence(driver.operations, target);
    add_sqlite_backup(driver.operations, target);
    add_sqlite_backup_list(driver.operations, target);
    add_sqlite_restore(driver.operations, target);
    add_sqlite_clone(driver.operations, target);
    if (!target->decrypt_with.is_nil())
        driver.examine = [target](Call& call) { return examine_sqlite(target, call); };
    driver.state = target;
    return driver;
}

}  // namespace

constinit const DriverKind sqlite_kind = {
    .family = "database",
    .name = "sqlite",
    .doc = R"(A database that is one SQLite file of this machine, also while others use it.
A restore replaces its content in one transaction, so who is connected sees the new data next; where
the file is missing, damaged or fenced it is replaced by a rename, which needs everybody to have
closed it if it has a write-ahead log. A fence is kept through a restore. What had the database open
when it was fenced must reconnect after unfence.)",
    .settings = settings,
    .operations = operations,
    .make = make_sqlite,
    .acts_in_host = true,
    .doctor_checks = "the file (status); where `decrypt_with` is set, age and that it is a key",
};

}  // namespace perilune
