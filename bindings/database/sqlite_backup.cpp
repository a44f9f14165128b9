// Backing a SQLite database up: backup and verify_backup.
#include <filesystem>

#include "bindings/database/backup_claim.h"
#include "bindings/database/backup_doctor.h"
#include "bindings/database/sqlite_checks.h"
#include "bindings/database/sqlite_pages.h"
#include "bindings/database/sqlite_tables.h"
#include "bindings/database/sqlite_transfer.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

Error not_supported(const Work& work, const std::string& what) {
    return fail("not_supported", "Backing up " + work.target.target + " " + what +
                                     " is not possible with the driver sqlite. Leave it out.");
}

// Copies a consistent state into `path`, and notes the moment it shows.
Status copy_state(Work& work, const std::string& path, BackupManifest& manifest) {
    auto from = work.open(Access::read);
    if (!from) return from.error();
    const auto versions = read_versions(**from);
    if (!versions) return versions.error();
    manifest.uses_log = versions->uses_log();
    if (manifest.uses_log) {
        // With a log a snapshot costs the writers nothing, and nothing starts again.
        if (const auto begun = (*from)->execute("begin"); !begun) return begun;
        const auto read = (*from)->first("select count(*) from sqlite_schema");
        if (!read) return read.error();
        manifest.at_s = wall_now_s();
    }
    auto to = work.open_file(path, Access::create);
    if (!to) return to.error();
    // A copy that is never read after a crash needs no flushing.
    const auto quick = (*to)->execute("pragma journal_mode = memory; pragma synchronous = off");
    if (!quick) return quick;
    const auto copied = copy_database(**from, **to, [&](double done, double all) {
        work.call.tell("copied " + show_size(done) + " of " + show_size(all));
    });
    if (!copied) return copied;
    if (!manifest.uses_log) manifest.at_s = wall_now_s();
    return Done{};
}

Status describe_copy(Work& work, const std::string& path, BackupManifest& manifest) {
    if (const auto plain = make_plain(work, path); !plain) return plain;
    auto opened = work.open_file(path, Access::read);
    if (!opened) return opened.error();
    return describe_dump(**opened, manifest);
}

Outcome act_backup(Work& work, const Value&) {
    BackupClaim claim = claim_backup(work.shelf, work.call, work.watch("The backup"));
    if (claim.ended) return *claim.ended;
    const ScratchFile scratch(scratch_path(work, "backup"));
    Status done = copy_state(work, scratch.path(), claim.manifest);
    if (done) done = describe_copy(work, scratch.path(), claim.manifest);
    if (!done) return give_up_claim(work.shelf, work.call, claim.manifest, done.error());
    return store_backup(work.shelf, work.call, std::move(claim.manifest),
                        [&](ByteSink& sink, BackupManifest& manifest) {
                            return send_file(work, scratch.path(), sink, manifest);
                        });
}

Result<Value> verify_backup(Work& work) {
    const auto entry = resolve_backup(work);
    if (!entry) return entry.error();
    const ScratchFile scratch(scratch_path(work, "verify"));
    List checks;
    const auto fetched = fetch_backup(work, *entry, scratch.path(), checks);
    if (!fetched) return fetched.error();
    return judge_checks(std::move(checks), "Verifying the backup " + entry->id);
}

}  // namespace

Result<Before> before_dump(Work& work) {
    const std::string format = work.argument("format").text();
    if (format == "plain") return not_supported(work, "as SQL text");
    // A world has no disk to spare or to fill: what it keeps of a folder is one object.
    if (format == "directory" && !work.target.memory) return not_supported(work, "as a folder");
    if (work.call.arguments.has("tables")) return not_supported(work, "by tables");
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const auto pages = (*opened)->first("pragma page_count");
    if (!pages) return pages.error();
    const auto checked = check_backup_call(work.shelf, work.call, work.watch("The backup"));
    if (!checked) return checked.error();
    Before before;
    before.sign = '+';
    before.plan = work.argument("key").text() + " in " + work.argument("to").text();
    return before;
}

Awaitable<Result<Value>> examine_sqlite(std::shared_ptr<SqliteTarget> target, Call& call) {
    const ObserveWork look = [](Work& work) -> Result<Value> {
        Findings found(work.call);
        examine_keys(work.shelf.keys, work.watch("Looking at the keys"), found);
        return found.value();
    };
    return work_observe(std::move(target), look, call);
}

Status describe_dump(SqliteConnection& connection, BackupManifest& manifest) {
    List checks;
    check_structure(connection, "quick", checks);
    const auto judged =
        judge_checks(std::move(checks), "Backing up " + connection.options().target);
    if (!judged) return judged.error();
    const auto tables = tables_of(connection);
    if (!tables) return tables.error();
    auto counts = count_rows(connection, *tables);
    if (!counts) return counts.error();
    manifest.counts = std::move(*counts);
    const auto version = connection.first("pragma user_version");
    if (!version) return version.error();
    manifest.user_version = version->number();
    return Done{};
}

void add_sqlite_backup(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    operations["backup"] = change_sqlite(
        target, before_dump, act_backup,
        [](Work& work, const Value&) { return look_for_dump(work.shelf, work.call); });
    operations["verify_backup"] = observe_sqlite(target, verify_backup);
}

}  // namespace perilune
