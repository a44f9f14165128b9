// Why a simulator died under a test or an exploration's run, as their author is told.
#pragma once

#include <string>

#include "interpreter/lua/worker_port.h"

namespace perilune {

// `what` was executed: "test" or "run".
std::string end_text(const std::string& what, const WorkerEnd& end, double cpu_s);

}  // namespace perilune
