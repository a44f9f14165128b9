// The cache family: one key-value store or one content delivery network; its table and drivers.
#pragma once

#include "interpreter/base/driver.h"

namespace perilune {

extern const Family cache_family;

// One Redis server.
extern const DriverKind redis_kind;

}  // namespace perilune
