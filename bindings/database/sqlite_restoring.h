// What restore and clone share: bringing one backup into the target.
#pragma once

#include "bindings/database/backup_catalog.h"
#include "bindings/database/sqlite_target.h"

namespace perilune {

// Restores a backup into the target, checked whole before anything is touched. What was there is
// kept for `keep_previous_s`; 0: not at all. Done again, it finds what an earlier try did.
Outcome restore_entry(Work& work, const BackupEntry& entry, double keep_previous_s);

// What `before` of clone finds: a backup of the other database that can be read here.
Awaitable<Result<Before>> choose_readable_clone(std::shared_ptr<SqliteTarget> target, Call& call);

// Sees by the marker in the restored data whether this call's restore happened.
Sighting look_for_restore(Work& work, const Value& before);

// What takes a restore back: a restore of what it kept.
std::optional<Restore> reverse_restore(const Call& call, const Value& before, const Value& result);

// The outcome of a replacement that raised `error`.
Outcome settle_restore(Work& work, const Error& error);

}  // namespace perilune
