// The metrics family: one place that measures, and the driver for any endpoint that answers JSON.
#pragma once

#include "interpreter/base/driver.h"

namespace perilune {

extern const Family metrics_family;
extern const DriverKind http_json_kind;

}  // namespace perilune
