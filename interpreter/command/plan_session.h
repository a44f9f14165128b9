// Makes plans, in a host that executes nothing.
#pragma once

#include "interpreter/base/result.h"
#include "interpreter/command/command.h"
#include "interpreter/run/plan.h"

namespace perilune {

// Of the invocation's runbook, environment and parameters.
Result<Plan> make_plan(const Invocation& invocation);
// Of what is left of a run that has begun, from where its journal ends (rule 10.4).
Result<Plan> make_plan_of_rest(const Invocation& invocation, const std::string& run);

}  // namespace perilune
