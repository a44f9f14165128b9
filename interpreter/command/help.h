// Help and version, made from the table of commands.
#pragma once

#include "interpreter/command/command.h"

namespace perilune {

int execute_help(const Invocation& invocation);
int execute_version(const Invocation& invocation);

}  // namespace perilune
