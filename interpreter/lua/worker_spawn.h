// Starts a worker program: one socket, no environment, nothing else of the host's.
#pragma once

#include <string>

#include <sys/types.h>

#include "interpreter/base/result.h"

namespace perilune {

struct SpawnedWorker {
    pid_t pid = -1;
    int process_fd = -1;  // A pidfd; the caller closes both and reaps the process.
    int socket_fd = -1;   // Non-blocking.
};

Result<SpawnedWorker> spawn_worker(const std::string& program, const std::string& mode,
                                   std::size_t memory_bytes);

}  // namespace perilune
