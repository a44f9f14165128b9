// Executing SQL that writes: execute and execute_batches, with a marker in the same transaction.
#include <algorithm>

#include "bindings/database/postgres_markers.h"
#include "bindings/database/postgres_sql.h"
#include "bindings/database/postgres_target.h"
#include "interpreter/base/pause.h"

namespace perilune {

namespace {

std::string plan_of(const Call& call) { return call.arguments["sql"].text().substr(0, 100); }

Error lost_the_run(const Call& call) {
    return fail("stopped", "Changing " + call.target + " was left undone: the run may be lost.");
}

// The statements of the call with their parameters in place.
Result<std::vector<BoundSql>> read_statements(const Call& call) {
    const Value& parameters = call.arguments["parameters"];
    const bool plain = parameters.list().empty() && parameters.map().empty();
    const auto statements = split_sql(call.arguments["sql"].text());
    if (statements.empty()) return fail("bad_argument", "The SQL holds no statement.");
    if (!plain && statements.size() > 1)
        return fail("bad_argument", "Parameters go with one statement, and the SQL has " +
                                        std::to_string(statements.size()) + ".");
    std::vector<BoundSql> bound;
    for (const auto& statement : statements) {
        if (const auto allowed = refuse_control(statement); !allowed) return allowed.error();
        auto one = plain ? Result<BoundSql>(BoundSql{statement.text, {}})
                         : bind_sql(statement.text, parameters);
        if (!one) return one.error();
        bound.push_back(std::move(*one));
    }
    return bound;
}

Awaitable<Result<Before>> before_execute(PostgresTargetPointer target, Call& call) {
    const auto statements = read_statements(call);
    if (!statements) co_return statements.error();
    const auto connection = co_await connect(target, call);
    if (!connection) co_return connection.error();
    Before before;
    before.plan = plan_of(call);
    co_return before;
}

// Begins the transaction of a change and locks its key; gives what an earlier try left.
Awaitable<Result<std::optional<Value>>> begin_change(PostgresConnection& connection,
                                                     const PostgresTarget& target,
                                                     const Call& call) {
    Status ready = co_await begin(connection, PostgresAccess::write);
    if (ready) ready = co_await lock_name(connection, call.key);
    if (!ready) co_return ready.error();
    co_return co_await read_marker(connection, target, call.key);
}

Awaitable<Outcome> act_execute(PostgresTargetPointer target, Call& call) {
    const auto statements = read_statements(call);
    if (!statements) co_return outcome_of(statements.error());
    const auto opened = co_await connect(target, call);
    if (!opened) co_return outcome_of(opened.error());
    PostgresConnection& connection = **opened;
    const auto made = co_await make_own_tables(connection, *target);
    if (!made) co_return Outcome::failed(made.error());
    const auto marked = co_await begin_change(connection, *target, call);
    if (!marked) co_return outcome_of(marked.error());
    if (*marked) co_return Outcome::done(**marked);
    double rows = 0;
    for (const auto& statement : *statements) {
        const auto done = co_await connection.query(statement.text, statement.parameters);
        if (!done) co_return outcome_of(done.error());
        rows += done->affected;
    }
    Value result;
    result.set("rows", rows).set("changed", true);
    const auto written = co_await write_marker(connection, *target, call.key, result);
    if (!written) co_return outcome_of(written.error());
    if (!call.may_act()) co_return Outcome::failed(lost_the_run(call));
    const auto committed = co_await connection.commit();
    if (!committed) co_return outcome_of(committed.error());
    co_return Outcome::done(std::move(result));
}

struct Batches {
    double rows = 0;
    double batches = 0;

