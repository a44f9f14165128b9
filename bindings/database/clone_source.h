// Which backup of another database a clone means.
#pragma once

#include "bindings/database/backup_catalog.h"

namespace perilune {

// What `before` of clone finds: the backup's id and its storage target, as that database's own
// driver lists it. Errors: no_such_target, not_found.
Awaitable<Result<Before>> choose_clone(Services& services, Call& call);

// The dump that `before` found. Blocks: for use off the loop. Errors: not_found.
Result<BackupEntry> find_clone(const Shelf& shelf, const Value& before);

}  // namespace perilune
