// Migrating a PostgreSQL database: pending_migrations, migrate and revert_migrations.
//
// Each migration is one transaction together with its row in the ledger, under an advisory lock, so
// that of two that migrate at once the second finds what the first has done. One that builds or
// drops indexes CONCURRENTLY can be in no transaction: a second connection holds the lock, a marker
// tells that it was begun, and its row in the ledger comes last.
#include <algorithm>

#include "bindings/database/migration_plan.h"
#include "bindings/database/postgres_concurrently.h"
#include "bindings/database/postgres_markers.h"
#include "bindings/database/postgres_sql.h"
#include "bindings/database/postgres_tables.h"
#include "bindings/database/postgres_target.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr const char* lock = "migrations";

std::string folder_of(const PostgresTarget& target, const Call& call) {
    return path_below(target.folder, call.arguments["folder"].text());
}

// Within a transaction, or on its own.
Awaitable<Result<Ledger>> read_ledger(PostgresConnection& connection,
                                      const PostgresTarget& target) {
    Ledger ledger;
    const auto there = co_await has_relation(connection, target.ledger_table());
    if (!there) co_return there.error();
    if (!*there) co_return ledger;
    const auto read = co_await connection.query("select id, digest from " + target.ledger_table());
    if (!read) co_return read.error();
    for (const auto& row : read->rows) ledger[*row[0]] = row[1].value_or("");
    co_return ledger;
}

Awaitable<Status> write_ledger(PostgresConnection& connection, const PostgresTarget& target,
                               const Migration& migration, MigrationWay way) {
    PostgresParameters parameters = {migration.id};
    std::string sql = "delete from " + target.ledger_table() + " where id = $1";
    if (way == MigrationWay::up) {
        sql = "insert into " + target.ledger_table() + " values ($1, $2, now())";
        parameters.push_back(migration.digest);
    }
    const auto written = co_await connection.query(sql, parameters);
    if (!written) co_return written.error();
    co_return Done{};
}

// A migration's statements: all of them in a transaction, or all of them in none.
struct Steps {
    std::vector<SqlStatement> statements;
    std::vector<ConcurrentStatement> concurrent;
};

Error bad_migration(const Migration& migration, const std::string& what) {
    return fail("bad_migrations", "The migration " + migration.id + " cannot be executed: " + what);
}

Result<Steps> read_steps(const Migration& migration, MigrationWay way) {
    Steps steps;
    const std::string& sql = way == MigrationWay::up ? migration.sql : migration.down_sql;
    for (auto& statement : split_sql(sql)) {
        if (const auto allowed = refuse_control(statement); !allowed)
            return bad_migration(migration, allowed.error().message);
        auto concurrent = read_concurrent(statement);
        if (!concurrent) return bad_migration(migration, concurrent.error().message);
        if (*concurrent) {
            steps.concurrent.push_back(std::move(**concurrent));
        } else {
            steps.statements.push_back(std::move(statement));
        }
    }
    if (!steps.concurrent.empty() && !steps.statements.empty())
        return bad_migration(migration,
                             "statements with CONCURRENTLY are executed outside of a transaction, "
                             "and its others within one. Put them into a migration of their own.");
    return steps;
}

Error left_undone(const Migration& migration, const Error& error) {
    Error told = error;
    told.message = "The migration " + migration.id + " was rolled back. " + error.message;
    return told;
}

// One migration of one call.
struct Work {
    PostgresTargetPointer target;
    Call& call;
    Migration migration;
    MigrationWay way;

    bool is_done(const Ledger& ledger) const {
        return ledger.contains(migration.id) == (way == MigrationWay::up);
    }
    std::string marker() const { return "migration " + migration.id + " " + migration.digest; }
    Error lost_the_run() const {
        return fail("stopped", "Migrating " + call.target + " was stopped: the run may be lost.");
    }
};

