// Executing SQL that writes: execute and execute_batches, with a marker in the same transaction.
#include <algorithm>

#include "bindings/database/sqlite_markers.h"
#include "bindings/database/sqlite_tables.h"
#include "bindings/database/sqlite_target.h"
#include "bindings/database/sqlite_transaction.h"
#include "interpreter/base/json.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/pause.h"

namespace perilune {

namespace {

Outcome failed(const Error& error, bool some = false) {
    Outcome outcome = Outcome::failed(error);
    outcome.left_some = some;
    return outcome;
}

// Opens the target for our SQL, after the other writers of this host.
Result<std::unique_ptr<SqliteConnection>> open_for_writing(const Work& work) {
    auto opened = work.open(Access::write);
    if (!opened) return opened;
    const char* enforce =
        work.target.foreign_keys ? "pragma foreign_keys = on" : "pragma foreign_keys = off";
    if (const auto set = (*opened)->execute(enforce); !set) return set.error();
    return opened;
}

Result<Before> before_execute(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    Before before;
    before.plan = work.argument("sql").text().substr(0, 100);
    return before;
}

Outcome act_execute(Work& work, const Value&) {
    const auto lock = work.lock_writers();
    if (!lock) return failed(lock.error());
    auto opened = open_for_writing(work);
    if (!opened) return failed(opened.error());
    SqliteConnection& connection = **opened;
    Transaction transaction(connection);
    if (const auto begun = transaction.begin(); !begun) return failed(begun.error());
    const auto marked = read_marker(connection, work.call.key);
    if (!marked) return failed(marked.error());
    if (*marked) return Outcome::done(**marked);

    const double rows_before = connection.changed_rows();
    const auto executed =
        execute_guarded(connection, work.argument("sql").text(), work.argument("parameters"));
    if (!executed) return failed(executed.error());
    Value result;
    result.set("rows", connection.changed_rows() - rows_before).set("changed", true);
    if (const auto written = write_marker(connection, work.call.key, result); !written)
        return failed(written.error());
    if (const auto committed = transaction.commit(); !committed)
        return settle_commit(connection, work.call.key, committed.error());
    return Outcome::done(std::move(result));
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

// One batch in its own transaction. Gives the rows it changed; fewer than none are an error.
Result<double> execute_batch(Work& work, SqliteConnection& connection, Batches& so_far) {
    const std::string sql = work.argument("sql").text();
    const double most = work.argument("rows_max").number();
    const double limit = std::min(work.argument("batch_rows").number(), most - so_far.rows);
    Transaction transaction(connection);
    if (const auto begun = transaction.begin(); !begun) return begun.error();
    const double before = connection.changed_rows();
    Value parameters;
    // Where the limit is reached, one row more tells whether there is more to do.
    parameters.set("batch_rows", std::max(limit, 1.0));
    connection.set_guard(Guard::changes);
    const auto executed =
        connection.each(sql, parameters, [](const SqliteRow&) { return Status(Done{}); });
    connection.set_guard(Guard::none);
    if (!executed) return executed.error();
    const double rows = connection.changed_rows() - before;
    if (rows > 0 && limit < 1)
        return fail("too_many_rows",
                    "Executing in batches on " + work.target.target + " reached rows_max (" +
                        std::to_string(static_cast<long>(most)) +
                        ") and there is more to do. What was done is kept. Look at the rows, then "
                        "raise rows_max.");
    if (rows > std::max(limit, 1.0))
        return fail("bad_argument",
                    "The statement changed " + std::to_string(static_cast<long>(rows)) +
                        " rows where :batch_rows was " + std::to_string(static_cast<long>(limit)) +
                        ": it does not limit itself, or triggers change rows too. That batch was "
                        "rolled back.");
    so_far.rows += rows;
    so_far.batches += rows > 0;
    const auto written = write_marker(connection, work.call.key, so_far.to_value(rows > 0));
    if (!written) return written.error();
    if (const auto committed = transaction.commit(); !committed) return committed.error();
    return rows;
}

Result<Before> before_batches(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    if (work.argument("batch_rows").number() < 1)
        return fail("bad_argument", "batch_rows of database:execute_batches must be 1 or more.");
    if (!(*opened)->has_parameter(work.argument("sql").text(), ":batch_rows"))
        return fail("bad_argument",
                    "The statement of database:execute_batches must be valid and limit itself by "
                    "the parameter :batch_rows, as in `delete from logs where id in (select id "
                    "from logs where at < 5 limit :batch_rows)`.");
    Before before;
    before.plan = work.argument("sql").text().substr(0, 100);
    return before;
}

// One batch more, with all that an earlier try did; `unfinished` where there is more to do.
Outcome next_batch(Work& work, const Value& before) {
    Batches so_far;
    so_far.batches = before["batches"].number();
    const auto lock = work.lock_writers();
    if (!lock) return failed(lock.error(), so_far.batches > 0);
    auto opened = open_for_writing(work);
    if (!opened) return failed(opened.error(), so_far.batches > 0);
    // An earlier try, or an earlier batch of ours, says how far it came.
    const auto marked = read_marker(**opened, work.call.key);
    if (!marked) return failed(marked.error(), so_far.batches > 0);
    if (*marked) {
        so_far.rows = (**marked)["rows"].number();
        so_far.batches = (**marked)["batches"].number();
        if (!(**marked)["unfinished"].boolean()) return Outcome::done(**marked);
    }
    const auto rows = execute_batch(work, **opened, so_far);
    if (!rows) return failed(rows.error(), so_far.batches > 0);
    return Outcome::done(so_far.to_value(*rows > 0));
}

// The outcome of a call that has to stop between two batches; nothing where it may go on.
std::optional<Outcome> stopped_between(const Call& call) {
    const bool late = call.deadline_s > 0 && boot_now_s() >= call.deadline_s;
    if (!call.cancel->asked() && !late) return std::nullopt;
    return failed(fail(late ? "timed_out" : "cancelled",
                       "Executing in batches of " + call.target +
                           (late ? " did not end in time. Give it more with `timeout`."
                                 : " was told to stop."),
                       Retry::safe),
                  true);
}

// Between two batches no thread is kept busy.
Awaitable<Outcome> act_batches(std::shared_ptr<SqliteTarget> target, Call& call) {
    const ActWork next = next_batch;
    Value so_far;
    for (;;) {
        auto batch = work_act(target, next, call, so_far);
        const Outcome outcome = co_await batch;
        if (outcome.kind != Outcome::Kind::done) co_return outcome;
        so_far = outcome.value;
        if (!so_far["unfinished"].boolean()) co_return outcome;
        call.tell(std::to_string(so_far["rows"].integer()) + " rows in " +
                  std::to_string(so_far["batches"].integer()) + " batches");
        double until_s = boot_now_s() + call.arguments["pause"].number();
        if (call.deadline_s > 0) until_s = std::min(until_s, call.deadline_s);
        co_await pause_until(target->services->loop, until_s, call.cancel);
        const auto stopped = stopped_between(call);
        if (stopped) co_return *stopped;
    }
}

}  // namespace

Transaction::~Transaction() {
    if (open_ && connection_.in_transaction()) connection_.execute("rollback");
}

Status Transaction::begin() {
    const auto begun = connection_.execute("begin immediate");
    open_ = begun.ok();
    return begun;
}

Status Transaction::commit() {
    const auto committed = connection_.execute("commit");
    if (committed) open_ = false;
    return committed;
}

Outcome settle_commit(SqliteConnection& connection, const std::string& key, const Error& error) {
    if (connection.in_transaction()) connection.execute("rollback");
    const auto marked = read_marker(connection, key);
    if (!marked || key.empty()) return Outcome::unknown(error);
    return *marked ? Outcome::done(**marked) : Outcome::failed(error);
}

Status execute_guarded(SqliteConnection& connection, const std::string& sql,
                       const Value& parameters) {
    connection.set_guard(Guard::changes);
    const bool plain =
        parameters.is_nil() || (parameters.list().empty() && parameters.map().empty());
    const auto executed =
        plain ? connection.execute(sql)
              : connection.each(sql, parameters, [](const SqliteRow&) { return Status(Done{}); });
    connection.set_guard(Guard::none);
    return executed;
}

Sighting look_for_marker(Work& work, const Value&) {
    Sighting sighting;
    auto opened = work.open(Access::read);
    if (!opened) {
        sighting.evidence = opened.error().message;
        return sighting;
    }
    const auto marked = read_marker(**opened, work.call.key);
    if (!marked) {
        sighting.evidence = marked.error().message;
        return sighting;
    }
    const bool ended = *marked && !(**marked)["unfinished"].boolean();
    sighting.kind = ended ? Sighting::Kind::happened : Sighting::Kind::did_not;
    if (ended) sighting.value = **marked;
    sighting.evidence = std::string(markers_table) + " in " + work.target.path +
                        (ended     ? " has the call's key."
                         : *marked ? " says that it had not ended: " + to_json(**marked)
                                   : " does not have the call's key.");
    return sighting;
}

void add_sqlite_execute(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    operations["execute"] = change_sqlite(target, before_execute, act_execute, look_for_marker);
    Handler batches = change_sqlite(target, before_batches, {}, look_for_marker);
    batches.act = [target](Call& call, const Value&) { return act_batches(target, call); };
    operations["execute_batches"] = std::move(batches);
}

}  // namespace perilune
