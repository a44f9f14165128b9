#include "bindings/database/postgres_markers.h"

#include "bindings/database/postgres_tables.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

// The number by which PostgreSQL knows a lock: the first 8 bytes of the name's SHA-256.
std::string lock_number(const std::string& name) {
    const std::string digest = sha256("perilune " + name);
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(digest[i]);
    return std::to_string(static_cast<std::int64_t>(number));
}

// Nothing of a change has happened where its markers' table could not be asked for or made.
Error harmless(Error error) {
    if (error.retry == Retry::unknown) error.retry = Retry::safe;
    return error;
}

}  // namespace

Awaitable<Status> make_own_tables(PostgresConnection& connection, const PostgresTarget& target) {
    const auto markers = co_await has_relation(connection, target.markers_table());
    if (!markers) co_return harmless(markers.error());
    const auto ledger = co_await has_relation(connection, target.ledger_table());
    if (!ledger) co_return harmless(ledger.error());
    if (*markers && *ledger) co_return Done{};
    Status made = co_await begin(connection, PostgresAccess::write);
    // Two that make them at once would meet in the catalog.
    if (made) made = co_await lock_name(connection, "tables");
    if (!made) co_return made;
    const auto created = co_await connection.execute(
        "set local client_min_messages = warning; create table if not exists " +
        target.markers_table() +
        "(key text primary key, at timestamptz, result text); create table if not exists " +
        target.ledger_table() + "(id text primary key, digest text, applied_at timestamptz)");
    if (!created) co_return created.error();
    made = co_await connection.commit();
    if (!made) co_return harmless(made.error());
    co_return made;
}

Awaitable<Status> lock_name(PostgresConnection& connection, std::string name) {
    PostgresParameters parameters = {lock_number(name)};
    const auto locked =
        co_await connection.query("select pg_advisory_xact_lock($1::bigint)", parameters);
    if (!locked) co_return locked.error();
    co_return Done{};
}

Awaitable<Result<std::optional<Value>>> read_marker(PostgresConnection& connection,
                                                    const PostgresTarget& target, std::string key) {
    std::optional<Value> none;
    if (key.empty()) co_return none;
    const auto there = co_await has_relation(connection, target.markers_table());
    if (!there) co_return there.error();
    if (!*there) co_return none;
    PostgresParameters parameters = {key};
    const auto text = co_await connection.query(
        "select result from " + target.markers_table() + " where key = $1", parameters);
    if (!text) co_return text.error();
    if (text->rows.empty()) co_return none;
    auto result = from_canonical_json(text->first());
    if (!result) co_return result.error();
    co_return std::optional<Value>(std::move(*result));
}

Awaitable<Status> write_marker(PostgresConnection& connection, const PostgresTarget& target,
                               std::string key, Value result) {
    if (key.empty()) co_return Done{};
    PostgresParameters parameters = {key, to_canonical_json(result)};
    const auto written = co_await connection.query(
        "insert into " + target.markers_table() +
            " values ($1, now(), $2) on conflict (key) do update set at = now(), result = $2",
        parameters);
    if (!written) co_return written.error();
    co_return Done{};
}

Awaitable<Status> remove_marker(PostgresConnection& connection, const PostgresTarget& target,
                                std::string key) {
    PostgresParameters parameters = {key};
    const auto removed = co_await connection.query(
        "delete from " + target.markers_table() + " where key = $1", parameters);
    if (!removed) co_return removed.error();
    co_return Done{};
}

Awaitable<Sighting> look_for_marker(PostgresTargetPointer target, Call& call) {
    Sighting sighting;
    const auto opened = co_await connect(target, call);
    if (!opened) {
        sighting.evidence = opened.error().message;
        co_return sighting;
    }
    PostgresConnection& connection = **opened;
    Status ready = co_await begin(connection, PostgresAccess::read);
    if (ready) ready = co_await lock_name(connection, call.key);
    if (!ready) {
        sighting.evidence = ready.error().message;
        co_return sighting;
    }
    const auto marked = co_await read_marker(connection, *target, call.key);
    if (!marked) {
        sighting.evidence = marked.error().message;
        co_return sighting;
    }
    const bool ended = *marked && !(**marked)["unfinished"].boolean();
    sighting.kind = ended ? Sighting::Kind::happened : Sighting::Kind::did_not;
    if (ended) sighting.value = **marked;
    sighting.evidence = target->markers_table() + " in " + connection.address().show() +
                        (ended     ? " has the call's key."
                         : *marked ? " says that it had not ended: " + to_json(**marked)
                                   : " does not have the call's key.");
    co_return sighting;
}

}  // namespace perilune
