#include "bindings/database/backup_claim.h"

#include <algorithm>

#include "bindings/database/backup_files.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

std::string storage_of(const Call& call) { return call.arguments["to"].text(); }

Error already_exists(const Shelf& shelf, const Call& call, const std::string& key) {
    return fail("already_exists", "Backing up " + shelf.target + ": " + storage_of(call) +
                                      " already has \"" + key +
                                      "\". Use another key, or overwrite = \"replace\".");
}

bool refuses(const Call& call) { return call.arguments["overwrite"].text() == "refuse"; }

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

Outcome finished(const Call& call, const BackupManifest& manifest) {
    BackupEntry entry;
    entry.storage = storage_of(call);
    entry.id = entry.storage + ":" + manifest.key;
    entry.key = manifest.key;
    entry.state = "complete";
    entry.at_s = manifest.at_s;
    entry.size_bytes = manifest.size_bytes;
    entry.manifest = manifest;
    return Outcome::done(entry.to_value().set("changed", true));
}

BackupManifest new_manifest(const Shelf& shelf, const Call& call) {
    BackupManifest manifest;
    manifest.engine = shelf.engine;
    manifest.state = "running";
    manifest.source = shelf.target;
    manifest.call = call.key;
    manifest.key = call.arguments["key"].text();
    manifest.compression = call.arguments["compression"].text();
    manifest.at_s = wall_now_s();
    manifest.deadline_at_s = wall_now_s() + std::max(0.0, call.deadline_s - boot_now_s());
    return manifest;
}

// What others, or earlier tries, stored under the key; the manifest no longer names it.
void remove_replaced(ObjectPort& port, const BackupManifest& manifest) {
    if (manifest.is_folder()) port.delete_object(manifest.key);
    remove_files(port, manifest.key, manifest.folder);
}

}  // namespace

Status store_object(ObjectPort& port, BackupManifest& manifest, const SendDump& send) {
    auto sink = port.write_object(manifest.key);
    if (!sink) return sink.error();
    if (const auto sent = send(**sink, manifest); !sent) {
        (*sink)->abandon();
        return sent;
    }
    const auto stored = (*sink)->commit();
    if (!stored) return stored.error();
    const Value& digest = (*stored)["digest"];
    if (!digest.is_nil() && digest.text() != manifest.digest)
        return fail("damaged_stream", "Storing the backup " + manifest.key +
                                          ": the storage target has other bytes than were sent.");
    return Done{};
}

Status check_backup_call(const Shelf& shelf, const Call& call, const StreamWatch& watch) {
    const auto encryption = choose_encryption(shelf.keys, call.arguments["encrypt_to"], watch);
    if (!encryption) return encryption.error();
    const auto port = shelf.port(storage_of(call));
    if (!port) return port.error();
    const std::string key = call.arguments["key"].text();
    for (const auto& taken : {key, manifest_key(key)}) {
        const auto there = (*port)->head_object(taken);
        if (!there) return there.error();
        if (!there->is_nil() && refuses(call)) return already_exists(shelf, call, taken);
    }
    return Done{};
}

BackupClaim claim_backup(const Shelf& shelf, const Call& call, const StreamWatch& watch) {
    BackupClaim claim{.manifest = new_manifest(shelf, call)};
    const auto ends = [&](const Error& error) {
        claim.ended = Outcome::failed(error);
        return claim;
    };
    auto encryption = choose_encryption(shelf.keys, call.arguments["encrypt_to"], watch);
    if (!encryption) return ends(encryption.error());
    claim.manifest.encryption = std::move(*encryption);
    const auto port = shelf.port(storage_of(call));
    if (!port) return ends(port.error());
    const auto earlier = find_dump(shelf, storage_of(call), claim.manifest.key);
    if (!earlier && refuses(call)) return ends(earlier.error());
    const bool ours =
        earlier && *earlier && !call.key.empty() && (**earlier).manifest.call == call.key;
    if (ours && (**earlier).state == "complete") {
        claim.ended = finished(call, (**earlier).manifest);
    } else if (refuses(call) && !ours) {
        const auto object = (*port)->head_object(claim.manifest.key);
        if (!object) return ends(object.error());
        if (!object->is_nil() || *earlier)
            return ends(already_exists(shelf, call, claim.manifest.key));
        const auto claimed = store_manifest(**port, claim.manifest);
        if (!claimed) return ends(claimed.error());
    }
    return claim;
}

Outcome store_backup(const Shelf& shelf, const Call& call, BackupManifest manifest,
                     const SendDump& send) {
    const auto port = shelf.port(storage_of(call));
    if (!port) return Outcome::failed(port.error());
    Status done = store_object(**port, manifest, send);
    const bool stored = done.ok();
    manifest.state = "complete";
    if (done) done = store_manifest(**port, manifest);
    if (done && !refuses(call)) remove_replaced(**port, manifest);
    if (done) return finished(call, manifest);
    // Without our object and our claim nobody has to wonder about them.
    if (stored && refuses(call)) (*port)->delete_object(manifest.key);
    return give_up_claim(shelf, call, manifest, done.error());
}

Outcome store_folder(const Shelf& shelf, const Call& call, BackupManifest manifest,
                     const SendFolder& send) {
    const auto port = shelf.port(storage_of(call));
    if (!port) return Outcome::failed(port.error());
    manifest.folder = folder_of_call(call.key);
    Status done = send(manifest);
    manifest.state = "complete";
    if (done) done = store_manifest(**port, manifest);
    if (!done) {
        for (const auto& file : manifest.files)
            (*port)->delete_object(manifest.key + manifest.folder + file.name);
        return give_up_claim(shelf, call, manifest, done.error());
    }
    if (!refuses(call)) remove_replaced(**port, manifest);
    return finished(call, manifest);
}

Outcome give_up_claim(const Shelf& shelf, const Call& call, const BackupManifest& manifest,
                      const Error& error) {
    const auto port = shelf.port(storage_of(call));
    if (port && refuses(call)) (*port)->delete_object(manifest_key(manifest.key));
    return Outcome::failed(error);
}

Sighting look_for_dump(const Shelf& shelf, const Call& call) {
    Sighting sighting;
    const std::string key = call.arguments["key"].text();
    const auto found = find_dump(shelf, call.arguments["to"].text(), key);
    if (!found) {
        sighting.evidence = found.error().message;
        return sighting;
    }
    const bool ours = *found && (**found).manifest.call == call.key;
    const bool happened = ours && (**found).state == "complete";
    sighting.kind = happened ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = manifest_key(key) + (happened ? " is complete and has the call's key."
                                             : ours   ? " is of this call, which did not end."
                                                      : " is not of this call.");
    if (happened) sighting.value = (**found).to_value().set("changed", true);
    return sighting;
}

}  // namespace perilune
