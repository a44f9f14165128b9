// plan: what a run would do, in order, without changing anything.
#pragma once

#include "interpreter/base/result.h"
#include "interpreter/command/command.h"
#include "interpreter/run/plan.h"

namespace perilune {

int execute_plan(const Invocation& invocation);

// What `run --plan` adds to the begin record: the plan, where it still holds. Error `plan_stale`
// where the plan made now differs.
Result<Value> plan_to_follow(const Invocation& invocation);
// The same of `approve RUN --plan`, for the rest of a run.
Result<Value> plan_to_approve(const Invocation& invocation, const std::string& run);

}  // namespace perilune
