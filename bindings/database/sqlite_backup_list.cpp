// Listing and removing the backups of a SQLite database: list_backups, delete_backup,
// prune_backups.
#include <algorithm>

#include "bindings/database/backup_catalog.h"
#include "interpreter/base/retention.h"

namespace perilune {

namespace {

Outcome failed(const Error& error, bool some) {
    Outcome outcome = Outcome::failed(error);
    outcome.left_some = some;
    return outcome;
}

// Dumps where the settings lead to, and the copies beside the file; newest first.
Result<std::vector<BackupEntry>> all_backups(const Work& work) {
    std::vector<BackupEntry> entries = list_previous(work.target);
    if (work.target.backups.empty()) return entries;
    auto dumps = list_dumps(work, work.target.backups, work.target.backups_of);
    if (!dumps) return dumps;
    entries.insert(entries.end(), dumps->begin(), dumps->end());
    std::stable_sort(
        entries.begin(), entries.end(),
        [](const BackupEntry& left, const BackupEntry& right) { return left.at_s > right.at_s; });
    return entries;
}

Result<Value> list_backups(Work& work) {
    const auto entries = all_backups(work);
    if (!entries) return entries.error();
    const std::string kind = work.argument("kind").text();
    const Value& before = work.argument("before");
    const double limit = work.argument("limit").number();
    List listed;
    for (const auto& entry : *entries) {
        if (static_cast<double>(listed.size()) >= limit) break;
        Value backup = entry.to_value();
        if (!kind.empty() && backup["kind"].text() != kind) continue;
        if (!before.is_nil() && entry.at_s >= before.number()) continue;
        listed.push_back(std::move(backup));
    }
    return Value(std::move(listed));
}

// The backup with an id; nothing where there is none.
Result<std::optional<BackupEntry>> find_backup(const Work& work, const std::string& id) {
    std::optional<BackupEntry> none;
    for (const auto& entry : list_previous(work.target))
        if (entry.id == id) return std::optional<BackupEntry>(entry);
    const std::string& storage = work.target.backups;
    if (storage.empty() || !id.starts_with(storage + ":")) return none;
    auto found = find_dump(work, storage, id.substr(storage.size() + 1));
    if (!found || !*found) return found;
    if ((**found).manifest.source != work.target.target)
        return fail("not_allowed", "The backup " + id + " is of " + (**found).manifest.source +
                                       " and not of " + work.target.target +
                                       ". Delete it as a backup of that database.");
    return found;
}

// The object goes before its manifest: what is half deleted shows as a failed backup.
Status remove_backup(const Work& work, const BackupEntry& entry) {
    if (entry.storage.empty()) {
        remove_copy(entry.file);
        return Done{};
    }
    const auto port = work.port(entry.storage);
    if (!port) return port.error();
    if (const auto removed = (*port)->delete_object(entry.key); !removed) return removed;
    return (*port)->delete_object(manifest_key(entry.key));
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

Value list_of(const std::vector<std::string>& ids) {
    List list;
    for (const auto& id : ids) list.emplace_back(id);
    return Value(std::move(list));
}

Result<Before> before_prune(Work& work) {
    const auto retention = read_retention(work.argument("keep"));
    if (!retention) return retention.error();
    const auto dumps = list_dumps(work, work.target.backups, work.target.target);
    if (!dumps) return dumps.error();
    std::vector<Dated> things;
    for (const auto& entry : *dumps)
        if (entry.state == "complete") things.push_back({entry.id, entry.at_s});
    const auto choice =
        choose_retention(std::move(things), *retention, work.argument("keep_at_least").number(),
                         work.argument("delete_at_most").number());
    if (!choice) return choice.error();
    Before before;
    before.state.set("removed", list_of(choice->removed)).set("kept", list_of(choice->kept));
    before.already_so = choice->removed.empty();
    before.sign = '-';
    before.plan = std::to_string(choice->removed.size()) + " go, " +
                  std::to_string(choice->kept.size()) + " stay";
    before.result = before.state;
    before.result.set("changed", false);
    return before;
}

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
