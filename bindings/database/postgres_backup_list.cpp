// Listing and removing the backups of a PostgreSQL database: list_backups, delete_backup,
// prune_backups.
#include <filesystem>

#include "bindings/database/postgres_archive.h"
#include "bindings/database/postgres_backup.h"

namespace perilune {

namespace {

using Found = std::optional<BackupEntry>;

// The databases that restores kept. A server that cannot be asked has none to show: the dumps are
// what is needed then.
Awaitable<Result<std::vector<BackupEntry>>> kept_entries(PostgresTargetPointer target, Call& call) {
    std::vector<BackupEntry> entries;
    const auto server = find_local_server(*target, "Listing what restores kept");
    if (server) entries = list_kept_data(*server);
    const auto address = open_address(*target, call);
    if (!address) co_return address.error();
    const auto beside = co_await connect_beside(target, call);
    if (!beside && beside.error().retry == Retry::safe) co_return entries;
    if (!beside) co_return beside.error();
    const auto kept = co_await list_kept(**beside, address->database());
    if (!kept) co_return kept.error();
    for (const auto& one : *kept) entries.push_back(one.to_entry());
    co_return entries;
}

Awaitable<Result<Value>> list_backups(PostgresTargetPointer target, Call& call) {
    auto entries = co_await kept_entries(target, call);
    if (!entries) co_return entries.error();
    if (!target->backups.empty()) {
        const Shelf shelf = shelf_of(*target, call, Value());
        std::function<Result<std::vector<BackupEntry>>()> work = [&] {
            return list_dumps(shelf, shelf.backups, shelf.backups_of);
        };
        const auto dumps = co_await off_the_loop<Result<std::vector<BackupEntry>>>(*target, work);
        if (!dumps) co_return dumps.error();
        entries->insert(entries->end(), dumps->begin(), dumps->end());
    }
    co_return show_backups(std::move(*entries), call.arguments);
}

Awaitable<Result<Found>> find_backup(PostgresTargetPointer target, Call& call, std::string id) {
    if (id.starts_with(previous_id) || id.starts_with(kept_data_id)) {
        const auto kept = co_await kept_entries(target, call);
        if (!kept) co_return kept.error();
        for (const auto& entry : *kept)
            if (entry.id == id) co_return Found(entry);
        co_return Found();
    }
    const Shelf shelf = shelf_of(*target, call, Value());
    std::function<Result<Found>()> work = [&] { return find_own_dump(shelf, id); };
    co_return co_await off_the_loop<Result<Found>>(*target, work);
}

Awaitable<Status> remove_backup(PostgresTargetPointer target, Call& call, BackupEntry entry) {
    if (entry.id.starts_with(kept_data_id)) {
        std::function<Status()> removing = [&]() -> Status {
            std::error_code code;
            std::filesystem::remove_all(entry.file, code);
            if (!code) return Done{};
            return fail("file_failed", "Removing " + entry.file + ": " + code.message() + ".");
        };
        co_return co_await off_the_loop<Status>(*target, removing);
    }
    if (entry.storage.empty()) {
        const auto beside = co_await connect_beside(target, call);
        if (!beside) co_return beside.error();
        co_return co_await drop_database(**beside, entry.file);
    }
    const Shelf shelf = shelf_of(*target, call, Value());
    std::function<Status()> work = [&] { return remove_dump(shelf, entry); };
    co_return co_await off_the_loop<Status>(*target, work);
}

Awaitable<Result<Before>> before_delete(PostgresTargetPointer target, Call& call) {
    const auto found = co_await find_backup(target, call, call.arguments["backup"].text());
    if (!found) co_return found.error();
    Before before;
    before.sign = '-';
    before.already_so = !*found;
    before.state.set("exists", found->has_value());
    before.result.set("changed", false);
    co_return before;
}

Awaitable<Outcome> act_delete(PostgresTargetPointer target, Call& call, const Value& before) {
    const auto found = co_await find_backup(target, call, call.arguments["backup"].text());
    if (!found) co_return outcome_of(found.error());
    if (*found) {
        const auto removed = co_await remove_backup(target, call, **found);
        if (!removed) co_return outcome_of(removed.error(), true);
    }
    Value result;
    result.set("changed", before["exists"].boolean());
    co_return Outcome::done(std::move(result), Value().set("exists", false));
}

Awaitable<Result<Before>> before_prune(PostgresTargetPointer target, Call& call) {
    const Shelf shelf = shelf_of(*target, call, Value());
    std::function<Result<Before>()> work = [&] { return plan_prune(shelf, call.arguments); };
    co_return co_await off_the_loop<Result<Before>>(*target, work);
}

// Removes exactly what was decided before the intent, also when it is done again.
Awaitable<Outcome> act_prune(PostgresTargetPointer target, Call& call, const Value& before) {
    bool some = false;
    const StreamWatch watch = watch_of(call, "Pruning the backups of " + target->target);
    for (const auto& id : before["removed"].list()) {
        if (const auto stopped = watch.stopped()) co_return outcome_of(*stopped, some);
        const auto found = co_await find_backup(target, call, id.text());
        if (!found) co_return outcome_of(found.error(), some);
        if (*found) {
            const auto removed = co_await remove_backup(target, call, **found);
            if (!removed) co_return outcome_of(removed.error(), some);
        }
        some = true;
        call.tell("removed " + id.text());
    }
    Value result = before;
    result.set("changed", true);
    co_return Outcome::done(std::move(result),
                            Value().set("removed", List{}).set("kept", before["kept"]));
}

}  // namespace

Awaitable<Result<BackupEntry>> resolve_backup(PostgresTargetPointer target, Call& call) {
    const std::string id = call.arguments["backup"].text();
    const Shelf shelf = shelf_of(*target, call, Value());
    if (id.starts_with(kept_data_id))
        co_return fail("not_supported", "The backup \"" + id + "\" of " + target->target +
                                            " is a whole server's data folder: restore and "
                                            "delete_backup take it, and nothing else does.");
    if (id.starts_with(previous_id)) {
        const auto found = co_await find_backup(target, call, id);
        if (!found) co_return found.error();
        if (*found) co_return **found;
        co_return no_such_backup(shelf, "\"" + id + "\" on its server");
    }
    std::function<Result<BackupEntry>()> work = [&] { return resolve_dump(shelf, call.arguments); };
    co_return co_await off_the_loop<Result<BackupEntry>>(*target, work);
}

void add_postgres_backup_list(Operations& operations, const PostgresTargetPointer& target) {
    operations["list_backups"].observe = [target](Call& call) {
        return list_backups(target, call);
    };
    Handler& remove = operations["delete_backup"];
    remove.before = [target](Call& call) { return before_delete(target, call); };
    remove.act = [target](Call& call, const Value& before) {
        return act_delete(target, call, before);
    };
    Handler& prune = operations["prune_backups"];
    prune.before = [target](Call& call) { return before_prune(target, call); };
    prune.act = [target](Call& call, const Value& before) {
        return act_prune(target, call, before);
    };
}

}  // namespace perilune
