// A SQLite database that lies in memory in place of a file: that of a simulated world.
#pragma once

#include <memory>
#include <vector>

#include "bindings/database/backup_catalog.h"
#include "bindings/database/sqlite_connection.h"

namespace perilune {

class SqliteMemory {
public:
    virtual ~SqliteMemory() = default;
    // What a connection has committed is there for the next one once it is closed.
    virtual Result<std::unique_ptr<SqliteConnection>> open(Access access,
                                                           const OpenOptions& options) = 0;
    // Puts right what a Database record of the connection alone cannot say, such as its role.
    virtual void describe(Value& database) const = 0;
    // Copies that it keeps beside: of restores, and snapshots. Newest first.
    virtual std::vector<BackupEntry> copies() const = 0;
    virtual void remove_copy(const std::string& id) = 0;
};

}  // namespace perilune
