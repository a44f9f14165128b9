// Keeping a SQLite database in shape: analyze and reindex.
#include <algorithm>

#include "bindings/database/sqlite_tables.h"
#include "bindings/database/sqlite_target.h"
#include "bindings/database/sqlite_transaction.h"

namespace perilune {

namespace {

// What upkeep works on: the named ones, or all of a kind.
Result<std::vector<std::string>> wanted_names(const Work& work, SqliteConnection& connection,
                                              const std::string& argument,
                                              const std::string& type) {
    std::vector<std::string> all;
    const auto read = connection.each(
        "select name from sqlite_schema where type = ? and name not like 'sqlite\\_%' escape '\\' "
        "order by name",
        List{type}, [&](const SqliteRow& row) {
            all.emplace_back(row.bytes(0));
            return Status(Done{});
        });
    if (!read) return read.error();
    if (!work.call.arguments.has(argument)) return all;
    auto names = names_of(work.argument(argument));
    if (!names) return names;
    for (const auto& name : *names)
        if (std::find(all.begin(), all.end(), name) == all.end())
            return fail("not_found", work.target.target + " has no " + type + " \"" + name + "\".");
    return names;
}

Result<Before> before_upkeep(Work& work, const std::string& argument, const std::string& type) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const auto names = wanted_names(work, **opened, argument, type);
    if (!names) return names.error();
    Before before;
    before.plan = std::to_string(names->size()) + " of kind " + type;
    return before;
}

Outcome act_upkeep(Work& work, const std::string& argument, const std::string& type,
                   const std::string& command) {
    const auto lock = work.lock_writers();
    if (!lock) return Outcome::failed(lock.error());
    auto opened = work.open(Access::write);
    if (!opened) return Outcome::failed(opened.error());
    const auto names = wanted_names(work, **opened, argument, type);
    if (!names) return Outcome::failed(names.error());
    // Each in a transaction of its own, so that others wait for one at a time only.
    bool some = false;
    for (const auto& name : *names) {
        const auto done = (*opened)->execute(command + " " + quote_name(name));
        if (!done) {
            Outcome outcome = Outcome::failed(done.error());
            outcome.left_some = some;
            return outcome;
        }
        some = true;
        work.call.tell(name);
    }
    Value result;
    result.set(argument, list_of(*names)).set("changed", !names->empty());
    if (command == "reindex") result.set("invalid", List{});
    return Outcome::done(std::move(result));
}

}  // namespace

void add_sqlite_upkeep(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    operations["analyze"] = change_sqlite(
        target, [](Work& work) { return before_upkeep(work, "tables", "table"); },
        [](Work& work, const Value&) { return act_upkeep(work, "tables", "table", "analyze"); });
    operations["reindex"] = change_sqlite(
        target, [](Work& work) { return before_upkeep(work, "indexes", "index"); },
        [](Work& work, const Value&) { return act_upkeep(work, "indexes", "index", "reindex"); });
}

}  // namespace perilune
