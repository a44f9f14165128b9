// Letting a PostgreSQL database check its own structure: check_integrity.
//
// Damage of a heap is found by reading it (with data_checksums every page's), damage of an index by
// the extension amcheck, which compares it with its table.
#include <algorithm>

#include "bindings/database/database_checks.h"
#include "bindings/database/postgres_tables.h"
#include "bindings/database/postgres_target.h"

namespace perilune {

namespace {

constexpr std::size_t problems_max = 20;

// Statements to execute, each with the name of what it checks. One that fails, or gives anything
// but nothing or a zero, has found damage.
struct Question {
    std::string about;
    std::string sql;
};

// Reads every page, and not what an index has of it.
constexpr const char* whole_tables =
    "set local enable_indexscan = off; set local enable_indexonlyscan = off; "
    "set local enable_bitmapscan = off";

constexpr const char* amcheck_sql =
    "select quote_ident(n.nspname) from pg_extension e join pg_namespace n on n.oid = "
    "e.extnamespace where extname = 'amcheck'";

constexpr const char* broken_indexes_sql =
    "select string_agg(indexrelid::regclass::text, ', ') from pg_index where not indisvalid";

// %1$s is amcheck's schema.
constexpr const char* index_questions = R"(
select format('index %s', i.indexrelid::regclass),
       format('select %1$s.bt_index_check(%L::regclass, true)', i.indexrelid::regclass)
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
join pg_namespace n on n.oid = c.relnamespace
where a.amname = 'btree' and c.relkind = 'i' and i.indisvalid and n.nspname !~ '^pg_t'
  and c.relpersistence <> 't'
union all
select format('table %s', c.oid::regclass),
       format('select string_agg(format(''block %%s: %%s'', blkno, msg), ''; '') '
              'from %1$s.verify_heapam(%L::regclass)', c.oid::regclass)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and c.relpersistence <> 't' and n.nspname !~ '^pg_t'
  and exists (select from pg_proc where proname = 'verify_heapam')
order by 1)";

// Rows that refer to none, for every reference that was once valid.
constexpr const char* reference_questions = R"(
select format('%s of %s', k.conname, k.conrelid::regclass),
       format('select nullif(count(*), 0) from %s c where %s and not exists '
              '(select from %s p where %s)', k.conrelid::regclass,
              string_agg(format('c.%I is not null', a.attname), ' and '), k.confrelid::regclass,
              string_agg(format('p.%I = c.%I', b.attname, a.attname), ' and '))
from pg_constraint k
cross join lateral unnest(k.conkey, k.confkey) as pair(mine, theirs)
join pg_attribute a on a.attrelid = k.conrelid and a.attnum = pair.mine
join pg_attribute b on b.attrelid = k.confrelid and b.attnum = pair.theirs
where k.contype = 'f' and k.convalidated and k.conparentid = 0
group by k.oid, k.conname, k.conrelid, k.confrelid order by 1)";

Awaitable<Result<std::vector<Question>>> read_questions(PostgresConnection& connection,
                                                        std::string sql) {
    const auto read = co_await connection.query(sql);
    if (!read) co_return read.error();
    std::vector<Question> questions;
    for (const auto& row : read->rows) questions.push_back({*row[0], *row[1]});
    co_return questions;
}

// Asks all of them; gives one check of that name.
Awaitable<Result<Value>> ask(PostgresConnection& connection, std::vector<Question> questions,
                             std::string name, Call& call) {
    std::string problems;
    std::size_t found = 0;
    for (const auto& question : questions) {
        call.tell("checking " + question.about);
        const auto marked = co_await connection.execute("savepoint perilune");
        if (!marked) co_return marked.error();
        const auto answer = co_await connection.query(question.sql);
        const bool refused =
            !answer && answer.error().code != "damaged" && answer.error().code != "sql_failed";
        if (refused) co_return answer.error();
        const std::string said = answer ? answer->first() : answer.error().message;
        if (!said.empty() && ++found <= problems_max)
            problems += (problems.empty() ? "" : "; ") + question.about + ": " + said;
        const auto back = co_await connection.execute("rollback to savepoint perilune");
        if (!back) co_return back.error();
    }
    co_return make_check(name, problems.empty(), "ok", problems.empty() ? "ok" : problems);
}

Error no_amcheck(const PostgresTarget& target) {
    return fail("not_supported",
                "Checking the integrity of " + target.target +
                    " with level \"full\" compares indexes with tables by the extension amcheck, "
                    "which this database does not have. A superuser adds it with `create extension "
                    "amcheck`; level \"quick\" needs nothing.");
}

// `full`: indexes against tables, and references.
Awaitable<Result<List>> check_relations(PostgresTargetPointer target,
                                        PostgresConnection& connection, Call& call) {
    const auto schema = co_await connection.query(amcheck_sql);
    if (!schema) co_return schema.error();
    if (schema->first().empty()) co_return no_amcheck(*target);
    std::string sql = index_questions;
    for (auto at = sql.find("%1$s"); at != std::string::npos; at = sql.find("%1$s", at))
        sql.replace(at, 4, schema->first());
    List checks;
    const auto relations = co_await read_questions(connection, sql);
    if (!relations) co_return relations.error();
    auto compared = co_await ask(connection, *relations, "indexes and tables", call);
    if (!compared) co_return compared.error();
    checks.push_back(std::move(*compared));
    const auto references = co_await read_questions(connection, reference_questions);
    if (!references) co_return references.error();
    auto followed = co_await ask(connection, *references, "references", call);
    if (!followed) co_return followed.error();
    checks.push_back(std::move(*followed));
    co_return checks;
}

Awaitable<Result<Value>> check_integrity(PostgresTargetPointer target, Call& call) {
    const auto opened = co_await connect(target, call);
    if (!opened) co_return opened.error();
    PostgresConnection& connection = **opened;
    // Not a snapshot of all: while tables are read for hours, others must be able to vacuum.
    const auto begun = co_await begin(connection, PostgresAccess::read);
    if (!begun) co_return begun.error();
    const auto set = co_await connection.execute(whole_tables);
    if (!set) co_return set.error();
    const auto tables = co_await tables_of(connection, *target);
    if (!tables) co_return tables.error();
    const bool full = call.arguments["level"].text() == "full";
    std::vector<Question> questions;
    for (const auto& table : *tables) {
        const std::string what = full ? "max(length(one::text)) < 0" : "count(*) < 0";
        questions.push_back({table.name, "select nullif(" + what + ", false) from " + table.quoted +
                                             " one having count(*) > 0"});
    }
    List checks;
    auto read = co_await ask(connection, questions, "tables", call);
    if (!read) co_return read.error();
    checks.push_back(std::move(*read));
    const auto broken = co_await connection.query(broken_indexes_sql);
    if (!broken) co_return broken.error();
    const std::string& invalid = broken->first();
    checks.push_back(
        make_check("indexes are valid", invalid.empty(), "ok", invalid.empty() ? "ok" : invalid));
    if (full) {
        auto relations = co_await check_relations(target, connection, call);
        if (!relations) co_return relations.error();
        for (auto& check : *relations) checks.push_back(std::move(check));
    }
    co_return judge_checks(std::move(checks), "Checking the integrity of " + target->target);
}

}  // namespace

void add_postgres_integrity(Operations& operations, const PostgresTargetPointer& target) {
    operations["check_integrity"].observe = [target](Call& call) {
        return check_integrity(target, call);
    };
}

}  // namespace perilune
