// The migrations that lie in a folder: NNN_name.sql, and NNN_name.down.sql where it can be
// reverted.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

struct Migration {
    std::string id;     // "007_add_index": the file's name without its ending.
    double number = 0;  // 7
    std::string sql;
    std::string digest;  // SHA-256 of the file's bytes, in hexadecimal.
    bool revertible = false;
    std::string down_sql;
};

// Where migrations lie: on the disk, or, where there are `texts`, among these, by absolute path.
struct MigrationFolder {
    MigrationFolder(std::string at) : path(std::move(at)) {}
    std::string path;
    const std::map<std::string, std::string>* texts = nullptr;
};

// In the order of their numbers. Refuses two of one number, other .sql files, and reverting files
// without the one they revert. Errors: not_found, bad_migrations.
Result<std::vector<Migration>> read_migrations(const MigrationFolder& folder);

}  // namespace perilune
