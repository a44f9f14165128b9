#include "bindings/database/migration_plan.h"

#include <algorithm>

#include "bindings/database/database_arguments.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

// Those that the ledger does not have.
Result<std::vector<Migration>> find_pending(const Call& call, const MigrationFolder& folder,
                                            const Ledger& ledger) {
    const auto all = read_migrations(folder);
    if (!all) return all;
    std::vector<Migration> pending;
    std::vector<std::string> ids;
    for (const auto& migration : *all) {
        ids.push_back(migration.id);
        const auto applied = ledger.find(migration.id);
        if (applied == ledger.end()) {
            pending.push_back(migration);
        } else if (applied->second != migration.digest) {
            return fail("migration_changed",
                        "The migration " + migration.id + " was applied to " + call.target +
                            " with the digest " + applied->second.substr(0, 12) +
                            "…, but its file now has " + migration.digest.substr(0, 12) +
                            "…. Put the file back, and write what is to change into a new one.");
        }
    }
    if (!call.arguments.has("only")) return pending;
    const auto only = names_of(call.arguments["only"]);
    if (!only) return only.error();
    for (const auto& id : *only)
        if (std::find(ids.begin(), ids.end(), id) == ids.end())
            return fail("not_found",
                        "There is no migration \"" + id + "\"." + did_you_mean(id, ids));
    std::erase_if(pending, [&](const Migration& migration) {
        return std::find(only->begin(), only->end(), migration.id) == only->end();
    });
    return pending;
}

Value ids_of(const std::vector<Migration>& migrations) {
    List ids;
    for (const auto& migration : migrations) ids.emplace_back(migration.id);
    return Value(std::move(ids));
}

std::string join(const Value& ids) {
    std::string joined;
    for (const auto& id : ids.list()) joined += (joined.empty() ? "" : ", ") + id.text();
    return joined;
}

// What a revert means: the last applied ones, the last one first.
Result<std::vector<Migration>> find_reverting(const Call& call, const MigrationFolder& folder,
                                              const Ledger& ledger) {
    const auto files = read_migrations(folder);
    if (!files) return files;
    std::vector<Migration> applied;
    for (const auto& migration : *files)
        if (ledger.contains(migration.id)) applied.push_back(migration);
    std::reverse(applied.begin(), applied.end());
    std::size_t count = static_cast<std::size_t>(std::max(0.0, call.arguments["count"].number()));
    if (call.arguments.has("down_to")) {
        const std::string down_to = call.arguments["down_to"].text();
        const auto stays =
            std::find_if(applied.begin(), applied.end(),
                         [&](const Migration& found) { return found.id == down_to; });
        if (stays == applied.end())
            return fail("not_found",
                        "The migration " + down_to + " is not applied to " + call.target + ".");
        count = static_cast<std::size_t>(stays - applied.begin());
    }
    applied.resize(std::min(count, applied.size()));
    for (const auto& migration : applied)
        if (!migration.revertible)
            return fail("not_revertible", "The migration " + migration.id + " of " + call.target +
                                              " has no " + migration.id +
                                              ".down.sql. Nothing was reverted.");
    return applied;
}

}  // namespace

Result<Value> pending_migrations(const Call& call, const MigrationFolder& folder,
                                 const Ledger& ledger) {
    const auto pending = find_pending(call, folder, ledger);
    if (!pending) return pending.error();
    List listed;
    for (const auto& migration : *pending) {
        Value shown;
        shown.set("id", migration.id).set("digest", migration.digest);
        listed.push_back(shown.set("revertible", migration.revertible));
    }
    return Value(std::move(listed));
}

Result<Before> plan_migrate(const Call& call, const MigrationFolder& folder, const Ledger& ledger) {
    const auto pending = find_pending(call, folder, ledger);
    if (!pending) return pending.error();
    Before before;
    before.state.set("pending", ids_of(*pending));
    before.already_so = pending->empty();
    before.plan = join(before.state["pending"]);
    before.result = migrations_result(Value(List{}), MigrationWay::up, false);
    return before;
}

Result<Before> plan_revert(const Call& call, const MigrationFolder& folder, const Ledger& ledger) {
    const auto reverting = find_reverting(call, folder, ledger);
    if (!reverting) return reverting.error();
    Before before;
    before.state.set("reverting", ids_of(*reverting));
    before.already_so = reverting->empty();
    before.sign = '-';
    before.plan = join(before.state["reverting"]);
    before.result = migrations_result(Value(List{}), MigrationWay::down, false);
    return before;
}

Result<Migration> find_migration(const std::vector<Migration>& files, const std::string& id) {
    for (const auto& migration : files)
        if (migration.id == id) return migration;
    return fail("not_found", "The file of the migration " + id + " is no longer there.");
}

Value migrations_result(const Value& list, MigrationWay way, bool changed) {
    Value result;
    result.set(way == MigrationWay::up ? "applied" : "reverted", list);
    return result.set("changed", changed);
}

Sighting look_at_ledger(const Result<Ledger>& ledger, const Value& list, MigrationWay way) {
    Sighting sighting;
    if (!ledger) {
        sighting.evidence = ledger.error().message;
        return sighting;
    }
    std::size_t done = 0;
    for (const auto& id : list.list())
        done += ledger->contains(id.text()) == (way == MigrationWay::up);
    const bool all = done == list.list().size();
    sighting.kind = all ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = std::to_string(done) + " of " + std::to_string(list.list().size()) +
                        " are done by the ledger perilune_migrations.";
    if (all) sighting.value = migrations_result(list, way, true);
    return sighting;
}

}  // namespace perilune