Awaitable<Status> apply_in_transaction(Work work, Steps steps) {
    const auto opened = co_await connect(work.target, work.call);
    if (!opened) co_return opened.error();
    PostgresConnection& connection = **opened;
    Status ready = co_await begin(connection, PostgresAccess::write);
    if (ready) ready = co_await lock_name(connection, lock);
    if (!ready) co_return ready;
    const auto ledger = co_await read_ledger(connection, *work.target);
    if (!ledger) co_return ledger.error();
    if (work.is_done(*ledger)) co_return Done{};
    // Waiting for the lock of migrations is no harm; whoever waits for a table holds up all others.
    const Value& wait_s = work.call.arguments["lock_timeout"];
    const long wait_ms = std::max(1L, static_cast<long>(wait_s.number() * 1000));
    if (!wait_s.is_nil()) {
        const auto set =
            co_await connection.execute("set local lock_timeout = " + std::to_string(wait_ms));
        if (!set) co_return set.error();
    }
    for (const auto& statement : steps.statements) {
        const auto done = co_await connection.query(statement.text);
        if (!done) co_return left_undone(work.migration, done.error());
    }
    ready = co_await write_ledger(connection, *work.target, work.migration, work.way);
    if (!ready) co_return ready;
    if (!work.call.may_act()) co_return work.lost_the_run();
    co_return co_await connection.commit();
}

// Everything but the ledger's row, which the guard writes when all is done.
Awaitable<Status> execute_steps(Work work, Steps steps, bool begun_before) {
    const auto opened = co_await connect(work.target, work.call);
    if (!opened) co_return opened.error();
    if (!begun_before) {
        Value unfinished;
        unfinished.set("unfinished", true);
        const auto marked =
            co_await write_marker(**opened, *work.target, work.marker(), unfinished);
        if (!marked) co_return marked;
    }
    Loop& loop = work.target->services->loop;
    for (const auto& statement : steps.concurrent) {
        if (!work.call.may_act()) co_return work.lost_the_run();
        const auto done = co_await execute_concurrently(loop, **opened, statement, begun_before);
        if (done) continue;
        Error error = done.error();
        error.message = "The migration " + work.migration.id +
                        " did not end; executed again, it goes on where it stopped. " +
                        error.message;
        co_return error;
    }
    co_return Done{};
}

Awaitable<Status> apply_concurrently(Work work, Steps steps) {
    const auto opened = co_await connect(work.target, work.call);
    if (!opened) co_return opened.error();
    PostgresConnection& guard = **opened;
    Status ready = co_await begin(guard, PostgresAccess::write);
    if (ready) ready = co_await lock_name(guard, lock);
    if (!ready) co_return ready;
    const auto ledger = co_await read_ledger(guard, *work.target);
    if (!ledger) co_return ledger.error();
    if (work.is_done(*ledger)) co_return Done{};
    const auto marked = co_await read_marker(guard, *work.target, work.marker());
    if (!marked) co_return marked.error();
    // A plain message, which ends what the server still keeps open of the last question: its
    // snapshot would have the builder of an index wait for us.
    const auto patient =
        co_await guard.execute("set local idle_in_transaction_session_timeout = 0");
    if (!patient) co_return patient.error();
    const bool begun_before = marked->has_value();
    ready = co_await execute_steps(work, steps, begun_before);
    if (ready) ready = co_await write_ledger(guard, *work.target, work.migration, work.way);
    if (ready) ready = co_await remove_marker(guard, *work.target, work.marker());
    if (!ready) co_return ready;
    co_return co_await guard.commit();
}

