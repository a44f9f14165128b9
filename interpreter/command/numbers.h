// Options that are whole numbers.
#pragma once

#include <cstdint>

#include "interpreter/base/result.h"
#include "interpreter/command/command.h"

namespace perilune {

// The option's value, which is at least `least`.
Result<std::uint64_t> read_number(const Invocation& invocation, const char* name,
                                  std::uint64_t least);

}  // namespace perilune
