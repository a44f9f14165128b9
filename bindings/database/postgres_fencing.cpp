#include "bindings/database/postgres_fencing.h"

#include <algorithm>

#include "bindings/database/postgres_databases.h"
#include "interpreter/base/pause.h"

namespace perilune {

namespace {

constexpr double end_again_s = 0.1;
constexpr double ends_within_s = 30;

constexpr const char* fence_sql = R"(
select d.datallowconn,
       exists (select from unnest(s.setconfig) c
               where c like 'default\_transaction\_read\_only=%' and split_part(c, '=', 2)::bool),
       (select split_part(c, '=', 2) from unnest(s.setconfig) c
        where c like 'perilune.fence\_held\_since=%'),
       pg_is_in_recovery()
from pg_database d left join pg_db_role_setting s on s.setdatabase = d.oid and s.setrole = 0
where d.datname = $1)";

// A role's own setting stands before the database's, a prepared transaction is committed without
// asking whether writing is allowed, and a subscription's worker writes below that question.
constexpr const char* bypass_sql = R"(
select string_agg(what, '; ') from (
select format('the role %I has its own default_transaction_read_only = off', r.rolname) as what
from pg_db_role_setting s join pg_roles r on r.oid = s.setrole and r.rolcanlogin
join pg_database d on d.datname = $1 and s.setdatabase in (0, d.oid)
cross join lateral unnest(s.setconfig) c
where c like 'default\_transaction\_read\_only=%' and not split_part(c, '=', 2)::bool
union all
select format('the prepared transaction %L can still be committed', gid)
from pg_prepared_xacts where database = $1
union all
select format('the subscription %I goes on writing what it receives', s.subname)
from pg_subscription s join pg_database d on d.oid = s.subdbid
where d.datname = $1 and s.subenabled) found)";

// Who may not read the statistics of others sees their numbers alone: these are old where they were
// there at the first look ($3). Vacuuming writes no data.
constexpr const char* old_sessions_sql = R"(
from pg_stat_activity
where datname = $1 and pid <> pg_backend_pid() and backend_type is distinct from 'autovacuum worker'
  and ($2::float8 is null or backend_start <= to_timestamp($2::float8)
       or (backend_start is null and ($3::text is null or pid = any($3::int[])))))";

constexpr const char* own_settings[] = {"default_transaction_read_only",
                                        "perilune.fence_held_since"};

PostgresParameters old_sessions_of(const std::string& database, const std::string& moment) {
    PostgresParameters parameters(3);
    parameters[0] = database;
    if (!moment.empty()) parameters[1] = moment;
    return parameters;
}

Error fence_failed(const PostgresTarget& target, const std::string& why) {
    return fail("fence_failed", "The fence of " + target.target + ": " + why +
                                    " What was set stays so; see `sessions`, and do it again.");
}

}  // namespace

std::string FenceFound::how() const {
    if (!takes_connections) return "disconnect";
    return read_only ? "read_only" : "none";
}

Awaitable<Result<FenceFound>> read_fence(PostgresTargetPointer target, Call& call,
                                         PostgresConnection& connection) {
    const auto address = open_address(*target, call);
    if (!address) co_return address.error();
    PostgresParameters parameters = {address->database()};
    const auto read = co_await connection.query(fence_sql, parameters);
    if (!read) co_return read.error();
    if (read->rows.empty())
        co_return fail("not_found", "Reading the fence of " + target->target +
                                        ": its server has no database " + address->database() +
                                        ".");
    const PostgresRow& row = read->rows.front();
    FenceFound found;
    found.takes_connections = *row[0] == "t";
    found.read_only = *row[1] == "t";
    found.held_since = row[2].value_or("");
    found.in_recovery = *row[3] == "t";
    co_return found;
}

Awaitable<Result<std::string>> find_bypass(PostgresConnection& connection, std::string database) {
    PostgresParameters parameters = {database};
    const auto read = co_await connection.query(bypass_sql, parameters);
    if (!read) co_return read.error();
    co_return read->rows.at(0)[0].value_or("");
}

Awaitable<Result<double>> count_old_sessions(PostgresConnection& connection, std::string database,
                                             std::string held_since) {
    const std::string sql = std::string("select count(*)") + old_sessions_sql;
    const auto parameters = old_sessions_of(database, held_since);
    const auto counted = co_await connection.query(sql, parameters);
    if (!counted) co_return counted.error();
    co_return std::stod(counted->first());
}

Awaitable<Status> set_fence(Call& call, PostgresConnection& connection, std::string database,
                            std::string how, FenceFound found) {
    const std::string alter = "alter database " + quote_identifier(database);
    // The session may itself be fenced.
    std::string sql = "begin isolation level read committed read write";
    sql += "; set local statement_timeout = " + connection.left_ms();
    Status done = co_await connection.begin(sql);
    if (!done) co_return done;
    // What is no longer true must not be believed by the next fence.
    sql = found.held_since.empty() ? "" : alter + " reset " + own_settings[1] + ";";
    if (how == "read_only") sql += alter + " set " + own_settings[0] + " = on;";
    if (how != "read_only" && found.read_only) sql += alter + " reset " + own_settings[0] + ";";
    if (how == "disconnect") sql += alter + " allow_connections false;";
    if (how != "disconnect" && !found.takes_connections) sql += alter + " allow_connections true;";
    if (!call.may_act())
        co_return fail("stopped", "Setting the fence of " + call.target +
                                      " was stopped: the run may be lost.");
    const auto set = co_await connection.execute(sql);
    if (!set) co_return set.error();
    co_return co_await connection.commit();
}

