// A run's report as plain data, for `report --json` and other programs.
#pragma once

#include "interpreter/journal/store.h"
#include "interpreter/report/timeline.h"

namespace perilune::report {

// { facts, verdict, steps, changes, questions, failures, undo, notes, proof }. Times are Unix
// seconds, durations seconds; fields that have nothing to say are absent. Secrets stay handles.
Value report_value(const Timeline& timeline, const RunRow& row);

}  // namespace perilune::report
