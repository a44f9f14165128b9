#include "bindings/database/clone_source.h"

#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double just_after_s = 1e-6;
constexpr int backups_max = 100000;

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

}  // namespace

Awaitable<Result<Before>> choose_clone(Services& services, Call& call) {
    Driver* other =
        services.driver_of ? services.driver_of(call.arguments["from"].text()) : nullptr;
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

Result<BackupEntry> find_clone(const Shelf& shelf, const Value& before) {
    const std::string storage = before["storage"].text();
    const std::string key = before["backup"].text().substr(storage.size() + 1);
    const auto found = find_dump(shelf, storage, key);
    if (!found) return found.error();
    if (*found) return **found;
    return fail("not_found", "The backup " + before["backup"].text() +
                                 " is no longer there, or no backup by the driver " + shelf.engine +
                                 ".");
}

}  // namespace perilune