// Applies or reverts those of the recorded list that are still to be done, in its order.
Awaitable<Outcome> act_on_list(PostgresTargetPointer target, Call& call, const Value& list,
                               MigrationWay way) {
    const auto files = read_migrations(folder_of(*target, call));
    if (!files) co_return outcome_of(files.error());
    {
        const auto opened = co_await connect(target, call);
        if (!opened) co_return outcome_of(opened.error());
        const auto made = co_await make_own_tables(**opened, *target);
        if (!made) co_return outcome_of(made.error());
    }
    bool some = false;
    for (const auto& id : list.list()) {
        const auto file = find_migration(*files, id.text());
        if (!file) co_return outcome_of(file.error(), some);
        const auto steps = read_steps(*file, way);
        if (!steps) co_return outcome_of(steps.error(), some);
        call.tell((way == MigrationWay::up ? "applying " : "reverting ") + id.text());
        Work work{target, call, *file, way};
        Status done = Done{};
        if (steps->concurrent.empty()) {
            done = co_await apply_in_transaction(work, *steps);
        } else {
            done = co_await apply_concurrently(work, *steps);
        }
        if (!done) co_return outcome_of(done.error(), some || !steps->concurrent.empty());
        some = true;
    }
    co_return Outcome::done(migrations_result(list, way, some));
}

Awaitable<Result<Ledger>> ledger_now(PostgresTargetPointer target, Call& call) {
    const auto opened = co_await connect(target, call);
    if (!opened) co_return opened.error();
    const auto begun = co_await begin(**opened, PostgresAccess::read);
    if (!begun) co_return begun.error();
    co_return co_await read_ledger(**opened, *target);
}

Awaitable<Result<Value>> list_pending(PostgresTargetPointer target, Call& call) {
    const auto ledger = co_await ledger_now(target, call);
    if (!ledger) co_return ledger.error();
    co_return pending_migrations(call, folder_of(*target, call), *ledger);
}

Awaitable<Result<Before>> before_migrate(PostgresTargetPointer target, Call& call) {
    const auto ledger = co_await ledger_now(target, call);
    if (!ledger) co_return ledger.error();
    const std::string folder = folder_of(*target, call);
    auto before = plan_migrate(call, folder, *ledger);
    if (!before) co_return before;
    const auto files = read_migrations(folder);
    if (!files) co_return files.error();
    // All are judged before the first is applied.
    for (const auto& id : before->state["pending"].list()) {
        const auto file = find_migration(*files, id.text());
        const auto steps = file ? read_steps(*file, MigrationWay::up) : Result<Steps>(file.error());
        if (!steps) co_return steps.error();
    }
    co_return before;
}

Awaitable<Result<Before>> before_revert(PostgresTargetPointer target, Call& call) {
    const auto ledger = co_await ledger_now(target, call);
    if (!ledger) co_return ledger.error();
    co_return plan_revert(call, folder_of(*target, call), *ledger);
}

// The lock comes first: then nobody is still at it, and what is seen is final.
Awaitable<Sighting> look_for_migrations(PostgresTargetPointer target, Call& call, const Value& list,
                                        MigrationWay way) {
    const auto opened = co_await connect(target, call);
    if (!opened) co_return look_at_ledger(opened.error(), list, way);
    Status ready = co_await begin(**opened, PostgresAccess::read);
    if (ready) ready = co_await lock_name(**opened, lock);
    if (!ready) co_return look_at_ledger(ready.error(), list, way);
    const auto ledger = co_await read_ledger(**opened, *target);
    co_return look_at_ledger(ledger, list, way);
}

}  // namespace

void add_postgres_migrations(Operations& operations, const PostgresTargetPointer& target) {
    operations["pending_migrations"].observe = [target](Call& call) {
        return list_pending(target, call);
    };
    Handler& migrate = operations["migrate"];
    migrate.before = [target](Call& call) { return before_migrate(target, call); };
    migrate.act = [target](Call& call, const Value& before) {
        return act_on_list(target, call, before["pending"], MigrationWay::up);
    };
    migrate.look = [target](Call& call, const Value& before) {
        return look_for_migrations(target, call, before["pending"], MigrationWay::up);
    };
    Handler& revert = operations["revert_migrations"];
    revert.before = [target](Call& call) { return before_revert(target, call); };
    revert.act = [target](Call& call, const Value& before) {
        return act_on_list(target, call, before["reverting"], MigrationWay::down);
    };
    revert.look = [target](Call& call, const Value& before) {
        return look_for_migrations(target, call, before["reverting"], MigrationWay::down);
    };
}

}  // namespace perilune
