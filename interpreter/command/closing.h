// The last lines of a run: outcome, failed step, reason, state left behind, the next command.
#pragma once

#include <string>

#include "interpreter/run/run_state.h"

namespace perilune {

// `state_name` is the run row's: ended, waits, paused, parked, diverged.
std::string closing_text(const std::string& run, const RunState& state,
                         const std::string& state_name, const std::string& reason);
Value closing_value(const std::string& run, const RunState& state, const std::string& state_name,
                    const std::string& reason, int exit_code);

}  // namespace perilune
