// The schedule family: the jobs of a scheduler that is not Perilune; its table and its drivers.
#pragma once

#include "interpreter/base/driver.h"

namespace perilune {

extern const Family schedule_family;

// A crontab file, edited in place.
extern const DriverKind crontab_kind;

}  // namespace perilune
