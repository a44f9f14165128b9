// Backing a SQLite database up: backup and verify_backup.
#include <filesystem>

#include "bindings/database/backup_catalog.h"
#include "bindings/database/backup_transfer.h"
#include "bindings/database/sqlite_checks.h"
#include "bindings/database/sqlite_pages.h"
#include "bindings/database/sqlite_tables.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

Error not_supported(const Work& work, const std::string& what) {
    return fail("not_supported", "Backing up " + work.target.target + " " + what +
                                     " is not possible with the driver sqlite. Leave it out.");
}

Error already_exists(const Work& work, const std::string& key) {
    return fail("already_exists", "Backing up " + work.target.target + ": " +
                                      work.argument("to").text() + " already has \"" + key +
                                      "\". Use another key, or overwrite = \"replace\".");
}

bool refuses(const Work& work) { return work.argument("overwrite").text() == "refuse"; }

Result<Before> before_backup(Work& work) {
    if (work.argument("format").text() != "custom") return not_supported(work, "as SQL text");
    if (work.call.arguments.has("tables")) return not_supported(work, "by tables");
    if (work.call.arguments.has("encrypt_to")) return not_supported(work, "with encryption");
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const auto pages = (*opened)->first("pragma page_count");
    if (!pages) return pages.error();
    const auto port = work.port(work.argument("to").text());
    if (!port) return port.error();
    const std::string key = work.argument("key").text();
    for (const auto& taken : {key, manifest_key(key)}) {
        const auto there = (*port)->head_object(taken);
        if (!there) return there.error();
        if (!there->is_nil() && refuses(work)) return already_exists(work, taken);
    }
    Before before;
    before.sign = '+';
    before.plan = key + " in " + work.argument("to").text();
    return before;
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

// A backup of a damaged database helps nobody: it is refused while the last good one still is
// there.
Status describe_copy(Work& work, const std::string& path, BackupManifest& manifest) {
    if (const auto plain = make_plain(work, path); !plain) return plain;
    auto opened = work.open_file(path, Access::read);
    if (!opened) return opened.error();
    List checks;
    check_structure(**opened, "quick", checks);
    const auto judged = judge_checks(std::move(checks), "Backing up " + work.target.target);
    if (!judged) return judged.error();
    const auto tables = tables_of(**opened);
    if (!tables) return tables.error();
    auto counts = count_rows(**opened, *tables);
    if (!counts) return counts.error();
    manifest.counts = std::move(*counts);
    const auto version = (*opened)->first("pragma user_version");
    if (!version) return version.error();
    manifest.user_version = version->number();
    return Done{};
}

Status store_manifest(ObjectPort& port, const BackupManifest& manifest) {
    auto sink = port.write_object(manifest_key(manifest.key));
    if (!sink) return sink.error();
    if (const auto written = (*sink)->write(write_manifest(manifest)); !written) {
        (*sink)->abandon();
        return written;
    }
    const auto stored = (*sink)->commit();
    if (!stored) return stored.error();
    return Done{};
}

Status store_object(Work& work, ObjectPort& port, const std::string& path,
                    BackupManifest& manifest) {
    auto sink = port.write_object(manifest.key);
    if (!sink) return sink.error();
    if (const auto sent = send_file(work, path, **sink, manifest); !sent) {
        (*sink)->abandon();
        return sent;
    }
    const auto stored = (*sink)->commit();
    if (!stored) return stored.error();
    const Value& digest = (*stored)["digest"];
    if (!digest.is_nil() && digest.text() != manifest.digest)
        return fail("damaged_stream", "Storing the backup " + manifest.key +
                                          ": the storage "
                                          "target has other bytes than were sent.");
    return Done{};
}

Outcome finished(const Work& work, const BackupManifest& manifest) {
    BackupEntry entry;
    entry.storage = work.argument("to").text();
    entry.id = entry.storage + ":" + manifest.key;
    entry.key = manifest.key;
    entry.state = "complete";
    entry.at_s = manifest.at_s;
    entry.size_bytes = manifest.size_bytes;
    entry.manifest = manifest;
    return Outcome::done(entry.to_value().set("changed", true));
}

BackupManifest new_manifest(const Work& work) {
    BackupManifest manifest;
    manifest.state = "running";
    manifest.source = work.target.target;
    manifest.call = work.call.key;
    manifest.key = work.argument("key").text();
    manifest.compression = work.argument("compression").text();
    manifest.at_s = wall_now_s();
    manifest.deadline_at_s = wall_now_s() + std::max(0.0, work.call.deadline_s - boot_now_s());
    return manifest;
}

Outcome act_backup(Work& work, const Value&) {
    const auto port = work.port(work.argument("to").text());
    if (!port) return Outcome::failed(port.error());
    BackupManifest manifest = new_manifest(work);
    const auto earlier = find_dump(work, work.argument("to").text(), manifest.key);
    if (!earlier && refuses(work)) return Outcome::failed(earlier.error());
    const bool ours =
        earlier && *earlier && !work.call.key.empty() && (**earlier).manifest.call == work.call.key;
    if (ours && (**earlier).state == "complete") return finished(work, (**earlier).manifest);
    if (refuses(work) && !ours) {
        const auto object = (*port)->head_object(manifest.key);
        if (!object) return Outcome::failed(object.error());
        if (!object->is_nil() || *earlier)
            return Outcome::failed(already_exists(work, manifest.key));
        // A claim: after a crash this call knows its own half-written object by it, and nobody
        // takes that for a backup.
        if (const auto claimed = store_manifest(**port, manifest); !claimed)
            return Outcome::failed(claimed.error());
    }
    const ScratchFile scratch(scratch_path(work, "backup"));
    Status done = copy_state(work, scratch.path(), manifest);
    if (done) done = describe_copy(work, scratch.path(), manifest);
    if (done) done = store_object(work, **port, scratch.path(), manifest);
    const bool stored = done.ok();
    manifest.state = "complete";
    if (done) done = store_manifest(**port, manifest);
    if (done) return finished(work, manifest);
    // What is left are our claim and perhaps our object: without them nobody has to wonder.
    if (refuses(work)) {
        if (stored) (*port)->delete_object(manifest.key);
        (*port)->delete_object(manifest_key(manifest.key));
    }
    return Outcome::failed(done.error());
}

Sighting look_for_backup(Work& work, const Value&) {
    Sighting sighting;
    const std::string key = work.argument("key").text();
    const auto found = find_dump(work, work.argument("to").text(), key);
    if (!found) {
        sighting.evidence = found.error().message;
        return sighting;
    }
    const bool ours = *found && (**found).manifest.call == work.call.key;
    const bool happened = ours && (**found).state == "complete";
    sighting.kind = happened ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = manifest_key(key) + (happened ? " is complete and has the call's key."
                                             : ours   ? " is of this call, which did not end."
                                                      : " is not of this call.");
    if (happened) sighting.value = (**found).to_value().set("changed", true);
    return sighting;
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

void add_sqlite_backup(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    operations["backup"] = change_sqlite(target, before_backup, act_backup, look_for_backup);
    operations["verify_backup"] = observe_sqlite(target, verify_backup);
}

}  // namespace perilune
