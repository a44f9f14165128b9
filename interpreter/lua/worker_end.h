// Says in words how a worker ended.
#pragma once

#include <csignal>
#include <string>

#include "interpreter/lua/worker_process.h"

namespace perilune {

// What waitid reported, for a worker that was not killed on purpose. `fault` is what the worker
// itself said last, or empty.
WorkerEnd describe_worker_end(const siginfo_t& ended, const std::string& fault,
                              const WorkerLimits& limits);

}  // namespace perilune
