// Keeping a PostgreSQL database in shape: analyze, refresh_views and set_password.
#include "bindings/database/database_arguments.h"
#include "bindings/database/postgres_tables.h"
#include "bindings/database/postgres_target.h"
#include "interpreter/base/http_headers.h"

namespace perilune {

namespace {

// What is done to one thing after another, each in a transaction of its own.
struct Upkeep {
    std::string argument;  // The list of names.
    std::string before_name;
};

// What an upkeep works on: the named ones, or every table.
Awaitable<Result<std::vector<PostgresTable>>> things_of(PostgresConnection& connection,
                                                        const PostgresTarget& target,
                                                        const Call& call, std::string argument) {
    if (!call.arguments.has(argument)) co_return co_await tables_of(connection, target);
    const auto names = names_of(call.arguments[argument]);
    if (!names) co_return names.error();
    std::vector<PostgresTable> found;
    for (const auto& name : *names) {
        auto table = co_await find_table(connection, name);
        if (!table) co_return table.error();
        found.push_back(std::move(*table));
    }
    co_return found;
}

Awaitable<Result<Before>> before_upkeep(PostgresTargetPointer target, Upkeep upkeep, Call& call) {
    const auto opened = co_await connect(target, call);
    if (!opened) co_return opened.error();
    const auto begun = co_await begin(**opened, PostgresAccess::read);
    if (!begun) co_return begun.error();
    const auto things = co_await things_of(**opened, *target, call, upkeep.argument);
    if (!things) co_return things.error();
    Before before;
    before.plan = std::to_string(things->size()) + " " + upkeep.argument;
    co_return before;
}

Awaitable<Outcome> act_upkeep(PostgresTargetPointer target, Upkeep upkeep, Call& call) {
    const auto opened = co_await connect(target, call);
    if (!opened) co_return outcome_of(opened.error());
    PostgresConnection& connection = **opened;
    const auto things = co_await things_of(connection, *target, call, upkeep.argument);
    if (!things) co_return Outcome::failed(things.error());
    List done;
    for (const auto& thing : *things) {
        Status worked = co_await begin(connection, PostgresAccess::write);
        if (!worked) co_return outcome_of(worked.error(), !done.empty());
        const auto executed = co_await connection.query(upkeep.before_name + thing.quoted);
        if (!executed) co_return outcome_of(executed.error(), !done.empty());
        worked = co_await connection.commit();
        if (!worked) co_return outcome_of(worked.error(), !done.empty());
        done.emplace_back(thing.name);
        call.tell(thing.name);
    }
    Value result;
    result.set("changed", !done.empty());
    co_return Outcome::done(result.set(upkeep.argument, std::move(done)));
}

Upkeep refresh_of(const Call& call) {
    const bool beside_readers = call.arguments["concurrently"].text() == "yes";
    return {"views", beside_readers ? "refresh materialized view concurrently "
                                    : "refresh materialized view "};
}

Awaitable<Result<Before>> before_password(PostgresTargetPointer target, Call& call) {
    const std::string user = call.arguments["user"].text();
    const auto opened = co_await connect(target, call);
    if (!opened) co_return opened.error();
    PostgresParameters parameters = {user};
    const auto found =
        co_await (*opened)->query("select count(*) from pg_roles where rolname = $1", parameters);
    if (!found) co_return found.error();
    if (found->first() == "0")
        co_return fail("not_found", "Setting a password on " + call.target + ": it has no user \"" +
                                        user + "\".");
    Before before;
    before.plan = "the password of " + user;
    co_return before;
}

Awaitable<Outcome> act_password(PostgresTargetPointer target, Call& call) {
    const std::string user = call.arguments["user"].text();
    const auto password = open_text(call, call.arguments["password"]);
    if (!password) co_return Outcome::failed(password.error());
    const auto opened = co_await connect(target, call);
    if (!opened) co_return outcome_of(opened.error());
    const auto hidden = (*opened)->hide_password(user, *password);
    if (!hidden) co_return Outcome::failed(hidden.error());
    const auto set = co_await (*opened)->query("alter role " + quote_identifier(user) +
                                               " password " + quote_literal(*hidden));
    if (!set) co_return outcome_of(set.error());
    co_return Outcome::done(Value().set("user", user).set("changed", true));
}

}  // namespace

void add_postgres_upkeep(Operations& operations, const PostgresTargetPointer& target) {
    const Upkeep analyze{"tables", "analyze "};
    operations["analyze"].before = [target, analyze](Call& call) {
        return before_upkeep(target, analyze, call);
    };
    operations["analyze"].act = [target, analyze](Call& call, const Value&) {
        return act_upkeep(target, analyze, call);
    };
    operations["refresh_views"].before = [target](Call& call) {
        return before_upkeep(target, refresh_of(call), call);
    };
    operations["refresh_views"].act = [target](Call& call, const Value&) {
        return act_upkeep(target, refresh_of(call), call);
    };
    operations["set_password"].before = [target](Call& call) {
        return before_password(target, call);
    };
    operations["set_password"].act = [target](Call& call, const Value&) {
        return act_password(target, call);
    };
}

}  // namespace perilune
