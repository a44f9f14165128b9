// What is kept beside a state database so that a copy of it, or one that has lost what was written,
// is told from the one that its hosts have left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "interpreter/base/files.h"
#include "interpreter/base/result.h"

namespace perilune {

// `state.mark` beside `state.db`: whose mark it is, and how far the database was written.
struct StateMark {
    std::string id;             // Random, as in the database; empty where the file is damaged.
    std::int64_t position = 0;  // Of the newest record that was committed.
};

// What the database says of itself, and what the file system says of it.
struct StateFound {
    std::string id;          // Empty in a new one.
    std::int64_t inode = 0;  // Of the file it was made as.
    std::int64_t inode_now = 0;
    std::int64_t position = 0;  // Of its newest record.
    bool log_there = false;     // Whether a write-ahead log is beside it.
};

// Nothing where database and mark belong together and nothing is lost; else an error that says what
// was found (`detail`), what that means and what to do. A database without runs that has never had
// a mark is not refused: nothing can be done twice.
std::optional<Error> judge_state(const std::string& folder, const StateFound& found,
                                 const std::optional<StateMark>& mark);

std::optional<StateMark> read_state_mark(const std::string& folder);
// Writes the mark durably, as a file of its own.
Status write_state_mark(const std::string& folder, const StateMark& mark);

// The mark as it is kept up with the database. Not flushed: after a loss of power an older position
// is no harm, for what is refused is a database that is behind its mark, never one ahead of it.
class OpenMark {
public:
    void open(const std::string& folder, std::int64_t position);
    void note(std::int64_t position);

private:
    Descriptor file_;
    std::int64_t position_ = 0;
};

// True for types of `statfs` whose locks cannot be trusted to keep two hosts apart (rule 11.8).
bool is_network_file_system(long type);
// The type of the file system that a folder is on; 0 where it is not known.
long file_system_type(const std::string& folder);

}  // namespace perilune
