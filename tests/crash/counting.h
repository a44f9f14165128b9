// A family of the tests' own, with one change for each way to recover, and a provider that counts.
#pragma once

#include "interpreter/base/driver.h"

namespace perilune {

extern const Family counting_family;
extern const DriverKind counting_kind;

}  // namespace perilune
