// Dumps in a folder: several of pg_dump's and pg_restore's connections work at once, on files of a
// scratch folder that are stored and brought back several at once, too.
#pragma once

#include "bindings/database/postgres_dump.h"

namespace perilune {

// All of it blocks: for use off the loop.

// Dumps the database as of an exported snapshot into the empty folder `folder`.
Status write_folder(const DumpSource& source, const std::string& snapshot,
                    const std::string& folder, const StreamWatch& watch);

// Brings the files of a dump to this machine and loads them, as load_dump does.
Status load_folder(const DumpSource& source, const Shelf& shelf, const BackupEntry& entry,
                   Owners owners, const StreamWatch& watch, List& checks);

// Reads it as a load would, without a database, and counts its rows.
Status check_folder(const DumpTools& tools, const Shelf& shelf, const BackupEntry& entry,
                    DumpRows& rows, const StreamWatch& watch, List& checks);

// Raises disk_full where there is no room for the files of a dump that is a folder.
Status require_room_for(const DumpTools& tools, const BackupEntry& entry);

}  // namespace perilune
