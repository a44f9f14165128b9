#include "bindings/database/sqlite_checks.h"

#include "bindings/database/sqlite_pages.h"
#include "bindings/database/sqlite_tables.h"
#include "bindings/database/sqlite_target.h"

namespace perilune {

namespace {

constexpr int problems_max = 20;

// What a query gives counts as true in the way SQL has it: a number other than zero.
bool is_true(const Value& value) { return value.is_number() && value.number() != 0; }

Result<double> rows_of(SqliteConnection& connection, const std::string& table) {
    const auto counts = count_rows(connection, {table});
    if (!counts) return counts.error();
    return (*counts)[table].number();
}

void check_digests(SqliteConnection& connection, const Value& expected, List& checks) {
    for (const auto& [table, digest] : expected.map()) {
        const auto found = digest_rows(connection, {table});
        checks.push_back(make_check("digest of " + table, found && (*found)[table] == digest,
                                    digest, found ? (*found)[table] : found.error().message));
    }
}

void check_queries(SqliteConnection& connection, const Value& queries, List& checks) {
    for (const auto& [name, sql] : queries.map()) {
        const auto allowed = connection.require_one_reading(sql.text());
        if (!allowed) {
            checks.push_back(make_check(name, false, "true", allowed.error().message));
            continue;
        }
        const auto found = connection.first(sql.text());
        const Value shown = !found            ? Value(found.error().message)
                            : found->is_nil() ? Value("no value")
                                              : *found;
        checks.push_back(make_check(name, found && is_true(*found), "true", shown));
    }
}

Result<Value> verify(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    SqliteConnection& connection = **opened;
    List checks;
    check_counts(connection, work.argument("counts"), checks);
    check_digests(connection, work.argument("digests"), checks);
    connection.set_guard(Guard::reads);
    check_queries(connection, work.argument("queries"), checks);
    if (const auto stopped = work.stopped("Verifying the data")) return *stopped;
    return judge_checks(std::move(checks), "Verifying the data of " + work.target.target);
}

Result<Value> check_integrity(Work& work) {
    const std::string level = work.argument("level").text();
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    List checks;
    check_structure(**opened, level, checks);
    if (const auto stopped = work.stopped("Checking the integrity")) return *stopped;
    return judge_checks(std::move(checks), "Checking the integrity of " + work.target.target);
}

}  // namespace

void check_counts(SqliteConnection& connection, const Value& limits, List& checks) {
    for (const auto& [table, limit] : limits.map())
        checks.push_back(check_rows(table, limit, rows_of(connection, table)));
}

void check_exact_counts(SqliteConnection& connection, const Value& expected, List& checks) {
    for (const auto& [table, rows] : expected.map())
        checks.push_back(check_exact_rows(table, rows, rows_of(connection, table)));
}

void check_structure(SqliteConnection& connection, const std::string& level, List& checks) {
    const std::string pragma = level == "full" ? "integrity_check" : "quick_check";
    std::string problems;
    const auto read = connection.each("pragma " + pragma + "(" + std::to_string(problems_max) + ")",
                                      {}, [&](const SqliteRow& row) {
                                          if (row.bytes(0) != "ok")
                                              problems += (problems.empty() ? "" : "; ") +
                                                          std::string(row.bytes(0));
                                          return Status(Done{});
                                      });
    if (!read) problems = read.error().message;
    checks.push_back(
        make_check("structure", problems.empty(), "ok", problems.empty() ? "ok" : problems));
    if (level != "full" || !problems.empty()) return;
    const auto orphans = connection.first("select count(*) from pragma_foreign_key_check");
    checks.push_back(make_check("references", orphans && orphans->number() == 0,
                                "no row that refers to none",
                                orphans ? *orphans : Value(orphans.error().message)));
}

void add_sqlite_checks(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    operations["verify"] = observe_sqlite(target, verify);
    operations["check_integrity"] = observe_sqlite(target, check_integrity);
}

}  // namespace perilune
