// Every driver that there is: those of the table of bindings, and those in Lua.
#pragma once

#include <string>
#include <vector>

#include "interpreter/library/environment.h"

namespace perilune {

// What environments are read with; `worker_program` loads the drivers in Lua.
KnownDrivers known_drivers(const std::string& worker_program);

// All that come with the program, for its manual.
std::vector<const DriverKind*> shipped_drivers();

// Path of a helper program, such as perilune-worker.
std::string helper_program(const std::string& name);

}  // namespace perilune
