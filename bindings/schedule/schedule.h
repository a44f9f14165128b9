// The schedule family: the jobs of a scheduler that is not Perilune; its table and its drivers.
#pragma once

#include "interpreter/base/simulation.h"

namespace perilune {

extern const Family schedule_family;

// A crontab file, edited in place.
extern const DriverKind crontab_kind;

// A scheduler in memory, whose jobs begin by the clock.
extern const SimulatedKind simulated_schedule;

}  // namespace perilune
