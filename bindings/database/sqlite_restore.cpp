// Restoring a SQLite database from a backup: restore.
#include "bindings/database/sqlite_checks.h"
#include "bindings/database/sqlite_markers.h"
#include "bindings/database/sqlite_replace.h"
#include "bindings/database/sqlite_restoring.h"
#include "bindings/database/sqlite_tables.h"
#include "bindings/database/sqlite_transfer.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

Result<Before> before_restore(Work& work) {
    const auto entry = resolve_backup(work);
    if (!entry) return entry.error();
    if (entry->state != "complete")
        return fail("not_found", "Restoring " + work.target.target + ": the backup " + entry->id +
                                     " is " + entry->state + " and not complete.");
    const auto readable =
        require_readable(work.shelf.keys, entry->id, entry->manifest, work.watch("The restore"));
    if (!readable) return readable.error();
    auto state = content_state(work);
    if (!state) return state.error();
    Before before;
    before.state = std::move(*state);
    before.plan = entry->id + " of " + show_time(entry->at_s);
    return before;
}

Outcome act_restore(Work& work, const Value& before) {
    const auto entry = resolve_backup(work);
    if (!entry) return Outcome::failed(entry.error());
    const double keep_s = work.argument("keep_previous").number();
    return restore_entry(work, *entry, before["absent"].boolean() ? 0 : keep_s);
}

// What the database held, as a copy that this call keeps; copies of its earlier tries go.
BackupEntry plan_previous(const Work& work, double keep_s, Condition condition) {
    const std::string key = work.call.key.empty() ? to_hex(random_bytes(6)) : work.call.key;
    BackupEntry previous = previous_entry(work.target, wall_now_s(), keep_s, key);
    for (const auto& entry : list_previous(work.target))
        if (entry.file.ends_with("-" + key.substr(0, 12))) remove_copy(entry.file);
    if (condition == Condition::unusable) previous.state = "failed";
    return previous;
}

}  // namespace

Outcome restore_entry(Work& work, const BackupEntry& entry, double keep_previous_s) {
    const double began_s = boot_now_s();
    const auto lock = work.lock_writers();
    if (!lock) return Outcome::failed(lock.error());
    const Sighting earlier = look_for_restore(work, Value());
    if (earlier.kind == Sighting::Kind::happened)
        return Outcome::done(earlier.value, earlier.after);

    const ScratchFile scratch(scratch_path(work, "restore"));
    List checks;
    if (const auto fetched = fetch_backup(work, entry, scratch.path(), checks); !fetched)
        return Outcome::failed(fetched.error());
    const auto judged =
        judge_checks(std::move(checks), "Restoring " + work.target.target + " from " + entry.id +
                                            " (nothing was changed)");
    if (!judged) return Outcome::failed(judged.error());

    const auto condition = condition_of(work);
    if (!condition) return Outcome::failed(condition.error());
    Replacement replacement;
    replacement.file = scratch.path();
    replacement.uses_log = entry.manifest.uses_log;
    Value result;
    result.set("data_until_at", entry.at_s).set("moved_endpoint", false).set("changed", true);
    if (keep_previous_s > 0 && *condition != Condition::missing) {
        const BackupEntry previous = plan_previous(work, keep_previous_s, *condition);
        replacement.previous = previous.file;
        result.set("previous", previous.to_value());
    }
    std::string content;
    {
        // The marker travels within the restored data: it appears with it, or not at all.
        auto opened = work.open_file(scratch.path(), Access::write);
        if (!opened) return Outcome::failed(opened.error());
        const auto pages = (*opened)->first("pragma page_count");
        const auto page_size = (*opened)->first("pragma page_size");
        if (pages && page_size) result.set("restored_bytes", pages->number() * page_size->number());
        result.set("took_s", boot_now_s() - began_s);
        const auto digest = digest_content(**opened);
        if (!digest) return Outcome::failed(digest.error());
        content = *digest;
        const std::string key = work.call.key.empty() ? "restore" : work.call.key;
        Value marker = result;
        marker.set("content", content);
        if (const auto marked = write_marker(**opened, key, marker); !marked)
            return Outcome::failed(marked.error());
    }
    if (const auto replaced = replace_target(work, replacement); !replaced)
        return settle_restore(work, replaced.error());
    remove_expired_previous(work.target);
    result.set("took_s", boot_now_s() - began_s);
    return Outcome::done(std::move(result), Value().set("content", content));
}

Outcome settle_restore(Work& work, const Error& error) {
    const Sighting seen = look_for_restore(work, Value());
    if (seen.kind == Sighting::Kind::happened) return Outcome::done(seen.value, seen.after);
    return seen.kind == Sighting::Kind::did_not ? Outcome::failed(error) : Outcome::unknown(error);
}

Sighting look_for_restore(Work& work, const Value&) {
    Sighting sighting;
    auto opened = work.open(Access::read);
    const auto marked = opened ? read_marker(**opened, work.call.key)
                               : Result<std::optional<Value>>(opened.error());
    if (marked) {
        sighting.kind = *marked ? Sighting::Kind::happened : Sighting::Kind::did_not;
        sighting.evidence = std::string(markers_table) + " in " + work.target.path +
                            (*marked ? " has the call's key." : " does not have the call's key.");
        if (!*marked) return sighting;
        sighting.value = **marked;
        // What the restore left, and not what somebody has written since.
        sighting.after.set("content", sighting.value["content"]);
        sighting.value.set("content", Value());
        return sighting;
    }
    // Restored data can be read: what is missing or damaged is not what a restore put there.
    sighting.evidence = marked.error().message;
    if (marked.error().code == "not_found" || marked.error().code == "damaged")
        sighting.kind = Sighting::Kind::did_not;
    return sighting;
}

std::optional<Restore> reverse_restore(const Call&, const Value&, const Value& result) {
    const Value& previous = result["previous"];
    if (previous["state"].text() != "complete") return std::nullopt;
    return Restore{"restore", Value().set("backup", previous["id"])};
}

void add_sqlite_restore(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    operations["restore"] =
        change_sqlite(target, before_restore, act_restore, look_for_restore, reverse_restore);
}

}  // namespace perilune
