// Takes from the process what a script must never reach: descriptors, files, network, children.
#pragma once

#include <cstddef>

namespace perilune::worker {

constexpr int host_fd = 3;

// Closes all other descriptors, sets limits, ties the process to its host's life, and denies files
// and network by Landlock where the kernel has it. Returns nullptr, or what failed.
const char* confine_process(std::size_t memory_bytes);

// From now on any system call that is not in the table kills the process. Returns nullptr, or what
// failed.
const char* allow_few_system_calls();

}  // namespace perilune::worker
