// Which backups there are: dumps in storage targets, and copies that restores kept beside the file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bindings/database/backup_manifest.h"
#include "bindings/database/sqlite_target.h"

namespace perilune {

struct BackupEntry {
    std::string id;       // "storage/backups:daily/2026-03-01", or "previous:FILE".
    std::string storage;  // Empty for a copy beside the file.
    std::string key;
    std::string file;   // The path of a copy beside the file.
    std::string state;  // "complete", "running" or "failed".
    double at_s = 0;
    double size_bytes = 0;
    double keep_until_at_s = 0;
    BackupManifest manifest;

    Value to_value() const;  // The Backup record.
};

// Dumps of the database `source` in a storage target, newest first.
Result<std::vector<BackupEntry>> list_dumps(const Work& work, const std::string& storage,
                                            const std::string& source);

// One dump by its key; nothing where there is no manifest for it.
Result<std::optional<BackupEntry>> find_dump(const Work& work, const std::string& storage,
                                             const std::string& key);

// Copies that earlier restores kept, newest first.
std::vector<BackupEntry> list_previous(const SqliteTarget& target);

// The name of the copy that a restore keeps: it says when it was made, until when it is kept, and
// by which call.
BackupEntry previous_entry(const SqliteTarget& target, double now_s, double keep_s,
                           const std::string& call_key);

// Removes a copy with the files that belong to it, and those whose time is over.
void remove_copy(const std::string& path);
void remove_expired_previous(const SqliteTarget& target);
// Removes scratch files of calls that died long ago.
void remove_stale_scratch(const SqliteTarget& target);

// Finds what a call's `backup` or `at` means. An id must lie in the storage target that the call or
// the settings name: an id is no way around what a runbook declared. Raises not_found.
Result<BackupEntry> resolve_backup(const Work& work);

// Reads a small object whole.
Result<std::string> read_object(ObjectPort& port, const std::string& key);

}  // namespace perilune
