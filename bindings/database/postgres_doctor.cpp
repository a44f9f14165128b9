#include "bindings/database/postgres_doctor.h"

#include "bindings/database/backup_doctor.h"
#include "bindings/database/postgres_backup.h"
#include "bindings/database/postgres_programs.h"
#include "interpreter/base/findings.h"

namespace perilune {

namespace {

constexpr int versions_a_major = 10000;  // server_version_num of 15.3 is 150003.

// $1 is the schema of our own tables. Partitions and views are dumped without being read.
constexpr const char* rights_sql = R"(
select current_user, current_setting('server_version_num'), pg_is_in_recovery(),
       r.rolsuper, r.rolreplication or r.rolsuper,
       pg_catalog.pg_has_role(d.datdba, 'MEMBER'),
       coalesce((select has_schema_privilege(n.oid, 'CREATE') from pg_namespace n
                 where n.nspname = $1), false),
       (select string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by 1) from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'm') and n.nspname !~ '^(pg_|information_schema$)'
          and not (has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, 'SELECT'))),
       pg_has_role('pg_signal_backend', 'MEMBER'), r.rolcreatedb or r.rolsuper
from pg_roles r, pg_database d
where r.rolname = current_user and d.datname = current_database())";

int number_at(const char* text) { return static_cast<int>(std::strtol(text, nullptr, 10)); }

int major_of(const std::string& number) { return number_at(number.c_str()) / versions_a_major; }

// "pg_dump (PostgreSQL) 15.13 (Debian …)" has 15; 0 where it says none.
int major_of_program(const std::string& said) {
    const auto at = said.find_first_of("0123456789");
    return at == std::string::npos ? 0 : number_at(said.c_str() + at);
}

Result<std::string> version_of(const std::string& path) {
    std::string said;
    auto started = PipedProgram::start(
        {path, "--version"}, {"LC_ALL=C"},
        [&said](std::string_view bytes) -> Status {
            said += bytes;
            return Done{};
        },
        {.stopped = [] { return std::optional<Error>(); }, .tell = [](const std::string&) {}});
    if (!started) return started.error();
    if (const auto ended = (*started)->finish(); !ended) return ended.error();
    return said;
}

// Dumps are only made by programs that are not older than the server (pg_dump, "Notes").
void examine_program(const PostgresTarget& target, const char* name, int server, Findings& found) {
    const auto path = find_postgres_program(target.programs, name);
    if (!path) return found.problem(path.error().message);
    const auto said = version_of(*path);
    if (!said) return found.problem(*path + ": " + said.error().message);
    const int major = major_of_program(*said);
    const std::string is = *path + " is of version " + std::to_string(major);
    if (major >= server) return found.well(is);
    found.problem(is + ", older than the server, " + std::to_string(server),
                  "Install postgresql-client of the server's version or a newer one, or name its "
                  "folder with the setting `programs`.");
}

void add_rights(const PostgresTarget& target, const PostgresRow& row, Findings& found) {
    const auto is = [&row](std::size_t at) { return row[at].value_or("f") == "t"; };
    const std::string user = "the user " + row[0].value_or("");
    const bool super = is(3);
    if (row[7])
        found.lacks({"backup"}, user + " may not read " + *row[7] + ", so that a backup would fail",
                    "GRANT SELECT on them, or pg_read_all_data, to it.");
    else
        found.well(user + " may read every table");
    if (is(2))
        found.well("it is a replica: what is made here comes from its primary");
    else if (is(6))
        found.well(user + " may make tables in " + target.schema);
    else
        found.lacks({"execute", "execute_batches", "migrate", "revert_migrations", "create_index"},
                    user + " may not make tables in the schema " + target.schema +
                        ", where execute keeps its marks and migrate its ledger",
                    "GRANT CREATE on that schema, or name another with the setting `schema`.");
    if (super) return;
    if (!is(5))
        found.lacks({"fence", "unfence", "restore", "clone"}, user + " does not own the database",
                    "Make it the owner, or a member of the owner.");
    if (!is(9))
        found.lacks({"restore", "clone"}, user + " may not make databases",
                    "ALTER ROLE … CREATEDB.");
    if (!is(8))
        found.lacks({"end_sessions", "fence"}, user + " may not end sessions of others",
                    "GRANT pg_signal_backend to it.");
    if (!is(4)) found.lacks({"rejoin"}, user + " may not replicate", "ALTER ROLE … REPLICATION.");
}

// Whether fence by "stop" would reach the server that answers here.
Awaitable<bool> examine_machine(PostgresMachinePointer machine, Call& call, Findings& found) {
    auto asking = machine_is_stopped(machine, call);
    const auto stopped = co_await asking;
    const std::string host = "the machine " + machine->line.host.show();
    const std::string code = stopped ? "" : stopped.error().code;
    if (code == "permission_denied" || code == "unknown_host_key" || code == "host_key_changed")
        found.refused(stopped.error().message);
    else if (!stopped)
        found.problem(stopped.error().message);
    else if (*stopped)
        found.problem(host + " says that its server is stopped, though the url reaches one",
                      "Let `service` or `data` of the setting `machine` name that one.");
    else
        found.well(host + " lets us in and has the server that fence by \"stop\" stops");
    co_return true;
}

}  // namespace

Awaitable<Result<Value>> examine_postgres(PostgresTargetPointer target,
                                          PostgresMachinePointer machine, Call& call) {
    const auto connection = co_await connect(target, call);
    if (!connection) co_return connection.error();
    const auto begun = co_await begin(**connection, PostgresAccess::read);
    if (!begun) co_return begun.error();
    const PostgresParameters parameters = {target->schema};
    const auto read = co_await (*connection)->query(rights_sql, parameters);
    if (!read) co_return read.error();
    Findings found(call);
    const PostgresRow& row = read->rows.at(0);
    add_rights(*target, row, found);
    const int server = major_of(row[1].value_or("0"));
    const BackupKeys keys = shelf_of(*target, call, Value()).keys;
    const StreamWatch watch = watch_of(call, "Looking at the programs");
    const bool dumps = found.wanted({"backup", "restore", "clone"});
    const std::function<bool()> looking = [&] {
        examine_keys(keys, watch, found);
        if (!dumps) return true;
        for (const char* name : {"pg_dump", "pg_restore"})
            examine_program(*target, name, server, found);
        return true;
    };
    co_await off_loop(target->services->loop, looking);
    if (machine && found.wanted({"fence", "unfence"})) {
        auto examining = examine_machine(machine, call, found);
        co_await examining;
    }
    co_return found.value();
}

}  // namespace perilune
