// What only the run will know, within the values of a plan.
#pragma once

#include "interpreter/base/value.h"

namespace perilune {

// Whether a value is unknown, or holds one that is, however deep.
bool holds_unknown(const Value& value);

}  // namespace perilune
