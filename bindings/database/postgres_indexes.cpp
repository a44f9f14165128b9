// Indexes of a PostgreSQL database: create_index and reindex, beside writers or not.
#include <algorithm>

#include "bindings/database/database_arguments.h"
#include "bindings/database/postgres_concurrently.h"
#include "bindings/database/postgres_errors.h"
#include "bindings/database/postgres_markers.h"
#include "bindings/database/postgres_sql.h"
#include "bindings/database/postgres_target.h"

namespace perilune {

namespace {

bool beside_writers(const Call& call) { return call.arguments["concurrently"].text() == "yes"; }

Error bad_index(const Call& call, const std::string& what) {
    return fail("bad_argument", "Creating the index \"" + call.arguments["name"].text() + "\" on " +
                                    call.target + ": " + what);
}

// The statement as it is executed: with CONCURRENTLY, or without.
Result<ConcurrentStatement> read_create(const Call& call) {
    auto statements = split_sql(call.arguments["sql"].text());
    if (statements.size() != 1)
        return bad_index(call, "the SQL must be one CREATE INDEX statement.");
    SqlStatement& statement = statements[0];
    const std::size_t word = statement.starts.size() > 1 && statement.starts[1] == "unique" ? 2 : 1;
    if (statement.starts[0] != "create" || statement.starts.size() <= word + 1 ||
        statement.starts[word] != "index")
        return bad_index(call, "the SQL must be one CREATE INDEX statement.");
    if (statement.starts[word + 1] != "concurrently") {
        std::string with;
        SqlLexer lexer(statement.text);
        std::size_t seen = 0;
        for (SqlToken token = lexer.next(); token.kind != SqlToken::Kind::end;
             token = lexer.next()) {
            with += token.text;
            if (token.kind != SqlToken::Kind::blank && seen++ == word) with += " concurrently";
        }
        statement = split_sql(with)[0];
    } else if (!beside_writers(call)) {
        return bad_index(call, "its SQL says CONCURRENTLY, and the call the contrary.");
    }
    auto read = read_concurrent(statement);
    if (!read) return read.error();
    if ((**read).index != call.arguments["name"].text())
        return bad_index(call, "its SQL names it \"" + (**read).index + "\".");
    if (!beside_writers(call)) (**read).text = call.arguments["sql"].text();
    return std::move(**read);
}

Value index_result(const Call& call, const PostgresIndex& index, bool changed) {
    Value result;
    result.set("name", call.arguments["name"]).set("size_bytes", index.size_bytes);
    return result.set("index", index.quoted).set("changed", changed);
}

Awaitable<Result<std::optional<PostgresIndex>>> find_created(PostgresTargetPointer target,
                                                             Call& call) {
    const auto wanted = read_create(call);
    if (!wanted) co_return wanted.error();
    const auto opened = co_await connect(target, call);
    if (!opened) co_return opened.error();
    co_return co_await find_index(**opened, wanted->table, wanted->index);
}

Awaitable<Result<Before>> before_create(PostgresTargetPointer target, Call& call) {
    const auto found = co_await find_created(target, call);
    if (!found) co_return found.error();
    Before before;
    before.sign = '+';
    before.already_so = *found && (**found).valid;
    before.state.set("exists", before.already_so);
    if (before.already_so) before.result = index_result(call, **found, false);
    co_return before;
}

// What a concurrent build left unfinished makes way.
Awaitable<Status> create_in_transaction(PostgresConnection& connection,
                                        ConcurrentStatement statement) {
    const auto begun = co_await begin(connection, PostgresAccess::write);
    if (!begun) co_return begun;
    const auto earlier = co_await find_index(connection, statement.table, statement.index);
    if (!earlier) co_return earlier.error();
    if (*earlier && (**earlier).valid) co_return Done{};
    if (*earlier) {
        const auto dropped = co_await connection.query("drop index " + (**earlier).quoted);
        if (!dropped) co_return dropped.error();
    }
    const auto made = co_await connection.query(statement.text);
    if (!made) co_return made.error();
    co_return co_await connection.commit();
}

Awaitable<Outcome> act_create(PostgresTargetPointer target, Call& call) {
    const auto statement = read_create(call);
    if (!statement) co_return outcome_of(statement.error());
    const auto opened = co_await connect(target, call);
    if (!opened) co_return outcome_of(opened.error());
    PostgresConnection& connection = **opened;
    Status done = Done{};
    if (beside_writers(call)) {
        // It was not there before the intent, so what is there is this call's.
        done = co_await execute_concurrently(target->services->loop, connection, *statement, true);
    } else {
        done = co_await create_in_transaction(connection, *statement);
    }
    if (!done) co_return outcome_of(done.error(), beside_writers(call));
    const auto found = co_await find_index(connection, statement->table, statement->index);
    if (!found || !*found)
        co_return Outcome::unknown(found ? fail("not_found", "The index is not there.")
                                         : found.error());
    co_return Outcome::done(index_result(call, **found, true), Value().set("exists", true));
}

Awaitable<Sighting> look_for_index(PostgresTargetPointer target, Call& call) {
    Sighting sighting;
    const auto found = co_await find_created(target, call);
    if (!found) {
        sighting.evidence = found.error().message;
        co_return sighting;
    }
    const bool valid = *found && (**found).valid;
    sighting.kind = valid ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = "The index " + call.arguments["name"].text() +
                        (valid    ? " is there and valid."
                         : *found ? " is there and not valid: its build did not end."
                                  : " is not there.");
    if (valid) sighting.value = index_result(call, **found, true);
    if (valid) sighting.after.set("exists", true);
    co_return sighting;
}

constexpr const char* indexes_sql = R"(
select c.relname, format('%I.%I', n.nspname, c.relname)
from pg_index i join pg_class c on c.oid = i.indexrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind = 'i'
  and not i.indisexclusion and c.relpersistence <> 't' and c.relname !~ '_cc(new|old)[0-9]*$'
order by format('%I.%I', n.nspname, c.relname) collate "C")";

struct NamedIndex {
    std::string name;
    std::string quoted;
};

Awaitable<Result<std::vector<NamedIndex>>> indexes_to_build(PostgresConnection& connection,
                                                            const PostgresTarget& target,
                                                            const Call& call) {
    const auto read = co_await connection.query(indexes_sql);
    if (!read) co_return read.error();
    const auto wanted = names_of(call.arguments["indexes"]);
    if (!wanted) co_return wanted.error();
    std::vector<NamedIndex> indexes;
    for (const auto& row : read->rows)
        if (!call.arguments.has("indexes") ||
            std::find(wanted->begin(), wanted->end(), *row[0]) != wanted->end())
            indexes.push_back({*row[0], *row[1]});
    for (const auto& name : *wanted)
        if (std::none_of(indexes.begin(), indexes.end(),
                         [&](const NamedIndex& index) { return index.name == name; }))
            co_return fail("not_found", target.target + " has no index \"" + name +
                                            "\" that could be built anew.");
    co_return indexes;
}

Awaitable<Result<Before>> before_reindex(PostgresTargetPointer target, Call& call) {
    const auto opened = co_await connect(target, call);
    if (!opened) co_return opened.error();
    const auto indexes = co_await indexes_to_build(**opened, *target, call);
    if (!indexes) co_return indexes.error();
    Before before;
    before.plan = std::to_string(indexes->size()) + " indexes";
    co_return before;
}

// What a concurrent build that failed, or whose host died, leaves beside the index.
Awaitable<Status> drop_leftovers(PostgresConnection& connection, NamedIndex index) {
    PostgresParameters parameters = {index.quoted};
    const auto left = co_await connection.query(
        "select indexrelid::regclass::text from pg_index where not indisvalid and indrelid = "
        "(select indrelid from pg_index where indexrelid = $1::regclass) and (select relname from "
        "pg_class where oid = indexrelid) ~ '_cc(new|old)[0-9]*$'",
        parameters);
    if (!left) co_return left.error();
    for (const auto& row : left->rows) {
        const auto dropped =
            co_await connection.query("drop index concurrently if exists " + *row[0]);
        if (!dropped) co_return dropped.error();
    }
    co_return Done{};
}

Awaitable<Outcome> act_reindex(PostgresTargetPointer target, Call& call) {
    const auto opened = co_await connect(target, call);
    if (!opened) co_return outcome_of(opened.error());
    PostgresConnection& connection = **opened;
    const auto indexes = co_await indexes_to_build(connection, *target, call);
    if (!indexes) co_return outcome_of(indexes.error());
    List built;
    List invalid;
    for (const auto& index : *indexes) {
        call.tell(index.name);
        const std::string how = beside_writers(call) ? "concurrently " : "";
        const auto done = co_await connection.query("reindex index " + how + index.quoted);
        if (!done && hinders(done.error())) co_return outcome_of(done.error(), !built.empty());
        if (!done) call.tell(index.name + ": " + done.error().message);
        const auto dropped = co_await drop_leftovers(connection, index);
        if (!dropped) co_return outcome_of(dropped.error(), true);
        (done ? built : invalid).emplace_back(index.name);
    }
    Value result;
    result.set("indexes", built).set("invalid", invalid).set("changed", !built.empty());
    co_return Outcome::done(std::move(result));
}

}  // namespace

void add_postgres_indexes(Operations& operations, const PostgresTargetPointer& target) {
    Handler& create = operations["create_index"];
    create.before = [target](Call& call) { return before_create(target, call); };
    create.act = [target](Call& call, const Value&) { return act_create(target, call); };
    create.look = [target](Call& call, const Value&) { return look_for_index(target, call); };
    create.restore = [](const Call&, const Value&, const Value& result) -> std::optional<Restore> {
        if (!result.has("index")) return std::nullopt;
        Value arguments;
        arguments.set("sql", "drop index if exists " + result["index"].text());
        return Restore{"execute", arguments};
    };
    Handler& reindex = operations["reindex"];
    reindex.before = [target](Call& call) { return before_reindex(target, call); };
    reindex.act = [target](Call& call, const Value&) { return act_reindex(target, call); };
}

}  // namespace perilune
