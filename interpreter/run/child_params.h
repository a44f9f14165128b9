// What a run may start as its child, and the child's parameters.
#pragma once

#include "interpreter/run/host.h"

namespace perilune {

// The path of the runbook that a run names as its child; a drill is none (code `bad_runbook`).
Result<std::string> find_child(const Library& library, const std::string& name);

// What the parent gave and the defaults for the rest.
// `prepared` is the child's, loaded. What is given is checked as a person's would be (code
// `bad_parameters`), but for what only the run will know, in a plan.
Result<Map> child_params(const Prepared& prepared, const Value& given);

}  // namespace perilune
