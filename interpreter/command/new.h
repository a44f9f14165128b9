// The command that begins a library.
#pragma once

#include "interpreter/command/command.h"

namespace perilune {

int execute_new(const Invocation& invocation);

}  // namespace perilune
