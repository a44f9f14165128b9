// Listing and removing the backups of a SQLite database: list_backups, delete_backup,
// prune_backups.
#include "bindings/database/sqlite_previous.h"

namespace perilune {

namespace {

Outcome failed(const Error& error, bool some) {
    Outcome outcome = Outcome::failed(error);
    outcome.left_some = some;
    return outcome;
}

// Dumps where the settings lead to, and the copies beside the file.
Result<Value> list_backups(Work& work) {
    std::vector<BackupEntry> entries = list_previous(work.target);
    if (!work.target.backups.empty()) {
        const auto dumps = list_dumps(work.shelf, work.target.backups, work.target.backups_of);
        if (!dumps) return dumps.error();
        entries.insert(entries.end(), dumps->begin(), dumps->end());
    }
    return show_backups(std::move(entries), work.call.arguments);
}

// The backup with an id; nothing where there is none.
Result<std::optional<BackupEntry>> find_backup(const Work& work, const std::string& id) {
    for (const auto& entry : list_previous(work.target))
        if (entry.id == id) return std::optional<BackupEntry>(entry);
    return find_own_dump(work.shelf, id);
}

Status remove_backup(const Work& work, const BackupEntry& entry) {
    if (!entry.storage.empty()) return remove_dump(work.shelf, entry);
    if (work.target.memory) {
        work.target.memory->remove_copy(entry.id);
    } else {
        remove_copy(entry.file);
    }
    return Done{};
}

Result<Before> before_delete(Work& work) {
    const auto found = find_backup(work, work.argument("backup").text());
    if (!found) return found.error();
    Before before;
    before.sign = '-';
    before.already_so = !*found;
    before.state.set("exists", found->has_value());
    before.result.set("changed", false);
    return before;
}

Outcome act_delete(Work& work, const Value& before) {
    const auto found = find_backup(work, work.argument("backup").text());
    if (!found) return failed(found.error(), false);
    if (*found)
        if (const auto removed = remove_backup(work, **found); !removed)
            return failed(removed.error(), true);
    return Outcome::done(Value().set("changed", before["exists"].boolean()),
                         Value().set("exists", false));
}

Result<Before> before_prune(Work& work) { return plan_prune(work.shelf, work.call.arguments); }

// Removes exactly what was decided before the intent, also when it is done again.
Outcome act_prune(Work& work, const Value& before) {
    bool some = false;
    for (const auto& id : before["removed"].list()) {
        if (const auto stopped = work.stopped("Pruning the backups")) return failed(*stopped, some);
        const auto found = find_backup(work, id.text());
        if (!found) return failed(found.error(), some);
        if (*found)
            if (const auto removed = remove_backup(work, **found); !removed)
                return failed(removed.error(), some);
        some = true;
        work.call.tell("removed " + id.text());
    }
    return Outcome::done(Value(before).set("changed", true),
                         Value().set("removed", List{}).set("kept", before["kept"]));
}

}  // namespace

void add_sqlite_backup_list(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    operations["list_backups"] = observe_sqlite(target, list_backups);
    operations["delete_backup"] = change_sqlite(target, before_delete, act_delete);
    operations["prune_backups"] = change_sqlite(target, before_prune, act_prune);
}

}  // namespace perilune
