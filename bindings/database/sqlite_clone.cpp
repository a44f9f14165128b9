// Databases that may be thrown away: clone, and drop.
#include <filesystem>

#include "bindings/database/sqlite_replace.h"
#include "bindings/database/sqlite_restoring.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double just_after_s = 1e-6;
constexpr int backups_max = 100000;

Status require_disposable(const SqliteTarget& target, const std::string& doing) {
    if (target.disposable) return Done{};
    return fail("not_allowed", doing + " " + target.target +
                                   " was refused: its settings do not say `disposable: yes`, so "
                                   "its data may be wanted.");
}

// The backup of another database that a clone means, as that database's own driver lists it.
Result<Value> choose_backup(const Value& backups, const Call& call) {
    const std::string id = call.arguments["backup"].text();
    for (const auto& backup : backups.list()) {
        if (backup["state"].text() != "complete" || backup["kind"].text() != "dump") continue;
        if (id.empty() || backup["id"].text() == id) return backup;
    }
    return fail("not_found",
                "Cloning " + call.arguments["from"].text() + " into " + call.target +
                    ": it has no complete dump " +
                    (id.empty() ? "from " + show_time(call.arguments["at"].number()) + " or before"
                                : "\"" + id + "\"") +
                    ". See what there is with its list_backups.");
}

Call listing_call(const Call& call) {
    Call listing = call;
    listing.operation = "list_backups";
    listing.target = call.arguments["from"].text();
    listing.arguments = Value(Map{{"limit", backups_max}});
    if (call.arguments.has("at"))
        listing.arguments.set("before", call.arguments["at"].number() + just_after_s);
    return listing;
}

Awaitable<Result<Before>> before_clone(std::shared_ptr<SqliteTarget> target, Call& call) {
    if (const auto allowed = require_disposable(*target, "Cloning into"); !allowed)
        co_return allowed.error();
    Driver* other = target->services->driver_of
                        ? target->services->driver_of(call.arguments["from"].text())
                        : nullptr;
    if (!other || !other->operations.contains("list_backups"))
        co_return fail("no_such_target", "Cloning into " + call.target +
                                             ": the environment has no "
                                             "database " +
                                             call.arguments["from"].text() + ".");
    Call listing = listing_call(call);
    const auto backups = co_await other->operations.at("list_backups").observe(listing);
    if (!backups) co_return backups.error();
    const auto chosen = choose_backup(*backups, call);
    if (!chosen) co_return chosen.error();
    const std::string id = (*chosen)["id"].text();
    Before before;
    before.state.set("backup", id).set("storage", id.substr(0, id.find(':')));
    before.plan = id + " of " + show_time((*chosen)["at"].number());
    co_return before;
}

Outcome act_clone(Work& work, const Value& before) {
    const std::string storage = before["storage"].text();
    const std::string key = before["backup"].text().substr(storage.size() + 1);
    const auto found = find_dump(work, storage, key);
    if (!found) return Outcome::failed(found.error());
    if (!*found)
        return Outcome::failed(fail("not_found", "The backup " + before["backup"].text() +
                                                     " is no longer there, or no backup of a "
                                                     "SQLite database."));
    return restore_entry(work, **found, 0);
}

Result<Before> before_drop(Work& work) {
    if (const auto allowed = require_disposable(work.target, "Dropping"); !allowed)
        return allowed.error();
    auto state = content_state(work);
    if (!state) return state.error();
    Before before;
    before.already_so = (*state)["absent"].boolean();
    before.state = std::move(*state);
    before.sign = '-';
    before.plan = work.target.path;
    before.result.set("changed", false);
    return before;
}

Outcome act_drop(Work& work, const Value& before) {
    const auto lock = work.lock_writers();
    if (!lock) return Outcome::failed(lock.error());
    if (const auto removed = remove_target(work); !removed) return Outcome::failed(removed.error());
    return Outcome::done(Value().set("changed", !before["absent"].boolean()),
                         Value().set("absent", true));
}

}  // namespace

void add_sqlite_clone(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    Handler clone = change_sqlite(target, {}, act_clone, look_for_restore,
                                  [](const Call&, const Value&, const Value&) {
                                      return std::optional<Restore>(Restore{"drop", Value(Map{})});
                                  });
    clone.before = [target](Call& call) { return before_clone(target, call); };
    operations["clone"] = std::move(clone);
    operations["drop"] = change_sqlite(target, before_drop, act_drop);
}

}  // namespace perilune
