// The cache family: one key-value store or one content delivery network; its operations table.
#pragma once

#include "interpreter/base/driver.h"

namespace perilune {

extern const Family cache_family;

}  // namespace perilune
