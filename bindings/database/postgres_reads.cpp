// Reading a PostgreSQL database: query, counts and digests.
#include "bindings/database/database_arguments.h"
#include "bindings/database/postgres_sql.h"
#include "bindings/database/postgres_tables.h"
#include "bindings/database/postgres_target.h"
#include "bindings/database/postgres_values.h"

namespace perilune {

namespace {

Error too_many_rows(const Call& call, double rows_max) {
    return fail("too_many_rows", "The query on " + call.target + " gives more than rows_max (" +
                                     std::to_string(static_cast<long>(rows_max)) +
                                     ") rows. Narrow it, or raise rows_max.");
}

Status check_columns(const PostgresRows& head) {
    for (std::size_t i = 0; i < head.columns.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (head.columns[i].name == head.columns[j].name)
                return fail("bad_argument", "The query gives two columns named \"" +
                                                head.columns[i].name +
                                                "\"; give one of them another name with `as`.");
    return Done{};
}

Awaitable<Result<Value>> run_query(PostgresTargetPointer target, Call& call) {
    const std::string sql = call.arguments["sql"].text();
    const auto allowed = require_one_statement(sql);
    if (!allowed) co_return allowed.error();
    const auto bound = bind_sql(sql, call.arguments["parameters"]);
    if (!bound) co_return bound.error();
    const auto opened = co_await connect(target, call);
    if (!opened) co_return opened.error();
    PostgresConnection& connection = **opened;
    const auto begun = co_await begin(connection, PostgresAccess::read);
    if (!begun) co_return begun.error();
    const double rows_max = call.arguments["rows_max"].number();
    List rows;
    PostgresConnection::Take take = [&](const PostgresRows& head, const PostgresRow& row) {
        if (rows.empty())
            if (const auto well = check_columns(head); !well) return well;
        if (static_cast<double>(rows.size()) >= rows_max)
            return Status(too_many_rows(call, rows_max));
        rows.push_back(row_value(head, row));
        return Status(Done{});
    };
    const auto read = co_await connection.each(bound->text, bound->parameters, take);
    if (!read) co_return read.error();
    co_return Value(std::move(rows));
}

enum class Of { rows, digest };

// One answer for each named table, all as of one moment.
Awaitable<Result<Value>> ask_tables(PostgresTargetPointer target, Of what, Call& call) {
    const auto names = names_of(call.arguments["tables"]);
    if (!names) co_return names.error();
    const auto opened = co_await connect(target, call);
    if (!opened) co_return opened.error();
    PostgresConnection& connection = **opened;
    const auto begun = co_await begin(connection, PostgresAccess::snapshot);
    if (!begun) co_return begun.error();
    Value answers{Map{}};
    for (const auto& name : *names) {
        const auto table = co_await find_table(connection, name);
        if (!table) co_return table.error();
        if (what == Of::rows) {
            const auto rows = co_await count_rows(connection, *table);
            if (!rows) co_return rows.error();
            answers.set(name, *rows);
        } else {
            const auto digest = co_await digest_rows(connection, *table);
            if (!digest) co_return digest.error();
            answers.set(name, *digest);
        }
    }
    co_return answers;
}

}  // namespace

void add_postgres_reads(Operations& operations, const PostgresTargetPointer& target) {
    operations["query"].observe = [target](Call& call) { return run_query(target, call); };
    operations["counts"].observe = [target](Call& call) {
        return ask_tables(target, Of::rows, call);
    };
    operations["digests"].observe = [target](Call& call) {
        return ask_tables(target, Of::digest, call);
    };
}

}  // namespace perilune
