// The keeper of one host: starts the programs that the host executes to their end, and says how
// each has ended, to the host and to its log, also when the host has died.
#pragma once

#include <string>

namespace perilune {

// Serves the host at the other end of descriptor 3, a ValueSocket:
//   {start: N, program: KeptProgram}    {stop: N}
//   {of: N, said: "the newest line"}    {of: N, status: KeptStatus}    {of: N, error: Error}
// and writes to the log `name` in `folder` (see kept_runs.h). Returns when the host is gone and
// the last program has ended.
int keep_for_host(const std::string& folder, const std::string& name);

}  // namespace perilune
