// The supervisor of one deploy target: one process, found by its socket, that outlives the host.
#pragma once

#include <string>

namespace perilune {

// Supervises the target in `root`, listening on `socket` (its folder is made, 0700). Returns in the
// first process once the second listens, or at once where another supervisor already does.
int serve_target(const std::string& socket, const std::string& root);

}  // namespace perilune
