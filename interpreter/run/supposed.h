// What plans and comparisons share: they answer a worker without touching a target.
#pragma once

#include <string>

#include "interpreter/run/live_run.h"
#include "interpreter/run/unknowns.h"

namespace perilune {

// Why the run may not make this call, or empty.
std::string why_refused(LiveRun& run, const Event& event, const Family* family,
                        const Operation* row);
// The answer of a person who lets the run go on, with unknowns where only they can tell.
Value supposed_answer(const Event& question);
// What only the run would know of an operation.
Value unknown_result(const Event& operation);

}  // namespace perilune
