// Reading a SQLite database: status, query and counts.
#include <filesystem>

#include "bindings/database/sqlite_pages.h"
#include "bindings/database/sqlite_tables.h"
#include "bindings/database/sqlite_target.h"

namespace perilune {

namespace {

Result<Value> run_query(Work& work) {
    const std::string sql = work.argument("sql").text();
    const double rows_max = work.argument("rows_max").number();
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    SqliteConnection& connection = **opened;
    connection.set_guard(Guard::reads);
    if (const auto allowed = connection.require_one_reading(sql); !allowed) return allowed.error();
    List rows;
    const auto read =
        connection.each(sql, work.argument("parameters"), [&](const SqliteRow& row) -> Status {
            if (static_cast<double>(rows.size()) >= rows_max)
                return fail("too_many_rows", "The query on " + work.target.target +
                                                 " gives more than rows_max (" +
                                                 std::to_string(static_cast<long>(rows_max)) +
                                                 ") rows. Narrow it, or raise rows_max.");
            Map fields;
            for (int column = 0; column < row.columns(); ++column) {
                const std::string name = row.name(column);
                if (fields.contains(name))
                    return fail("bad_argument", "The query gives two columns named \"" + name +
                                                    "\"; give one of them another name with `as`.");
                fields.emplace(name, row.value(column));
            }
            // NULL is absent, as everywhere.
            std::erase_if(fields, [](const auto& field) { return field.second.is_nil(); });
            rows.emplace_back(std::move(fields));
            return Done{};
        });
    if (!read) return read.error();
    return Value(std::move(rows));
}

Result<Value> count_tables(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const auto names = names_of(work.argument("tables"));
    if (!names) return names.error();
    return count_rows(**opened, *names);
}

Result<Value> digest_tables(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const auto names = names_of(work.argument("tables"));
    if (!names) return names.error();
    return digest_rows(**opened, *names);
}

}  // namespace

Result<Value> describe_target(Work& work) {
    auto connection = work.open(Access::write);
    if (!connection) return connection.error();
    auto database = describe_database(**connection);
    if (database && work.target.memory) work.target.memory->describe(*database);
    return database;
}

void add_sqlite_reads(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    operations["status"] = observe_sqlite(target, describe_target);
    operations["query"] = observe_sqlite(target, run_query);
    operations["counts"] = observe_sqlite(target, count_tables);
    operations["digests"] = observe_sqlite(target, digest_tables);
}

}  // namespace perilune