Awaitable<Result<std::string>> read_clock(PostgresConnection& connection) {
    const auto read = co_await connection.query("select extract(epoch from clock_timestamp())");
    if (!read) co_return read.error();
    co_return read->first();
}

Awaitable<Status> end_old_sessions(PostgresTargetPointer target, Call& call,
                                   PostgresConnection& connection, std::string database,
                                   std::string moment) {
    const double until_s = std::min(call.deadline_s, boot_now_s() + ends_within_s);
    const std::string sql =
        std::string(
            "select count(*), coalesce(array_agg(pid), '{}')::text, string_agg(pid || ' of ' || "
            "coalesce(usename, 'a worker'), ', '), count(pg_terminate_backend(pid))") +
        old_sessions_sql;
    PostgresParameters parameters = old_sessions_of(database, moment);
    // A session that just begins is seen a little later than it has read its settings.
    bool none_before = false;
    for (;;) {
        const auto ended = co_await connection.query(sql, parameters);
        if (!ended) co_return ended.error();
        const PostgresRow& row = ended->rows.at(0);
        const bool none = *row[0] == "0";
        if (none && none_before) co_return Done{};
        none_before = none;
        if (!parameters[2]) parameters[2] = *row[1];
        if (boot_now_s() > until_s || call.cancel->asked())
            co_return fence_failed(*target, "the sessions " + row[2].value_or("") +
                                                " were told to end and are still there.");
        co_await pause_until(target->services->loop, boot_now_s() + end_again_s, call.cancel);
    }
}

// Only a superuser may keep a setting on a database that the server does not know. Without it the
// next fence ends all sessions again and looks again, which is no harm.
Awaitable<Status> write_held_since(PostgresConnection& connection, std::string database,
                                   std::string moment) {
    const auto may =
        co_await connection.query("select rolsuper from pg_roles where rolname = current_user");
    if (!may) co_return may.error();
    if (may->first() != "t") co_return Done{};
    std::string sql = "begin isolation level read committed read write";
    Status done = co_await connection.begin(sql);
    if (!done) co_return done;
    sql = "alter database " + quote_identifier(database) + " set " + own_settings[1] + " = " +
          quote_literal(moment);
    const auto written = co_await connection.execute(sql);
    if (!written) co_return written.error();
    co_return co_await connection.commit();
}

Awaitable<Status> lift_fence(PostgresTargetPointer target, Call& call,
                             PostgresConnection& connection, FenceFound found, bool& touched) {
    const auto address = open_address(*target, call);
    if (!address) co_return address.error();
    Status done = co_await set_fence(call, connection, address->database(), "none", found);
    touched = done || done.error().retry == Retry::unknown;
    if (!done) co_return done;
    const auto moment = co_await read_clock(connection);
    if (!moment) co_return moment.error();
    co_return co_await end_old_sessions(target, call, connection, address->database(), *moment);
}

Awaitable<Result<PostgresPointer>> connect_past_fence(PostgresTargetPointer target, Call& call) {
    auto own = co_await connect(target, call);
    if (own || own.error().code != "fenced") co_return own;
    auto other = co_await connect_beside(target, call);
    co_return other;
}

Awaitable<Status> see_write_fail(PostgresTargetPointer target, Call& call, std::string how) {
    const auto opened = co_await connect(target, call);
    if (how == "disconnect") {
        if (!opened && opened.error().code == "fenced") co_return Done{};
        co_return fence_failed(*target, "a new session was not refused as it must be." +
                                            (opened ? " It began." : " " + opened.error().message));
    }
    if (!opened) co_return opened.error();
    const auto begun = co_await begin(**opened, PostgresAccess::write);
    if (!begun) co_return begun;
    // It is never committed.
    const auto written = co_await (*opened)->execute(
        "create table " + quote_identifier(target->schema) + ".perilune_fence_probe (x integer)");
    if (!written && written.error().code == "read_only") co_return Done{};
    co_return fence_failed(
        *target, "a write did not fail as it must. " +
                     (written ? "It succeeded, and was rolled back." : written.error().message));
}

Awaitable<Status> see_write_begin(PostgresTargetPointer target, Call& call) {
    const auto opened = co_await connect(target, call);
    if (!opened) co_return opened.error();
    const auto begun = co_await begin(**opened, PostgresAccess::write);
    if (!begun) co_return begun;
    const auto shown = co_await (*opened)->query("show transaction_read_only");
    if (!shown) co_return shown.error();
    if (shown->first() == "off") co_return Done{};
    co_return fail("read_only", "Unfencing " + target->target +
                                    ": the fence is gone, and its transactions still begin "
                                    "read-only. See default_transaction_read_only in the server's "
                                    "configuration and of the login's role.");
}

}  // namespace perilune
