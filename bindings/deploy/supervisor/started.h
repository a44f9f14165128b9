// Starts the program of a keeper: a session of its own, named descriptors, default signals.
#pragma once

#include <string>

#include <sys/types.h>

#include "interpreter/base/files.h"
#include "interpreter/base/kept.h"

namespace perilune {

struct Started {
    pid_t pid = -1;
    Descriptor pidfd;
    Descriptor output;  // Read without blocking.
    Descriptor errors;
};

// Returns nothing, or a sentence that says why the program did not start. The program keeps
// descriptor 3, the lock, unless it ends with its keeper.
std::string start_kept(KeptProgram& program, Started& started);

// Boot clock, seconds.
double boot_clock_s();
// Wall clock, Unix seconds.
double wall_clock_s();

}  // namespace perilune
