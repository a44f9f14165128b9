#include "bindings/database/postgres_tables.h"

#include "interpreter/base/digest.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

constexpr const char* tables_sql = R"(
select n.nspname || '.' || c.relname, format('%I.%I', n.nspname, c.relname), c.oid
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname <> 'information_schema'
  and n.nspname !~ '^pg_' and not (n.nspname = $1 and c.relname = 'perilune_markers')
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass
                  and d.objid = c.oid and d.deptype = 'e')
order by (n.nspname || '.' || c.relname) collate "C")";

constexpr const char* find_sql = R"(
select n.nspname || '.' || c.relname, format('%I.%I', n.nspname, c.relname), c.oid
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and ((c.relname = $1 and pg_table_is_visible(c.oid)) or n.nspname || '.' || c.relname = $1)
order by pg_table_is_visible(c.oid) desc limit 1)";

constexpr const char* names_sql = R"(
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema')";

// Its columns as SELECT takes them, in the order of the bytes of their names.
constexpr const char* columns_sql = R"(
select string_agg(format('%1$I::text as %1$I', attname), ', ' order by attname collate "C")
from pg_attribute where attrelid = $1::oid and attnum > 0 and not attisdropped)";

constexpr const char* layout_sql = R"(
select coalesce(string_agg(
    format('%s %s %s', attname, format_type(atttypid, atttypmod), attnotnull),
    ', ' order by attname collate "C"), '')
from pg_attribute where attrelid = $1::oid and attnum > 0 and not attisdropped)";

PostgresTable table_of(const PostgresRow& row) {
    return {.name = *row[0], .quoted = *row[1], .oid = std::stod(*row[2])};
}

std::string oid_text(const PostgresTable& table) {
    return std::to_string(static_cast<unsigned long>(table.oid));
}

}  // namespace

Awaitable<Result<bool>> has_relation(PostgresConnection& connection, std::string quoted) {
    PostgresParameters parameters = {quoted};
    const auto found = co_await connection.query("select to_regclass($1) is not null", parameters);
    if (!found) co_return found.error();
    co_return found->first() == "t";
}

Awaitable<Result<std::vector<PostgresTable>>> tables_of(PostgresConnection& connection,
                                                        const PostgresTarget& target) {
    PostgresParameters parameters = {target.schema};
    const auto found = co_await connection.query(tables_sql, parameters);
    if (!found) co_return found.error();
    std::vector<PostgresTable> tables;
    for (const auto& row : found->rows) tables.push_back(table_of(row));
    co_return tables;
}

Awaitable<Result<PostgresTable>> find_table(PostgresConnection& connection, std::string name) {
    PostgresParameters parameters = {name};
    const auto found = co_await connection.query(find_sql, parameters);
    if (!found) co_return found.error();
    if (!found->rows.empty()) co_return table_of(found->rows[0]);
    const auto all = co_await connection.query(names_sql);
    if (!all) co_return all.error();
    std::vector<std::string> names;
    for (const auto& row : all->rows) names.push_back(*row[0]);
    co_return fail("not_found", connection.address().target + " has no table \"" + name + "\"." +
                                    did_you_mean(name, names));
}

Awaitable<Result<double>> count_rows(PostgresConnection& connection, PostgresTable table) {
    const auto counted = co_await connection.query("select count(*) from " + table.quoted);
    if (!counted) co_return counted.error();
    co_return std::stod(counted->first());
}

Awaitable<Result<double>> count_rows_of(PostgresConnection& connection, std::string name) {
    const auto table = co_await find_table(connection, name);
    if (!table) co_return table.error();
    co_return co_await count_rows(connection, *table);
}

Awaitable<Result<std::string>> digest_rows(PostgresConnection& connection, PostgresTable table) {
    const auto zone = co_await connection.execute("set local timezone = UTC");
    if (!zone) co_return zone.error();
    PostgresParameters parameters = {oid_text(table)};
    const auto columns = co_await connection.query(columns_sql, parameters);
    if (!columns) co_return columns.error();
    const std::string rows_sql =
        "select sha256(convert_to(row_to_json(one)::text, 'UTF8')) as digest from (select " +
        columns->first() + " from " + table.quoted + ") one order by digest";
    Digest digest;
    PostgresConnection::Take take = [&](const PostgresRows&, const PostgresRow& row) {
        digest.add(from_hex(row[0]->substr(2)));
        return Status(Done{});
    };
    PostgresParameters none;
    const auto read = co_await connection.each(rows_sql, none, take);
    if (!read) co_return read.error();
    co_return to_hex(digest.finish());
}

Awaitable<Result<std::string>> digest_content(PostgresConnection& connection,
                                              const PostgresTarget& target) {
    const auto zone = co_await connection.execute("set local timezone = UTC");
    if (!zone) co_return zone.error();
    const auto tables = co_await tables_of(connection, target);
    if (!tables) co_return tables.error();
    std::string content;
    for (const auto& table : *tables) {
        PostgresParameters parameters = {oid_text(table)};
        const auto layout = co_await connection.query(layout_sql, parameters);
        if (!layout) co_return layout.error();
        const auto rows = co_await connection.query(
            "select count(*), coalesce(sum(hashtextextended(one::text, 0)), 0) from " +
            table.quoted + " one");
        if (!rows) co_return rows.error();
        content += table.name + " (" + layout->first() + ") " + rows->first() + " " +
                   *rows->rows[0][1] + "\n";
    }
    co_return to_hex(sha256(content));
}

}  // namespace perilune
