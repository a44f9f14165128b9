// Takes from the process what a script must never reach: descriptors, files, network, children.
#pragma once

#include <cstddef>

namespace perilune::worker {

constexpr int host_fd = 3;

// Closes all other descriptors, sets limits, ties the process to its host's life, and denies files
// and network by Landlock where the kernel has it. Returns nullptr, or what failed.
const char* confine_process(std::size_t memory_bytes, bool may_copy_itself = false);

// What becomes of system calls that are not in the table.
enum class OtherCalls {
    kill,               // They end the process: a worker has no use for any.
    refuse,             // They fail with EPERM: libraries of a larger program may do without.
    refuse_but_copies,  // As `refuse`, and the process may make copies of itself.
};

// From now on only the calls of the table are allowed. Returns nullptr, or what failed.
const char* allow_few_system_calls(OtherCalls others = OtherCalls::kill);

}  // namespace perilune::worker
