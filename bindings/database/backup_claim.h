// A backup from its claim to its manifest, so that a half-written object never looks like one.
//
// Before anything is stored, a manifest with the state "running" claims the key for the call: after
// a crash the call knows its own half-written object by it. The manifest says "complete" only once
// the object is stored.
#pragma once

#include <functional>
#include <optional>

#include "bindings/database/backup_catalog.h"

namespace perilune {

// All of it blocks: for use off the loop.

// Raises already_exists where the key is taken and the call may not overwrite, and what hinders the
// encryption that it asks for.
Status check_backup_call(const Shelf& shelf, const Call& call, const StreamWatch& watch);

// Claims the key. Where an earlier try of the call has ended already, `ended` is its outcome.
struct BackupClaim {
    BackupManifest manifest;
    std::optional<Outcome> ended;
};
BackupClaim claim_backup(const Shelf& shelf, const Call& call, const StreamWatch& watch);

// Stores the object by `send`, and then the manifest. What is left where it fails is nothing.
using SendDump = std::function<Status(ByteSink& sink, BackupManifest& manifest)>;
Outcome store_backup(const Shelf& shelf, const Call& call, BackupManifest manifest,
                     const SendDump& send);

// Stores one object at the manifest's key, and proves that it has the bytes that were sent.
Status store_object(ObjectPort& port, BackupManifest& manifest, const SendDump& send);

// Lets `send` store a folder's files and fill them in, and then stores the manifest. What is left
// where it fails is nothing.
using SendFolder = std::function<Status(BackupManifest& manifest)>;
Outcome store_folder(const Shelf& shelf, const Call& call, BackupManifest manifest,
                     const SendFolder& send);

// Gives up a claim whose backup could not be begun.
Outcome give_up_claim(const Shelf& shelf, const Call& call, const BackupManifest& manifest,
                      const Error& error);

// Sees by the manifest whether the call's backup is there.
Sighting look_for_dump(const Shelf& shelf, const Call& call);

}  // namespace perilune
