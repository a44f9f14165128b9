// The http family: one origin, asked by hand-written requests, and the driver that does it.
#pragma once

#include "interpreter/base/driver.h"
#include "interpreter/base/simulation.h"

namespace perilune {

extern const Family http_family;
extern const DriverKind http_kind;
extern const SimulatedKind simulated_http;

}  // namespace perilune
