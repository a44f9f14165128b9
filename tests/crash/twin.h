// Drivers of the tests' own that count what a failover does to a database, an app and a zone.
#pragma once

#include "interpreter/base/driver.h"

namespace perilune {

extern const DriverKind database_twin_kind;
extern const DriverKind deploy_twin_kind;
extern const DriverKind dns_twin_kind;

}  // namespace perilune
