// Dumps that are a folder of files: each is stored as an object of its own, several at once.
//
// The objects lie below KEY.files/CALL/, which no other call has, so that a backup that is replaced
// stays whole until the manifest names the new ones.
#pragma once

#include "bindings/database/backup_catalog.h"

namespace perilune {

// All of it blocks: for use off the loop.

// The manifest's folder for a call: ".files/1f2e3d4c5b6a/".
std::string folder_of_call(const std::string& call_key);

// Whether a name is one of those that pg_dump gives to the files of a folder.
bool is_dump_file(std::string_view name);

// Stores the files of a folder, `jobs` at once, and fills in the manifest's files, sizes and
// digests. What it stored of them stays where it fails.
Status store_files(const Shelf& shelf, const std::string& storage, const std::string& folder,
                   int jobs, BackupManifest& manifest, const StreamWatch& watch);

// Brings the files of a dump into a folder, `jobs` at once, and appends a check for everything that
// can be wrong with them. Only what hinders the checking itself is an error.
Status fetch_files(const Shelf& shelf, const BackupEntry& entry, const std::string& folder,
                   int jobs, const StreamWatch& watch, List& checks);

// Removes the files of all calls that stored some for a key, but for those in the folder `kept`.
Status remove_files(ObjectPort& port, const std::string& key, const std::string& kept = {});

// Works through 0 to `count` - 1, `jobs` at once; after the first error nothing more is begun.
Status work_at_once(std::size_t count, int jobs, const std::function<Status(std::size_t at)>& work);

}  // namespace perilune
