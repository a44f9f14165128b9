// plan: what a run would do, in order, without changing anything.
#pragma once

#include "interpreter/command/command.h"
#include "interpreter/run/planner.h"

namespace perilune {

int execute_plan(const Invocation& invocation);

// Makes the plan of the invocation's runbook, environment and parameters.
Result<Plan> make_plan(const Invocation& invocation);

// The plan that --plan names: a file written with --out, or a digest kept in the state folder.
Result<Value> read_plan(const Invocation& invocation);

// Where two plans differ, a line each; empty where they are the same.
std::string plan_differences(const Value& kept, const Plan& now);

}  // namespace perilune
