// Who is connected to a PostgreSQL database, and what takes long: sessions, end_sessions,
// slow_queries.
#include "bindings/database/postgres_target.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr const char* sessions_sql = R"(
select pid, coalesce(usename, ''), coalesce(host(client_addr) || ':' || client_port, 'local'),
       coalesce(state, 'unknown'), extract(epoch from coalesce(state_change, backend_start)),
       coalesce(query, '')
from pg_stat_activity
where datname = current_database() and backend_type = 'client backend'
  and pid <> pg_backend_pid() and ($1::text is null or usename = $1)
  and ($2::float8 is null
       or (state = 'active' and query_start < now() - make_interval(secs => $2)))
order by 5)";

// The sessions that end_sessions means.
constexpr const char* ended_sql = R"(
from pg_stat_activity
where datname = current_database() and backend_type = 'client backend'
  and pid <> pg_backend_pid() and ($1::text is null or usename = $1)
  and ($2::float8 is null
       or (state like 'idle%' and state_change < now() - make_interval(secs => $2))))";

constexpr const char* statements_schema_sql =
    "select quote_ident(n.nspname) from pg_extension e join pg_namespace n on n.oid = "
    "e.extnamespace where extname = 'pg_stat_statements'";

PostgresParameters filter_of(const Call& call, const std::string& time) {
    PostgresParameters filter(2);
    if (call.arguments.has("user")) filter[0] = call.arguments["user"].text();
    if (call.arguments.has(time)) filter[1] = std::to_string(call.arguments[time].number());
    return filter;
}

Awaitable<Result<Value>> list_sessions(PostgresTargetPointer target, Call& call) {
    const auto connection = co_await connect(target, call);
    if (!connection) co_return connection.error();
    const auto begun = co_await begin(**connection, PostgresAccess::read);
    if (!begun) co_return begun.error();
    const auto read = co_await (*connection)->query(sessions_sql, filter_of(call, "active_for"));
    if (!read) co_return read.error();
    List sessions;
    for (const auto& row : read->rows) {
        Value session;
        session.set("id", *row[0]).set("user", *row[1]).set("client", *row[2]);
        session.set("state", *row[3]).set("since_at", std::stod(*row[4]));
        sessions.push_back(session.set("sql", *row[5]));
    }
    co_return Value(std::move(sessions));
}

Awaitable<Result<Before>> before_end(PostgresTargetPointer target, Call& call) {
    const auto connection = co_await connect(target, call);
    if (!connection) co_return connection.error();
    const auto begun = co_await begin(**connection, PostgresAccess::read);
    if (!begun) co_return begun.error();
    const std::string sql = std::string("select count(*)") + ended_sql;
    const auto counted = co_await (*connection)->query(sql, filter_of(call, "idle_for"));
    if (!counted) co_return counted.error();
    Before before;
    before.already_so = counted->first() == "0";
    before.result.set("sessions", 0).set("changed", false);
    before.plan = counted->first() + " sessions";
    before.sign = '-';
    co_return before;
}

Awaitable<Outcome> act_end(PostgresTargetPointer target, Call& call) {
    const auto connection = co_await connect(target, call);
    if (!connection) co_return outcome_of(connection.error());
    const auto begun = co_await begin(**connection, PostgresAccess::read);
    if (!begun) co_return outcome_of(begun.error());
    const std::string sql =
        std::string("select count(*) filter (where pg_terminate_backend(pid))") + ended_sql;
    const auto ended = co_await (*connection)->query(sql, filter_of(call, "idle_for"));
    if (!ended) co_return outcome_of(ended.error(), true);
    const double sessions = std::stod(ended->first());
    co_return Outcome::done(Value().set("sessions", sessions).set("changed", sessions > 0));
}

Awaitable<Result<Value>> list_slow(PostgresTargetPointer target, Call& call) {
    const auto connection = co_await connect(target, call);
    if (!connection) co_return connection.error();
    const auto begun = co_await begin(**connection, PostgresAccess::read);
    if (!begun) co_return begun.error();
    const auto schema = co_await (*connection)->query(statements_schema_sql);
    if (!schema) co_return schema.error();
    if (schema->first().empty())
        co_return fail("not_supported",
                       "Listing the slow queries of " + target->target +
                           " needs the extension pg_stat_statements, which this database does not "
                           "have: add it to shared_preload_libraries, restart the server, and "
                           "`create extension pg_stat_statements`.");
    const std::string sql =
        "select query, calls, mean_exec_time / 1000, max_exec_time / 1000 from " + schema->first() +
        ".pg_stat_statements where dbid = (select oid from pg_database where datname = "
        "current_database()) and mean_exec_time > $1::float8 * 1000 order by mean_exec_time desc "
        "limit $2::bigint";
    PostgresParameters parameters = {
        std::to_string(call.arguments["longer_than"].number()),
        std::to_string(static_cast<long>(call.arguments["limit"].number()))};
    const auto read = co_await (*connection)->query(sql, parameters);
    if (!read) co_return read.error();
    List slow;
    for (const auto& row : read->rows) {
        Value one;
        one.set("sql", row[0].value_or("")).set("calls", std::stod(*row[1]));
        slow.push_back(one.set("mean_s", std::stod(*row[2])).set("max_s", std::stod(*row[3])));
    }
    co_return Value(std::move(slow));
}

}  // namespace

void add_postgres_sessions(Operations& operations, const PostgresTargetPointer& target) {
    operations["sessions"].observe = [target](Call& call) { return list_sessions(target, call); };
    operations["slow_queries"].observe = [target](Call& call) { return list_slow(target, call); };
    Handler& end = operations["end_sessions"];
    end.before = [target](Call& call) { return before_end(target, call); };
    end.act = [target](Call& call, const Value&) { return act_end(target, call); };
}

}  // namespace perilune
