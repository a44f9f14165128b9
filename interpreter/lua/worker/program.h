// What a worker program does from its first line to its last.
#pragma once

namespace perilune::worker {

// Runs `PROGRAM MEMORY_BYTES MODE` on descriptor 3 and returns the exit status.
int run_program(int count, char** arguments);

}  // namespace perilune::worker
