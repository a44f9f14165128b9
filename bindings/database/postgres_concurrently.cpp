#include "bindings/database/postgres_concurrently.h"

#include <algorithm>

#include "bindings/database/postgres_tables.h"
#include "interpreter/base/pause.h"

namespace perilune {

namespace {

constexpr double look_every_s = 0.25;

using Tokens = std::vector<std::string>;

// What stands at a place; empty behind the end.
const std::string& at(const Tokens& tokens, std::size_t place) {
    static const std::string none;
    return place < tokens.size() ? tokens[place] : none;
}

std::string without_quotes(const std::string& name) {
    if (!name.starts_with('"')) return name;
    std::string plain;
    for (std::size_t i = 1; i + 1 < name.size(); ++i) {
        plain += name[i];
        if (name[i] == '"') ++i;
    }
    return plain;
}

// A name from `place` on, with its schema where it has one.
std::string qualified(const Tokens& tokens, std::size_t place) {
    std::string name = at(tokens, place);
    if (at(tokens, place + 1) == ".") name += "." + at(tokens, place + 2);
    return name;
}

Result<std::optional<ConcurrentStatement>> read_create(const SqlStatement& statement) {
    const Tokens& tokens = statement.starts;
    ConcurrentStatement read{.text = statement.text};
    std::size_t place = at(tokens, 1) == "unique" ? 4 : 3;
    read.if_exists = at(tokens, place) == "if";
    if (read.if_exists) place += 3;
    read.index = without_quotes(at(tokens, place));
    if (at(tokens, place) == "on")
        return fail("bad_argument",
                    "An index that is built concurrently needs a name: after a crash it is found "
                    "by it. Write `create index concurrently NAME on …`.");
    place += at(tokens, place + 2) == "only" ? 3 : 2;
    read.table = qualified(tokens, place);
    return std::optional<ConcurrentStatement>(std::move(read));
}

// A build that goes on though nobody waits for its answer any more.
constexpr const char* building_sql =
    "select count(*) from pg_stat_progress_create_index where index_relid = $1::oid";

Awaitable<Status> wait_for_builder(Loop& loop, PostgresConnection& connection, std::string oid) {
    for (;;) {
        PostgresParameters parameters = {oid};
        const auto building = co_await connection.query(building_sql, parameters);
        if (!building) co_return building.error();
        if (building->first() == "0") co_return Done{};
        co_await pause_until(loop, boot_now_s() + look_every_s, connection.limits().cancel);
    }
}

// What an earlier try left of an index; true where nothing is left to do.
Awaitable<Result<bool>> settle_create(Loop& loop, PostgresConnection& connection,
                                      ConcurrentStatement statement, bool begun_before) {
    auto found = co_await find_index(connection, statement.table, statement.index);
    if (!found) co_return found.error();
    if (*found && !(**found).valid) {
        const auto ended = co_await wait_for_builder(loop, connection, (**found).oid);
        if (!ended) co_return ended.error();
        found = co_await find_index(connection, statement.table, statement.index);
        if (!found) co_return found.error();
    }
    if (!*found) co_return false;
    if ((**found).valid) co_return begun_before || statement.if_exists;
    const auto dropped =
        co_await connection.query("drop index concurrently if exists " + (**found).quoted);
    if (!dropped) co_return dropped.error();
    co_return false;
}

Awaitable<Result<bool>> settle_drop(PostgresConnection& connection, ConcurrentStatement statement,
                                    bool begun_before) {
    const auto there = co_await has_relation(connection, statement.index);
    if (!there) co_return there.error();
    co_return begun_before && !*there;
}

}  // namespace

Result<std::optional<ConcurrentStatement>> read_concurrent(const SqlStatement& statement) {
    const Tokens& tokens = statement.starts;
    const std::size_t create_at = at(tokens, 1) == "unique" ? 3 : 2;
    if (at(tokens, 0) == "create" && at(tokens, create_at - 1) == "index" &&
        at(tokens, create_at) == "concurrently")
        return read_create(statement);
    ConcurrentStatement read{.text = statement.text};
    if (at(tokens, 0) == "drop" && at(tokens, 1) == "index" && at(tokens, 2) == "concurrently") {
        read.kind = ConcurrentStatement::Kind::drop;
        read.if_exists = at(tokens, 3) == "if";
        read.index = qualified(tokens, read.if_exists ? 5 : 3);
        return std::optional<ConcurrentStatement>(std::move(read));
    }
    const auto word = std::find(tokens.begin(), tokens.end(), "concurrently");
    if (at(tokens, 0) == "reindex" && word != tokens.end()) {
        read.kind = ConcurrentStatement::Kind::rebuild;
        return std::optional<ConcurrentStatement>(std::move(read));
    }
    return std::optional<ConcurrentStatement>();
}

Awaitable<Result<std::optional<PostgresIndex>>> find_index(PostgresConnection& connection,
                                                           std::string table, std::string index) {
    std::optional<PostgresIndex> none;
    PostgresParameters parameters = {index, table};
    const auto found = co_await connection.query(
        "select format('%I.%I', n.nspname, c.relname), c.oid, "
        "i.indisvalid and i.indisready, pg_relation_size(c.oid) from pg_index i join pg_class c on "
        "c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where c.relname = $1 "
        "and i.indrelid = to_regclass($2)",
        parameters);
    if (!found) co_return found.error();
    if (found->rows.empty()) co_return none;
    const PostgresRow& row = found->rows[0];
    co_return std::optional<PostgresIndex>(
        PostgresIndex{*row[0], *row[1], *row[2] == "t", std::stod(*row[3])});
}

Awaitable<Status> execute_concurrently(Loop& loop, PostgresConnection& connection,
                                       ConcurrentStatement statement, bool begun_before) {
    using Kind = ConcurrentStatement::Kind;
    Result<bool> settled = false;
    if (statement.kind == Kind::create)
        settled = co_await settle_create(loop, connection, statement, begun_before);
    if (statement.kind == Kind::drop)
        settled = co_await settle_drop(connection, statement, begun_before);
    if (!settled) co_return settled.error();
    if (*settled) co_return Done{};
    const auto done = co_await connection.query(statement.text);
    if (!done) co_return done.error();
    co_return Done{};
}

}  // namespace perilune
