// Starts a program with exactly what it is to have: argv, environment, folder, input, two pipes.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "interpreter/base/child.h"
#include "interpreter/base/files.h"

namespace perilune {

struct Spawned {
    pid_t pid = -1;
    Descriptor output;  // Our end of its standard output; reading it does not block.
    Descriptor errors;
};

// Starts `program` in a session or group of its own with default signals. Its standard input is a
// file in memory (nobody has to feed it), `inherited_fd` becomes its descriptor 3, and it has no
// others. Returns nothing, or a sentence that says why it did not start. The texts do not change.
std::string spawn_program(Program& program, Spawned& spawned);

// Bytes as a standard input that nobody has to feed: a file in memory at its beginning, or
// /dev/null where there are none. Not open where that failed; errno says why.
Descriptor input_descriptor(const std::string& bytes);

// What exec takes: a pointer to each text, then a null one.
std::vector<char*> pointers(std::vector<std::string>& texts);

}  // namespace perilune
