// What restore and clone share: bringing one backup into the place of the target's database.
#pragma once

#include "bindings/database/postgres_backup.h"
#include "bindings/database/postgres_dump.h"

namespace perilune {

// Loads a backup into a database of its own, checks it whole, and puts it in the place of the
// target's. What was there is kept for `keep_previous_s`; 0: not at all. Done again, it finds what
// an earlier try did.
Awaitable<Outcome> restore_entry(PostgresTargetPointer target, Call& call, BackupEntry entry,
                                 double keep_previous_s, Owners owners);

// Sees by the marker in the restored database whether this call's restore happened.
Awaitable<Sighting> look_for_restore(PostgresTargetPointer target, Call& call);

// { content } digests what the database holds; { absent } where there is none. The state by which
// undo sees whether anything changed. Errors: fenced, and all of connecting.
Awaitable<Result<Value>> content_state(PostgresTargetPointer target, Call& call);

}  // namespace perilune
