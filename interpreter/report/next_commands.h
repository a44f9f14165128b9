// The exact commands that take a run further from where it stands.
#pragma once

#include <vector>

#include "interpreter/report/verdict.h"

namespace perilune::report {

// Most useful first; empty only where there is nothing to be done.
std::vector<NextCommand> next_commands(const RunState& state, const RunRow& row,
                                       bool something_left);

// One line each, without `report` where something more pressing is known; at most five.
void add_next(Page& page, const std::string& prefix, const std::vector<NextCommand>& next);

// The state of the run's row; where the row is empty, what the records say of it.
std::string state_word(const RunState& state, const RunRow& row);

}  // namespace perilune::report
