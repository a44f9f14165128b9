// The metrics family: one place that measures, and the driver for any endpoint that answers JSON.
#pragma once

#include "interpreter/base/driver.h"
#include "interpreter/base/simulation.h"

namespace perilune {

extern const Family metrics_family;
extern const DriverKind http_json_kind;
extern const SimulatedKind simulated_metrics;

}  // namespace perilune
