// Programs that the environment declares by name: the family and its driver for this machine.
#pragma once

#include "interpreter/base/driver.h"
#include "interpreter/base/simulation.h"

namespace perilune {

extern const Family process_family;
extern const DriverKind process_local_kind;
extern const DriverKind process_ssh_kind;
extern const SimulatedKind simulated_process;

// Brings arguments and variables into one form, the same for every driver: numbers become text;
// secrets in arguments, and names that a loader would obey, are refused.
Status normalise_process_call(const Operation& operation, Map& arguments);

}  // namespace perilune
