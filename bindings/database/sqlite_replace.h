// Putting a prepared file in the place of the target's database, or removing it, whoever has it
// open.
//
// Two ways, because a renamed file alone can destroy data: a process that has the old file open
// goes on writing to it, and a journal or log beside the new file that belongs to the old one would
// be played into it.
//
// 1. In place, where the old file can be opened and is not fenced: all pages are replaced in one
//    SQLite transaction. Whoever is connected sees the new data next; a crash rolls back.
// 2. By rename, where it is missing, unreadable or fenced: under SQLite's exclusive lock (with a
//    write-ahead log nobody is connected then), journal and log are moved away first, and the old
//    file can no longer be written: it is fenced, or its header is destroyed after it was copied.
#pragma once

#include <string>

#include "bindings/database/sqlite_target.h"

namespace perilune {

struct Replacement {
    std::string file;       // The prepared database, in plain form; it is used up.
    std::string previous;   // Where what was there is kept; empty: nowhere.
    bool uses_log = false;  // The journal to use where the old file does not say.
};

// Nothing was replaced where this fails, except after `file_failed`, which says so.
Status replace_target(Work& work, const Replacement& replacement);

// Removes the target's file and all that belongs to it.
Status remove_target(Work& work);

enum class Condition {
    missing,
    usable,
    unusable,  // Garbage, or damaged where SQLite must read it first.
};
Result<Condition> condition_of(Work& work);

// { content } digests what the database holds; { absent } or { unreadable } where it holds nothing
// that could be read. The state by which undo sees whether anything changed.
Result<Value> content_state(Work& work);

}  // namespace perilune
