// Programs that a host executes to their end, and what the host's keeper (perilune-supervisor)
// writes down of them while it lives and after.
//
// A folder holds one log for each keeper: of every program a line before it starts, one when it
// runs and one when it has ended, each with a checksum. Nothing is flushed. A host or keeper that
// is killed takes no line with it, so within one boot of the machine a line that is not there was
// never written; after a loss of power, what is still there is true and what is missing says
// nothing. A file beside the folder has a byte for each program, which its keeper and the program
// itself hold locked: free means that neither lives.
#pragma once

#include "interpreter/base/kept.h"

namespace perilune {

// Opens a keeper's log, which is made if absent (0600).
Result<Descriptor> open_run_log(const std::string& folder, const std::string& name);
Status add_run_line(const Descriptor& log, const KeptStatus& status);

// What the logs of the folder say of the program with this label: of its newest try, but an end
// that any of them tells is final. Blocks: for use off the loop.
std::optional<KeptStatus> find_run(const std::string& folder, const std::string& label);

// Takes a program's lock; fails with `still_running` where it is held.
Result<Descriptor> lock_run(const std::string& folder, const std::string& label);
// Whether it is held; asks without taking it.
bool run_is_held(const std::string& folder, const std::string& label);

}  // namespace perilune
