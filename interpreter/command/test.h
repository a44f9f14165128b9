// The commands that execute runbooks in simulated worlds.
#pragma once

#include "interpreter/command/command.h"

namespace perilune {

int execute_test(const Invocation& invocation);
// test --from-run.
int execute_test_from_run(const Invocation& invocation);
int execute_explore(const Invocation& invocation);

}  // namespace perilune
