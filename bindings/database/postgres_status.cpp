// How a PostgreSQL server is: status, wait_ready and wait_writable.
#include <algorithm>

#include "bindings/database/postgres_target.h"
#include "interpreter/base/pause.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double poll_s = 0.25;

enum class For { ready, writable };

constexpr const char* status_sql = R"(
select pg_is_in_recovery(),
       not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off',
       current_setting('server_version'),
       pg_database_size(current_database()),
       (select count(*) from pg_stat_activity where backend_type = 'client backend'),
       current_setting('max_connections'))";

Awaitable<Result<Value>> describe(PostgresConnection& connection) {
    const auto begun = co_await begin(connection, PostgresAccess::read);
    if (!begun) co_return begun.error();
    const auto read = co_await connection.query(status_sql);
    if (!read) co_return read.error();
    const PostgresRow& row = read->rows.at(0);
    Value database;
    database.set("reachable", true).set("role", *row[0] == "t" ? "replica" : "primary");
    database.set("writable", *row[1] == "t").set("version", "PostgreSQL " + *row[2]);
    database.set("size_bytes", std::stod(*row[3])).set("connections", std::stod(*row[4]));
    co_return database.set("connections_max", std::stod(*row[5]));
}

Awaitable<Result<Value>> read_status(PostgresTargetPointer target, Call& call) {
    const auto connection = co_await connect(target, call);
    if (!connection) co_return connection.error();
    co_return co_await describe(**connection);
}

// What waiting cannot mend is told at once.
bool may_pass(const Error& error) {
    return error.retry == Retry::safe || error.code == "not_found" || error.code == "fenced";
}

Error too_late(const Call& call, For what, const std::string& last) {
    return fail("timed_out",
                "Waiting until " + call.target + " is " +
                    (what == For::ready ? "ready" : "writable") + " ended after " +
                    show_duration(call.arguments["within"].number()) + ". At last: " + last,
                Retry::safe);
}

Awaitable<Result<Value>> wait(PostgresTargetPointer target, For what, Call& call) {
    double until_s = boot_now_s() + call.arguments["within"].number();
    if (call.deadline_s > 0) until_s = std::min(until_s, call.deadline_s);
    Call look = call;
    look.deadline_s = until_s;
    std::string last = "it was not asked.";
    for (;;) {
        const auto found = co_await read_status(target, look);
        if (call.cancel->asked())
            co_return fail("cancelled", "Waiting for " + call.target + " was told to stop.",
                           Retry::safe);
        if (!found && !may_pass(found.error())) co_return found.error();
        if (found && (what == For::ready || (*found)["writable"].boolean())) co_return *found;
        // The end of the time says less than what was seen before it.
        if (found || boot_now_s() < until_s || last == "it was not asked.")
            last = found ? "it takes no writes." : found.error().message;
        if (boot_now_s() + poll_s > until_s) co_return too_late(call, what, last);
        co_await pause_until(target->services->loop, boot_now_s() + poll_s, call.cancel);
    }
}

}  // namespace

void add_postgres_status(Operations& operations, const PostgresTargetPointer& target) {
    operations["status"].observe = [target](Call& call) { return read_status(target, call); };
    operations["wait_ready"].observe = [target](Call& call) {
        return wait(target, For::ready, call);
    };
    operations["wait_writable"].observe = [target](Call& call) {
        return wait(target, For::writable, call);
    };
}

}  // namespace perilune
