// What a doctor says of the keys of a target's backups.
#pragma once

#include "bindings/database/backup_encryption.h"
#include "interpreter/base/findings.h"

namespace perilune {

// Whether the programs by which backups are read are there, and whether `decrypt_with` is a key.
// Nothing where the settings name none. Blocks: for use off the loop.
void examine_keys(const BackupKeys& keys, const StreamWatch& watch, Findings& found);

}  // namespace perilune
