// A database as a stream of pg_dump's, and a stream into a database by pg_restore or psql.
#pragma once

#include <string>

#include "bindings/database/backup_stream.h"
#include "bindings/database/postgres_programs.h"

namespace perilune {

// With what dumps are made and read.
struct DumpTools {
    std::string programs;  // The folder of the programs; empty: found.
    std::string scratch;   // Where the files of a dump in a folder lie meanwhile.
    int jobs = 1;          // How much of such a dump goes on at once.
};

// What the programs need to know of the database.
struct DumpSource {
    PostgresAddress address;
    PostgresEndpoint endpoint;
    DumpTools tools;
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

// The arguments of pg_restore that loads into an empty database and stops where it fails.
std::vector<std::string> loading_arguments(const std::string& format, Owners owners);

// Reads a dump as a load would, without a database: appends checks of its stream, its structure and
// the rows that its manifest counts.
Status check_dump(const DumpTools& tools, const Shelf& shelf, const BackupEntry& entry,
                  const Value& limits, const StreamWatch& watch, List& checks);

// A program that failed on a dump has found what is wrong with it; all else is no fault of it.
Status append_program_check(const std::string& name, const Status& ended, List& checks);
bool all_passed(const List& checks);

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
