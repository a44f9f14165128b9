// Moments between which a host may die: tests kill it at each of them in turn.
#pragma once

namespace perilune {

// Does nothing in the program. The crash tests' program links another definition, which counts and
// kills the process at the n-th (see tests/crash).
void sync_point(const char* name);

}  // namespace perilune
