// Copies of a SQLite file that restores kept beside it, and the other files that calls leave there.
#pragma once

#include <string>
#include <vector>

#include "bindings/database/backup_catalog.h"
#include "bindings/database/sqlite_target.h"

namespace perilune {

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

// Finds what a call's `backup` or `at` means: a copy beside the file, or a dump.
Result<BackupEntry> resolve_backup(const Work& work);

}  // namespace perilune
