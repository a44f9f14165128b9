// A keeper: the small process that starts one program, keeps its output and says how it ended,
// whatever becomes of the host.
#pragma once

#include <string>

namespace perilune {

// Keeps the program described on standard input (a KeptProgram as JSON) in `folder`, whose lock is
// descriptor 3. Returns in the first process, once the program runs or could not be started, the
// exit code of perilune-supervisor: 0 where the status file tells the rest.
int keep_program(const std::string& folder);

}  // namespace perilune
