// The cache family: one key-value store or one content delivery network; its table and drivers.
#pragma once

#include "interpreter/base/simulation.h"

namespace perilune {

extern const Family cache_family;

// One Redis server.
extern const DriverKind redis_kind;

// A store in memory, or a delivery network that keeps URLs.
extern const SimulatedKind simulated_cache;

}  // namespace perilune
