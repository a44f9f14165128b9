// Moments between which a host may die, or a worker be dropped: tests do either at each in turn.
#pragma once

#include <cstdint>

namespace perilune {

// Does nothing in the program. The crash tests' program links another definition, which counts and
// kills the process at the n-th (see tests/crash).
void sync_point(const char* name);

// Whether a worker that waits for the n-th time of its run is dropped, and a fresh one replays
// the run: never in the program. Another program of the tests says when (see tests/suspend).
bool suspends_worker(std::int64_t waits);

}  // namespace perilune
