// One write transaction: rolled back unless it was committed, and honest about a doubtful commit.
#pragma once

#include <string>

#include "bindings/database/sqlite_connection.h"
#include "interpreter/base/driver.h"

namespace perilune {

class Transaction {
public:
    explicit Transaction(SqliteConnection& connection) : connection_(connection) {}
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    // Begins it with the right to write: where others write, it waits here and nowhere else.
    Status begin();
    Status commit();

private:
    SqliteConnection& connection_;
    bool open_ = false;
};

// The outcome of a change whose commit raised `error`: the marker `key` decides.
Outcome settle_commit(SqliteConnection& connection, const std::string& key, const Error& error);

// Executes SQL of a runbook within a transaction; nothing but changes of data and schema.
// `parameters` go with a single statement.
Status execute_guarded(SqliteConnection& connection, const std::string& sql,
                       const Value& parameters);

}  // namespace perilune
