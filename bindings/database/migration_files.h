// The migrations that lie in a folder: NNN_name.sql, and NNN_name.down.sql where it can be
// reverted.
#pragma once

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

// In the order of their numbers. Refuses two of one number, other .sql files, and reverting files
// without the one they revert. Errors: not_found, bad_migrations.
Result<std::vector<Migration>> read_migrations(const std::string& folder);

}  // namespace perilune