    Value to_value(bool unfinished) const {
        Value value;
        value.set("rows", rows).set("batches", batches).set("changed", true);
        if (unfinished) value.set("unfinished", true);
        return value;
    }
};

std::string whole(double number) { return std::to_string(static_cast<long>(number)); }

Error beyond_rows_max(const Call& call) {
    return fail("too_many_rows", "Executing in batches on " + call.target + " reached rows_max (" +
                                     whole(call.arguments["rows_max"].number()) +
                                     ") and there is more to do. What was done is kept. Look at "
                                     "the rows, then raise rows_max.");
}

Error unlimited(double rows, double limit) {
    return fail("bad_argument", "The statement changed " + whole(rows) +
                                    " rows where :batch_rows was " + whole(limit) +
                                    ": it does not limit itself. That batch was rolled back.");
}

// One batch, whose transaction has begun. Gives the rows it changed.
Awaitable<Result<double>> execute_batch(PostgresConnection& connection,
                                        PostgresTargetPointer target, Call& call, Batches& so_far) {
    const double most = call.arguments["rows_max"].number();
    const double left = std::min(call.arguments["batch_rows"].number(), most - so_far.rows);
    // Where the limit is reached, one row more tells whether there is more to do.
    const double limit = std::max(left, 1.0);
    Value parameters;
    parameters.set("batch_rows", limit);
    const auto bound = bind_sql(call.arguments["sql"].text(), parameters);
    if (!bound) co_return bound.error();
    const auto executed = co_await connection.query(bound->text, bound->parameters);
    if (!executed) co_return executed.error();
    const double rows = executed->affected;
    if (rows > 0 && left < 1) co_return beyond_rows_max(call);
    if (rows > limit) co_return unlimited(rows, limit);
    const Batches done{so_far.rows + rows, so_far.batches + (rows > 0 ? 1 : 0)};
    Value marker = done.to_value(rows > 0);
    const auto written = co_await write_marker(connection, *target, call.key, marker);
    if (!written) co_return written.error();
    if (!call.may_act()) co_return lost_the_run(call);
    const auto committed = co_await connection.commit();
    if (!committed) co_return committed.error();
    so_far = done;
    co_return rows;
}

Awaitable<Result<Before>> before_batches(PostgresTargetPointer target, Call& call) {
    if (call.arguments["batch_rows"].number() < 1)
        co_return fail("bad_argument", "batch_rows of database:execute_batches must be 1 or more.");
    const std::string& sql = call.arguments["sql"].text();
    const auto allowed = require_one_statement(sql);
    if (!allowed) co_return allowed.error();
    Value parameters;
    parameters.set("batch_rows", 1);
    if (const auto bound = bind_sql(sql, parameters); !bound)
        co_return fail("bad_argument",
                       "The statement of database:execute_batches must limit itself by the "
                       "parameter :batch_rows, as in `delete from logs where id in (select id from "
                       "logs where at < 5 limit :batch_rows)`. " +
                           bound.error().message);
    const auto connection = co_await connect(target, call);
    if (!connection) co_return connection.error();
    Before before;
    before.plan = plan_of(call);
    co_return before;
}

Awaitable<Outcome> act_batches(PostgresTargetPointer target, Call& call) {
    const auto opened = co_await connect(target, call);
    if (!opened) co_return outcome_of(opened.error());
    PostgresConnection& connection = **opened;
    const auto made = co_await make_own_tables(connection, *target);
    if (!made) co_return Outcome::failed(made.error());
    Batches so_far;
    for (;;) {
        const auto marked = co_await begin_change(connection, *target, call);
        if (!marked) co_return outcome_of(marked.error(), so_far.batches > 0);
        // An earlier try, or an earlier batch of ours, says how far it came.
        if (*marked) {
            so_far.rows = (**marked)["rows"].number();
            so_far.batches = (**marked)["batches"].number();
            if (!(**marked)["unfinished"].boolean()) co_return Outcome::done(**marked);
        }
        const auto rows = co_await execute_batch(connection, target, call, so_far);
        if (!rows) co_return outcome_of(rows.error(), so_far.batches > 0);
        if (*rows == 0) co_return Outcome::done(so_far.to_value(false));
        call.tell(whole(so_far.rows) + " rows in " + whole(so_far.batches) + " batches");
        const double pause_s = call.arguments["pause"].number();
        co_await pause_until(target->services->loop, boot_now_s() + pause_s, call.cancel);
    }
}

}  // namespace

void add_postgres_execute(Operations& operations, const PostgresTargetPointer& target) {
    Handler& execute = operations["execute"];
    execute.before = [target](Call& call) { return before_execute(target, call); };
    execute.act = [target](Call& call, const Value&) { return act_execute(target, call); };
    Handler& batches = operations["execute_batches"];
    batches.before = [target](Call& call) { return before_batches(target, call); };
    batches.act = [target](Call& call, const Value&) { return act_batches(target, call); };
    execute.look =
        batches.look = [target](Call& call, const Value&) { return look_for_marker(target, call); };
}

}  // namespace perilune
