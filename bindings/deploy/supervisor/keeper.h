// A keeper: the small process that starts one program, keeps its output and says how it ended,
// whatever becomes of the host.
#pragma once

#include <string>

namespace perilune {

enum class Attach {
    host,      // Passes the output on to its own; its standard output and errors are the host's.
    detached,  // Lives on alone; the call returns in the first process once the program runs.
};

// Keeps the program described on standard input (KeptProgram::to_text) in `folder`, whose lock is
// descriptor 3. Returns the exit code of perilune-supervisor: 0 where the status file tells the
// rest.
int keep_program(const std::string& folder, Attach attach);

}  // namespace perilune
