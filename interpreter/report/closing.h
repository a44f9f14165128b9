// The last lines that stand on the screen when a run rests: outcome, step, reason, what is left
// behind, and the exact next command.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interpreter/report/verdict.h"

namespace perilune::report {

// Outcome, step, reason, state and next commands, each only where there is something to say; texts
// are wrapped to `style.columns`, commands never. `exit` is the code that this process ends with,
// where that is not what the state of the run says: an interrupted run is paused like any other.
std::vector<std::string> closing_lines(const RunState& state, const RunRow& row,
                                       const Style& style = {}, std::optional<int> exit = {});

// The same for programs: { run, state, outcome, exit, sentence, step, reason, at,
// left = list of { what, step }, next = list of { command, purpose } }; absent where empty.
Value closing_value(const RunState& state, const RunRow& row, std::optional<int> exit = {});

// "storage/box:put { … }: meant to stay"
std::string kept_text(const Verdict& verdict);

}  // namespace perilune::report
