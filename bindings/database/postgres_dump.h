// A database as a stream of pg_dump's, and a stream into a database by pg_restore or psql.
#pragma once

#include <string>

#include "bindings/database/backup_stream.h"
#include "bindings/database/postgres_programs.h"

namespace perilune {

// What the programs need to know of the database.
struct DumpSource {
    PostgresAddress address;
    PostgresEndpoint endpoint;
    std::string programs;  // The folder of the programs; empty: found.
};

// All of it blocks: for use off the loop.

// Writes the database as of an exported snapshot. `format` is "custom" or "plain".
Status write_dump(const DumpSource& source, const std::string& format, const std::string& snapshot,
                  DumpWriter& writer, const StreamWatch& watch);

// Loads a dump of a storage target into the database of `source`, which is empty, and appends a
// check for everything that can be wrong with it. `owners`: what is made belongs to whom it
// belonged, and not to whoever loads it.
enum class Owners { keep, mine };
Status load_dump(const DumpSource& source, const Shelf& shelf, const BackupEntry& entry,
                 Owners owners, const StreamWatch& watch, List& checks);

// Reads a dump as a load would, without a database: appends checks of its stream, its structure and
// the rows that its manifest counts.
Status check_dump(const std::string& programs, const Shelf& shelf, const BackupEntry& entry,
                  const Value& limits, const StreamWatch& watch, List& checks);

// Counts the rows of each table in a dump's SQL text, as it passes.
class DumpRows {
public:
    void add(std::string_view sql);
    // Rows by "schema.table", without quotes.
    const std::map<std::string, double>& rows() const { return rows_; }

private:
    void end_line();

    std::string line_;      // The beginning of the current line.
    bool in_data_ = false;  // Behind the comment that heads a table's data.
    std::string table_;     // Whose rows these lines are.
    std::map<std::string, double> rows_;
};

}  // namespace perilune
