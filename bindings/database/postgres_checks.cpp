// Checking a PostgreSQL database: verify and check_integrity.
#include "bindings/database/database_checks.h"
#include "bindings/database/postgres_errors.h"
#include "bindings/database/postgres_sql.h"
#include "bindings/database/postgres_tables.h"
#include "bindings/database/postgres_target.h"
#include "bindings/database/postgres_values.h"

namespace perilune {

namespace {

// One question after another within one transaction, of which any may fail.
Awaitable<Status> mark(PostgresConnection& connection) {
    const auto marked = co_await connection.execute("savepoint perilune");
    if (!marked) co_return marked.error();
    co_return Done{};
}
Awaitable<Status> go_back(PostgresConnection& connection) {
    const auto back = co_await connection.execute("rollback to savepoint perilune");
    if (!back) co_return back.error();
    co_return Done{};
}

Awaitable<Result<std::string>> digest_of(PostgresConnection& connection, std::string name) {
    const auto table = co_await find_table(connection, name);
    if (!table) co_return table.error();
    co_return co_await digest_rows(connection, *table);
}

// The first value of a query; nil where it gives none.
Awaitable<Result<Value>> first_of(PostgresConnection& connection, std::string sql) {
    const auto allowed = require_one_statement(sql);
    if (!allowed) co_return allowed.error();
    Value first;
    bool taken = false;
    PostgresConnection::Take take = [&](const PostgresRows& head, const PostgresRow& row) {
        if (!taken && !row.empty()) first = value_of(row[0], head.columns[0].type);
        taken = true;
        return Status(Done{});
    };
    PostgresParameters none;
    const auto read = co_await connection.each(sql, none, take);
    if (!read) co_return read.error();
    co_return first;
}

bool is_true(const Value& value) {
    return value.boolean() || (value.is_number() && value.number() != 0);
}

Awaitable<Result<List>> check_data(PostgresConnection& connection, const Value& wanted) {
    List checks;
    const auto marked = co_await mark(connection);
    if (!marked) co_return marked.error();
    for (const auto& [table, limit] : wanted["counts"].map()) {
        const auto rows = co_await count_rows_of(connection, table);
        if (!rows && hinders(rows.error())) co_return rows.error();
        checks.push_back(check_rows(table, limit, rows));
        const auto back = co_await go_back(connection);
        if (!back) co_return back.error();
    }
    for (const auto& [table, digest] : wanted["digests"].map()) {
        const auto found = co_await digest_of(connection, table);
        if (!found && hinders(found.error())) co_return found.error();
        checks.push_back(make_check("digest of " + table, found && Value(*found) == digest, digest,
                                    found ? *found : found.error().message));
        const auto back = co_await go_back(connection);
        if (!back) co_return back.error();
    }
    for (const auto& [name, sql] : wanted["queries"].map()) {
        const auto found = co_await first_of(connection, sql.text());
        if (!found && hinders(found.error())) co_return found.error();
        const Value shown = !found            ? Value(found.error().message)
                            : found->is_nil() ? Value("no value")
                                              : *found;
        checks.push_back(make_check(name, found && is_true(*found), "true", shown));
        const auto back = co_await go_back(connection);
        if (!back) co_return back.error();
    }
    co_return checks;
}

Awaitable<Result<Value>> verify(PostgresTargetPointer target, Call& call) {
    const auto opened = co_await connect(target, call);
    if (!opened) co_return opened.error();
    const auto begun = co_await begin(**opened, PostgresAccess::snapshot);
    if (!begun) co_return begun.error();
    auto checks = co_await check_data(**opened, call.arguments);
    if (!checks) co_return checks.error();
    co_return judge_checks(std::move(*checks), "Verifying the data of " + target->target);
}

}  // namespace

void add_postgres_checks(Operations& operations, const PostgresTargetPointer& target) {
    operations["verify"].observe = [target](Call& call) { return verify(target, call); };
}

}  // namespace perilune
